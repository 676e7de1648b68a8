"""Each law of the data model is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings

from braid_db.errors import BraidError
from tests.records.histories.faults import FAULTS, Fault, postgresql_ends_no_tags
from tests.records.histories.laws import LAWS, LawBroken, both_databases_hold_the_same
from tests.records.histories.recording import Database, Recording, opened, record, record_on_both
from tests.records.histories.strategies import histories
from tests.records.histories.world import History

EXAMPLES = 400
"""How many histories a fault may survive at most."""


def searching(test: Callable[[], None]) -> Callable[[], None]:
    """Run a property test on the same histories each time, until one breaks it."""
    chosen = settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    return seed(1)(chosen(test))


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("faults") / "braid.db"
    with opened(f"sqlite:///{path}") as database:
        yield database


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name}-{fault.law.__name__}")
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, one_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)
    with pytest.raises(LawBroken):
        search(fault, one_database)


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == set(LAWS)


def test_a_statement_that_means_something_else_on_one_database_is_seen(
    sqlite_url: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql_ends_no_tags(monkeypatch)
    with opened(sqlite_url) as one, opened(postgresql_url) as other:

        @searching
        @given(histories())
        def breaks(history: History) -> None:
            both_databases_hold_the_same(*record_on_both(history, one, other))

        with pytest.raises(LawBroken):
            breaks()


def search(fault: Fault, database: Database) -> None:
    """Look for a history that breaks a law, in the same histories each time."""

    @searching
    @given(histories(*fault.among))
    def breaks(history: History) -> None:
        fault.law(recorded(history, database))

    breaks()


def recorded(history: History, database: Database) -> Recording:
    """Return a history as it was recorded; a fault that refuses a call breaks no law by that."""
    try:
        return record(history, database)
    except BraidError:
        reject()
