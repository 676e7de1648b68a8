"""Tests of sessions: written whole by their owner's commit, seen by nobody else before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from braid_db import BraidData, BraidDB, BraidModel, BraidRecord
from braid_db.api.errors import NotStored, SessionFailed
from braid_db.errors import CycleRefused, InvalidArgument, SessionOpen
from tests.functions.calls import Endpoint

ROOT = Path(__file__).parents[2]


def test_nothing_is_written_before_the_owner_commits(db: BraidDB, database_url: str) -> None:
    other = BraidDB(database_url)
    with db.get_session() as session:
        scan = BraidData(db, "scan", session=session)
        model = BraidModel(db, "model", session=session)
        scan.add_derivation(model, session=session)
        scan.add_uri("file://host/scan", session=session)
        assert scan.add_tag("n", 1, session=session) > 0
        assert scan.get_uris() == ["file://host/scan"]
        assert [one.name for one in db.get_predecessors(model.record_id, session)] == ["scan"]
        assert other.size() == 0
        session.commit()
    assert other.size() == 5
    other.close()


def test_a_session_that_is_left_without_a_commit_writes_nothing_and_says_so(
    db: BraidDB, caplog: pytest.LogCaptureFixture
) -> None:
    with db.get_session() as session:
        scan = BraidData(db, "scan", session=session)
        assert scan.record_id > 0
    assert "nothing of it was written" in caplog.text
    assert db.size() == 0
    with pytest.raises(NotStored, match="rolled back"):
        scan.record_id  # noqa: B018
    assert scan.store() > 0
    assert db.size() == 1


def test_others_may_write_beside_a_session_that_has_not_begun(db: BraidDB) -> None:
    with db.get_session() as session:
        scan = BraidData(db, "scan", session=session)
        beside = BraidData(db, "beside")
        scan.add_derivation(beside, session=session)
        session.commit()
    assert [one.name for one in db.get_derivations(scan.record_id)] == ["beside"]


def test_a_write_beside_an_open_session_of_the_thread_is_refused_at_once(db: BraidDB) -> None:
    beside = BraidData(db, "beside")
    with db.get_session() as session:
        scan = BraidData(db, "scan", session=session)
        session.flush()
        with pytest.raises(SessionOpen, match=r"session=\.\.\."):
            BraidData(db, "refused")
        with pytest.raises(SessionOpen):
            beside.add_tag("k", 1)
        with pytest.raises(SessionOpen):
            scan.add_derivation(beside)
        session.commit()
    scan.add_derivation(beside)
    assert db.size() == 3


def test_a_refused_call_takes_the_whole_session_back(db: BraidDB) -> None:
    step = BraidRecord(db, "step", kind="step")
    scan = BraidData(db, "scan")
    step.add_derivation(scan)
    with db.get_session() as session:
        BraidData(db, "other", session=session)
        scan.add_derivation(step, session=session)
        with pytest.raises(CycleRefused):
            session.commit()
        with pytest.raises(SessionFailed, match="rollback"):
            BraidData(db, "more", session=session)
        session.rollback()
        BraidData(db, "again", session=session)
        session.commit()
    assert [one.name for one in db.search()] == ["again", "scan", "step"]


def test_a_session_of_another_database_is_refused(db: BraidDB, tmp_path: Path) -> None:
    elsewhere = BraidDB(tmp_path / "other.db")
    with elsewhere.get_session() as session, pytest.raises(InvalidArgument, match="another data"):
        BraidData(db, "scan", session=session)
    with pytest.raises(InvalidArgument, match="another database"):
        BraidData(db, "scan").add_derivation(BraidData(elsewhere, "copy"))


def test_an_object_answers_from_the_session_that_wrote_it(db: BraidDB) -> None:
    record = BraidRecord(db, "it")
    with db.get_session() as session:
        record.invalidate("wrong", session=session)
        assert not record.is_valid()
        assert db.read(lambda tx: tx.database)
        session.rollback()
    assert record.is_valid()


def test_threads_have_sessions_of_their_own(db: BraidDB) -> None:
    ready = threading.Barrier(4)

    def write(number: int) -> None:
        ready.wait()
        for n in range(5):
            with db.get_session() as session:
                one = BraidData(db, f"{number}.{n}", session=session)
                two = BraidData(db, f"{number}.{n}'", session=session)
                one.add_derivation(two, session=session)
                session.commit()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert db.size() == 4 * 5 * 3


def test_a_child_begins_with_sessions_and_connections_of_its_own(db: BraidDB) -> None:
    session = db.get_session()
    BraidData(db, "parents", session=session)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            session.rollback()
            BraidData(db, "childs")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    session.commit()
    assert {one.name for one in db.search()} == {"parents", "childs"}


KILLED = """
import os, signal, sys
from braid_db import BraidData, BraidDB
db = BraidDB(sys.argv[1])
session = db.get_session()
first = BraidData(db, "first", session=session)
for n in range(200):
    first.add_derivation(BraidData(db, f"{n}", session=session), session=session)
session.flush()
print("flushed", flush=True)
session.commit()
print("committed", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("until", ["flushed", "committed"])
def test_a_session_that_is_killed_is_written_whole_or_not_at_all(
    db: BraidDB, database_url: str, until: str
) -> None:
    program = [sys.executable, "-c", KILLED, database_url]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        for line in victim.stdout:
            if line.strip() == until:
                break
        victim.kill()
    assert db.size() in ((401,) if until == "committed" else (0, 401))
    BraidData(db, "afterwards")


def test_functions_of_flows_record_beside_a_session(endpoint: Endpoint) -> None:
    db = BraidDB(endpoint.url)
    with db.get_session() as session:
        scan = BraidData(db, "scan", session=session)
        endpoint.step(step_name="before", input_record_defs={"name": "x"})
        assert scan.record_id > 0
        session.commit()
    step = endpoint.step(step_name="after", input_record_ids=scan.record_id)
    assert step["input_record_ids"] == [scan.record_id]
    assert [one.record_id for one in db.get_derivations(scan.record_id)] == [
        step["flow_state_record_id"]
    ]
    db.close()
