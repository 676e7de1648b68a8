"""Tests that programs written for upstream find its names, signatures and results."""

from __future__ import annotations

import inspect
import sys
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from sqlalchemy.pool import StaticPool

import braid_db
from braid_db import (
    APIBraidRecordInput,
    APIBraidRecordOutput,
    BraidData,
    BraidDB,
    BraidFact,
    BraidModel,
    BraidRecord,
    BraidStatement,
    BraidTagType,
    BraidTagValue,
    InvalidationActionType,
    digits,
)
from braid_db.errors import InvalidArgument
from braid_db.model import Kind

UPSTREAM_KWARGS = {"echo": True, "poolclass": StaticPool} | {
    "connect_args": {"check_same_thread": False}
}


def defaults(function: Any) -> dict[str, Any]:
    """Return the arguments that may be given by place, with their defaults."""
    named = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD,)
    return {one.name: one.default for one in named if one.kind in kinds and one.name != "self"}


NEEDED = inspect.Parameter.empty
SIGNATURES: list[tuple[Any, dict[str, Any]]] = [
    (BraidDB, {"db_url": None, "log": False, "debug": False, "mpi": False, "echo_sql": False,
               "create_engine_kwargs": None}),
    (BraidDB.create, {}),
    (BraidDB.get_session, {}),
    (BraidDB.get_predecessors, {"record_id": NEEDED, "session": None}),
    (BraidDB.get_derivations, {"record_id": NEEDED, "session": None}),
    (BraidDB.get_uris, {"record_id": NEEDED, "session": None}),
    (BraidDB.get_tags, {"record_id": NEEDED, "session": None}),
    (BraidDB.print, {}),
    (BraidDB.size, {}),
    (BraidRecord, {"db": None, "name": None, "timestamp": None, "debug": True, "session": None}),
    (BraidRecord.by_record_id, {"db": NEEDED, "record_id": NEEDED, "session": None}),
    (BraidRecord.for_tag_value, {"db": NEEDED, "key": NEEDED, "value": NEEDED, "session": None}),
    (BraidRecord.invalidate_by_tag_value,
     {"db": NEEDED, "key": NEEDED, "value": NEEDED, "session": None, "cascade": False,
      "cause": None}),
    (BraidRecord.add_derivation, {"record": NEEDED, "session": None}),
    (BraidRecord.add_uri, {"uri": NEEDED, "session": None}),
    (BraidRecord.get_uris, {"session": None}),
    (BraidRecord.add_tag,
     {"key": NEEDED, "value": NEEDED, "type_": BraidTagType.STRING, "session": None}),
    (BraidRecord.tags_as_dict, {"session": None}),
    (BraidRecord.set_invalidation_action, {"invalidation_action_id": NEEDED, "session": None}),
    (BraidRecord.add_invalidation_action,
     {"action_type": NEEDED, "name": NEEDED, "cmd": NEEDED, "params": None, "session": None}),
    (BraidRecord.invalidate,
     {"cause": None, "root_invalidation": None, "cascade": True,
      "perform_invalidation_action": True, "perform_invalidation_action_on_cascade": True,
      "session": None}),
    (BraidRecord.is_valid, {"session": None}),
    (BraidTagValue, {"value": NEEDED, "type_": NEEDED}),
    (digits, {"count": NEEDED}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments"), SIGNATURES)
def test_a_signature_is_upstreams(function: Any, arguments: dict[str, Any]) -> None:
    assert list(defaults(function).items()) == list(arguments.items())


def test_a_model_takes_what_went_into_it_by_place(db: BraidDB) -> None:
    model = BraidModel(db, "model")
    scan = BraidData(db, "scan")
    model.update(scan)
    assert model.version == 2
    assert [one.name for one in db.get_predecessors(model.record_id)] == ["scan"]


def test_a_star_import_brings_all_names() -> None:
    names: dict[str, Any] = {}
    exec("from braid_db import *", names)
    assert set(braid_db.__all__) <= names.keys()
    assert not hasattr(braid_db, "BraidDependency")


def test_upstreams_engine_options_are_taken_and_unknown_ones_refused(tmp_path: Path) -> None:
    db = BraidDB(tmp_path / "a.db", echo_sql=False, create_engine_kwargs={"pool_size": 3})
    assert db.engine is not None
    with pytest.raises(InvalidArgument, match="isolation_level"):
        BraidDB("a.db", create_engine_kwargs={"isolation_level": "SERIALIZABLE"})
    with pytest.raises(InvalidArgument, match="cached_statements"):
        BraidDB("a.db", create_engine_kwargs={"connect_args": {"cached_statements": 1}})
    with pytest.raises(InvalidArgument, match="this version does not write from many ranks"):
        BraidDB("a.db", mpi=True)


def test_sql_is_shown_without_its_values(tmp_path: Path) -> None:
    program = (
        "import braid_db; db = braid_db.BraidDB('a.db', echo_sql=True, log=True);"
        "braid_db.BraidRecord(db, name='secret')"
    )
    done = run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "INSERT INTO record " in done.stderr
    assert "Wrote record 1, version 1" in done.stderr
    assert "secret" not in done.stderr
    assert done.stdout == ""


def test_a_database_may_be_made_used_and_removed_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kwargs = {**UPSTREAM_KWARGS, "echo": False}
    for _ in range(3):
        db = BraidDB("pytests.db", create_engine_kwargs=kwargs)
        db.create()
        db.create()
        assert BraidRecord(db, name="only").record_id == 1
        Path("pytests.db").unlink()


def test_a_record_is_stored_and_found_again(db: BraidDB) -> None:
    before = datetime.now(UTC)
    record = BraidRecord(db, name="test")
    again = BraidRecord.by_record_id(db, record.record_id)
    assert again is not None
    assert (again.record_id, again.name) == (record.record_id, "test")
    assert before <= again.timestamp <= datetime.now(UTC)
    assert BraidRecord.by_record_id(db, -1) is None
    assert BraidRecord.by_record_id(db, 2**70) is None


@pytest.mark.usefixtures("elsewhere")
def test_a_timestamp_is_kept_and_one_without_a_zone_is_local(db: BraidDB) -> None:
    local = datetime(2025, 3, 1, 12, 0)  # noqa: DTZ001
    record = BraidRecord(db, "test", local)
    again = BraidRecord.by_record_id(db, record.record_id)
    assert again is not None
    assert again.timestamp == again.time == local.astimezone(UTC) != local.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (BraidFact, Kind.FACT),
        (BraidData, Kind.DATA),
        (BraidModel, Kind.MODEL),
        (BraidStatement, Kind.STATEMENT),
    ],
)
def test_each_class_makes_records_of_its_kind(
    db: BraidDB, made: type[BraidRecord], kind: Kind
) -> None:
    record = made(db=db, name="it")
    assert record.store() == record.store() == record.record_id
    again = BraidRecord.by_record_id(db, record.record_id)
    assert type(again) is made
    assert again.kind is record.kind is kind


