"""How much work a test does: a tenth of its costly count, or with ``--full`` all of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

_full = False


def choose(*, full: bool) -> None:
    """Set for this process whether costly counts are taken whole; called before collection."""
    global _full
    _full = full


def costly(count: int) -> int:
    """Return how often to do something that is costly, at least once.

    A test states the count that proves its point; so that it can be used in a decorator, as in
    ``@settings(max_examples=costly(500))``, this is a plain function.
    """
    return count if _full else max(1, count // 10)


def thorough(examples: int) -> settings:
    """Return how often a law is tried, where one database serves all the examples of a test."""
    return settings(
        max_examples=costly(examples),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def only_whole(because: str) -> pytest.MarkDecorator:
    """Mark a test that cannot do a tenth of its work, so that it is run with ``--full`` alone.

    :param because: what costs so much.
    """
    return pytest.mark.skipif(not _full, reason=f"{because}: run it with --full")
