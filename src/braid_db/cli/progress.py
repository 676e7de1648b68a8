"""How far long work has come: a line on a terminal's stderr, and nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show what is under way until it ends.

    :param what: what is said first.
    :returns: what shows how far it has come.
    """
    if not sys.stderr.isatty():
        yield lambda told: None
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    with console.status(escape(what)) as status:
        yield lambda told: status.update(f"{escape(what)}: {escape(told)}")
