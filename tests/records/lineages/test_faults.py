"""Each law of lineage is seen to fail where its rule is taken out of the code, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases.postgresql import PostgresServer
from tests.recall.histories.telling import Database, opened
from tests.records.histories.laws import LawBroken
from tests.records.lineages.asking import inquire
from tests.records.lineages.faults import Fault
from tests.records.lineages.faults_of_time import FAULTS
from tests.records.lineages.laws import LAWS


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def one_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with ExitStack() as resources:
        if request.param == "sqlite":
            path: Path = tmp_path_factory.mktemp("faults") / "braid.db"
            url = f"sqlite:///{path}"
        else:
            server: PostgresServer = request.getfixturevalue("postgresql_server")
            url = resources.enter_context(server.new_database())
        yield resources.enter_context(opened(url))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, one_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(fault, one_database)
    fault.plant(monkeypatch)
    with pytest.raises(LawBroken):
        ask(fault, one_database)


def ask(fault: Fault, database: Database) -> None:
    for inquiry in inquire(fault.told, [fault.question], database):
        fault.law(inquiry)


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == set(LAWS)
