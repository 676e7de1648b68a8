"""Each law of recalls is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recall.histories.calls import tell, tell_both
from tests.recall.histories.faults import BORN_LATER, FAULTS, Fault, postgresql_spreads_no_further
from tests.recall.histories.laws import LAWS, both_databases_recall_the_same
from tests.recall.histories.telling import Database, opened
from tests.records.histories.laws import LawBroken


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("faults") / "braid.db"
    with opened(f"sqlite:///{path}") as database:
        yield database


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, one_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.law(tell(fault.history, one_database))
    fault.plant(monkeypatch)
    with pytest.raises(LawBroken):
        fault.law(tell(fault.history, one_database))


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == set(LAWS)


def test_a_statement_that_means_something_else_on_one_database_is_seen(
    sqlite_url: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql_spreads_no_further(monkeypatch)
    with opened(sqlite_url) as one, opened(postgresql_url) as other:
        tellings = tell_both(BORN_LATER, one, other)
        with pytest.raises(LawBroken):
            both_databases_recall_the_same(*tellings)
