"""Tests that a record is shown as it was described, and that lists say what they leave out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from braid_db.errors import InvalidArgument, RecordNotFound, RunNotFound, VersionNotFound
from braid_db.identity import IdentityRules
from braid_db.model import Kind, TagType
from braid_db.records.search import Wanted, search
from braid_db.records.views import (
    find_record_id,
    get_record,
    get_run,
    list_runs,
    tag_value,
)
from braid_db.steps import add_record_for_action_step
from braid_db.steps.home import home
from braid_db.store import Store, Transaction, tables
from braid_db.views import RecordView
from tests.records.planting import plant_recall, plant_records, plant_tag, plant_version

RULES = IdentityRules("beamline")

Record = Callable[..., dict[str, Any]]


@pytest.fixture
def record(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """Return the recording of a step in the database of the test."""
    monkeypatch.setenv("BRAID_DB_URL", database_url)
    monkeypatch.setenv("BRAID_DB_HOST", RULES.host)
    store_of_steps = home().store
    yield lambda **arguments: add_record_for_action_step(arguments)
    store_of_steps.close()


def show(store: Store, record_id: int, version: int | None = None) -> RecordView:
    return store.read(lambda tx: get_record(tx, record_id, version))


def test_a_record_is_shown_with_all_that_a_step_told_of_it(store: Store, record: Record) -> None:
    uris = ["file:///data/scan.h5", "https://example.org/scan", "s3://bucket/scan"]
    told = {
        "name": "scan",
        "uris": uris,
        "tags": {"n": 2**70, "detector": {"distance": 0.5, "on": True}, "sizes": [1, 2]},
        "sha256": "ab" * 32,
        "size_bytes": 12,
    }
    result = record(step_name="collect", run_id="run", started_by="urn:a", output_record_defs=told)
    shown = show(store, result["output_record_ids"][0])
    assert (shown.name, shown.kind, shown.uris) == ("scan", Kind.DATA, tuple(uris))
    assert shown.tags == {
        "n": 2**70,
        "detector.distance": 0.5,
        "detector.on": True,
        "sizes": [1, 2],
    }
    assert (shown.sha256, shown.size_bytes) == ("ab" * 32, 12)
    assert (shown.run_id, shown.created_by, shown.version, shown.versions) == (
        "run",
        "urn:a",
        1,
        1,
    )
    assert shown.valid


def test_the_times_of_the_action_itself_are_shown_of_a_step(store: Store, record: Record) -> None:
    document = {
        "status": "SUCCEEDED",
        "action_id": "tg_1",
        "start_time": "2026-01-02T03:04:05+01:00",
        "completion_time": "2026-01-02T03:05:05.5+01:00",
        "details": {"result": [None]},
    }
    result = record(step_name="collect", step_result=document)
    shown = show(store, result["flow_state_record_id"])
    assert shown.started_at == "2026-01-02T02:04:05.000000Z"
    assert shown.ended_at == "2026-01-02T02:05:05.500000Z"


def test_an_old_version_is_shown_as_it_was_described_then(store: Store) -> None:
    def work(tx: Transaction) -> int:
        [record_id] = plant_records(tx, [Kind.DATA])
        [edit] = tx.new_ids(tables.version, 1)
        plant_version(tx, record_id, edit, number=2, name="corrected", content_id=record_id)
        plant_tag(tx, record_id, "kept", TagType.INTEGER, "1")
        plant_tag(tx, record_id, "changed", TagType.STRING, "old", 1, 2)
        plant_tag(tx, record_id, "changed", TagType.STRING, "new", 2)
        return record_id

    record_id = store.write(work)
    assert show(store, record_id, 1).tags == {"kept": 1, "changed": "old"}
    assert show(store, record_id, 2).tags == {"kept": 1, "changed": "new"}
    assert show(store, record_id, 2).name == "corrected"


def test_a_key_with_several_values_shows_them_all_in_order(store: Store) -> None:
    def work(tx: Transaction) -> int:
        [record_id] = plant_records(tx, [Kind.DATA])
        plant_tag(tx, record_id, "k", TagType.STRING, "b")
        plant_tag(tx, record_id, "k", TagType.INTEGER, "1")
        return record_id

    record_id = store.write(work)
    assert show(store, record_id).tags == {"k": ["b", 1]}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (TagType.NONE, "null", None),
        (TagType.STRING, "NaN", "NaN"),
        (TagType.STRING, '"quoted"', '"quoted"'),
        (TagType.INTEGER, "123456789012345678901234567890", 123456789012345678901234567890),
        (TagType.FLOAT, "0.1", 0.1),
        (TagType.FLOAT, "NaN", "NaN"),
        (TagType.FLOAT, "-Infinity", "-Infinity"),
        (TagType.FLOAT, "1e999", "1e999"),
        (TagType.BOOLEAN, "true", True),
        (TagType.JSON, "[1, NaN, [1e999]]", [1, "NaN", ["1e999"]]),
        (TagType.INTEGER, "9" * 5000, "9" * 5000),
    ],
)
def test_every_tag_value_has_a_form_that_strict_json_holds(
    kind: TagType, text: str, value: object
) -> None:
    assert tag_value(kind, text) == value
    json.dumps(tag_value(kind, text), allow_nan=False)


def test_a_tag_that_is_not_a_number_is_recorded_and_shown(store: Store, record: Record) -> None:
    result = record(step_name="fit", tags={"chi2": math.nan, "best": -math.inf})
    shown = show(store, result["flow_state_record_id"])
    assert (shown.tags["chi2"], shown.tags["best"]) == ("NaN", "-Infinity")


def test_the_list_is_of_current_versions_with_the_newest_record_first(store: Store) -> None:
    def work(tx: Transaction) -> list[int]:
        ids = plant_records(tx, [Kind.DATA, Kind.FACT, Kind.DATA])
        plant_recall(tx, ids[1])
        return ids

    ids = store.write(work)
    page = store.read(search)
    assert [view.record_id for view in page.items] == ids[::-1]
    assert [view.valid for view in page.items] == [True, False, True]
    assert page.next is None


def test_a_list_of_thousands_is_whole(store: Store) -> None:
    ids = store.write(lambda tx: plant_records(tx, [Kind.DATA] * 2345))
    page = store.read(search)
    assert [view.record_id for view in page.items] == ids[::-1]
    assert [view.name for view in page.items] == [f"thing {record_id}" for record_id in ids[::-1]]


def test_records_are_listed_by_kind_name_and_run(store: Store, record: Record) -> None:
    record(step_name="one", run_id="run", output_record_defs={"name": "Peak 100%_Ä"})
    record(step_name="two", input_record_defs={"name": "peak", "kind": "fact"})

    def names(**conditions: Any) -> list[str]:
        page = store.read(lambda tx: search(tx, Wanted(**conditions)))
        return [one.name for one in page.items]

    assert names(name="PEAK") == ["peak", "Peak 100%_Ä"]
    assert names(name="0%_") == ["Peak 100%_Ä"]
    assert names(name="%") == ["Peak 100%_Ä"]
    assert names(name="Ä") == ["Peak 100%_Ä"]
    assert names(name="ä") == []
    assert names(kinds=[Kind.FACT, Kind.MODEL]) == ["peak"]
    assert names(run_id="run") == ["Action Step one", "Peak 100%_Ä"]
    assert names(run_id="run", kinds=[Kind.DATA], name="x") == []


def test_a_run_is_shown_with_how_much_was_recorded_in_it(store: Store, record: Record) -> None:
    record(step_name="one", run_id="first", flow_id="flow", started_by="urn:a")
    record(step_name="two", run_id="second", output_record_defs={"name": "x"})
    page = store.read(list_runs)
    assert [(run.run_id, run.records) for run in page.items] == [("second", 2), ("first", 1)]
    assert store.read(lambda tx: list_runs(tx, 1)).hidden == 1
    run = store.read(lambda tx: get_run(tx, "first"))
    assert (run.flow_id, run.started_by) == ("flow", "urn:a")
    with pytest.raises(RunNotFound):
        store.read(lambda tx: get_run(tx, "third"))


@pytest.mark.parametrize(
    "named",
    ["file:///data/a.h5", "FILE://Beamline/data/./a.h5", "/data/a.h5", "beamline:/data/a.h5"],
)
def test_a_record_is_found_by_what_names_its_file(store: Store, record: Record, named: str) -> None:
    result = record(step_name="x", output_record_defs={"uris": "file:///data/a.h5"})
    found = store.read(lambda tx: find_record_id(tx, named, RULES))
    assert [found] == result["output_record_ids"]


def test_a_record_is_found_by_its_id(store: Store) -> None:
    assert store.read(lambda tx: find_record_id(tx, "0012", RULES)) == 12


def test_what_names_no_record_is_refused(store: Store) -> None:
    [record_id] = store.write(lambda tx: plant_records(tx, [Kind.DATA]))
    with pytest.raises(RecordNotFound):
        store.read(lambda tx: find_record_id(tx, "file:///nowhere", RULES))
    with pytest.raises(InvalidArgument):
        store.read(lambda tx: find_record_id(tx, "scan.h5", RULES))
    for unknown in (0, record_id + 1, 2**63, 10**30):
        with pytest.raises(RecordNotFound):
            show(store, unknown)
    for unknown in (0, 2, 2**31, 10**30):
        with pytest.raises(VersionNotFound):
            show(store, record_id, unknown)