def test_neighbours_are_told_with_id_name_and_time(db: BraidDB) -> None:
    config, scan, model = BraidFact(db, "config"), BraidData(db, "scan"), BraidModel(db, "model")
    config.add_derivation(scan)
    scan.add_derivation(model)
    config.add_derivation(model)
    found = db.get_predecessors(model.record_id)
    assert [(one.record_id, one.name) for one in found] == [
        (scan.record_id, "scan"),
        (config.record_id, "config"),
    ]
    assert [one.name for one in db.get_derivations(config.record_id)] == ["scan", "model"]
    assert all(one.time.tzinfo for one in found)
    assert db.get_predecessors(999) == []


def test_uris_are_kept_in_order_and_may_be_shared_by_records(db: BraidDB) -> None:
    first, second = BraidData(db, "first"), BraidData(db, "second")
    for record in (first, second):
        record.add_uri("login.host:/home/user/scan.h5")
        record.add_uri("login.host:/home/user/scan.log")
        record.add_uri("login.host:/home/user/scan.log")
    told = ["login.host:/home/user/scan.h5", "login.host:/home/user/scan.log"]
    assert first.get_uris() == db.get_uris(second.record_id) == told
    assert BraidData(db, uris=told[0]).record_id == first.record_id
    assert db.get_uris(999) == []


def test_tags_keep_their_types(db: BraidDB) -> None:
    record = BraidRecord(db, "tagged")
    told = {"text": "A", "whole": 10, "real": 10.5, "big": 2**80, "yes": True, "list": [1, "a"]}
    ids = [record.add_tag(key, value) for key, value in told.items()]
    assert min(ids) > 0
    assert len(set(ids)) == len(ids)
    assert record.tags_as_dict() == told
    assert type(record.tags_as_dict()["yes"]) is bool
    found = db.get_tags(record.record_id)
    assert found["real"] == BraidTagValue(10.5, BraidTagType.FLOAT)
    assert found["whole"].type_ is BraidTagType.INTEGER
    record.add_tag("number", "12", BraidTagType.INTEGER)
    record.add_tag("text", "B")
    assert record.tags_as_dict()["number"] == 12
    assert record.tags_as_dict()["text"] == ["A", "B"]
    with pytest.raises(InvalidArgument):
        record.add_tag("number", "twelve", BraidTagType.INTEGER)


def test_a_tags_value_finds_only_the_records_that_have_it(db: BraidDB) -> None:
    records = [BraidRecord(db, f"{n}", tags={"n": n, "text": str(n)}) for n in (10, 11)]

    def found(key: str, value: object) -> list[int]:
        return [one.record_id for one in BraidRecord.for_tag_value(db, key, value)]

    assert found("n", 10) == found("n", 10.0) == found("text", "10") == [records[0].record_id]
    assert found("n", "10") == found("text", 10) == found("m", 10) == []
    records[0].edit(tags={"n": 12})
    assert found("n", 10) == []


def test_size_counts_the_rows_of_upstreams_four_tables(db: BraidDB) -> None:
    assert db.size() == 0
    one, other = BraidRecord(db, "a"), BraidRecord(db, "b")
    one.add_derivation(other)
    one.add_uri("file://host/a")
    one.add_tag("k", 1)
    assert db.size() == 5


def test_print_shows_all_records(db: BraidDB, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = BraidFact(db, "a", uris="file://host/a", tags={"k": 1}), BraidData(db, "b")
    one.add_derivation(other)
    other.invalidate("wrong")
    db.print()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "1: fact a",
        "    uri file://host/a",
        "    tag k = 1",
        "    -> 2: b",
        "2: data b",
    ]
    assert lines[-1].endswith("(recalled)")


def test_the_rest_of_upstreams_names() -> None:
    assert [BraidTagType(n).name for n in range(4)] == ["NONE", "STRING", "INTEGER", "FLOAT"]
    assert InvalidationActionType("shell") is InvalidationActionType.SHELL_COMMAND
    assert InvalidationActionType("automate_event") is InvalidationActionType.AUTOMATE_EVENT
    assert len(digits(3)) == 3
    assert digits(3).isdecimal()
    told = APIBraidRecordInput.model_validate(
        {"name": "a", "tags": {"k": {"value": 3, "type": "INT"}}, "derivations": [{"name": "b"}]}
    )
    assert told.derivations is not None
    assert told.derivations[0].name == "b"
    made = APIBraidRecordOutput(name="a", record_id=1, time=datetime.now(UTC))
    assert made.invalidation is None
