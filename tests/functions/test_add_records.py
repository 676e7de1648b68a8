"""Tests of ``add_records``: nested records in one call, all of them or none."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db import BraidDB, BraidRecord
from tests.functions.calls import Endpoint, refused

KEYS = {"record_id", "name", "uris", "tags", "time", "derivations", "invalidation_id"} | {
    "invalidation"
}


def test_records_are_added_with_what_was_derived_from_them(endpoint: Endpoint) -> None:
    given = {
        "name": "scan",
        "uris": ["file://host/scan", "file://host/scan.log"],
        "tags": {
            "frames": {"value": "1200", "type": "INT"},
            "loss": {"value": 1, "type": "FLOAT"},
            "text": {"value": 7, "type": "STRING"},
            "plain": True,
            "fit": {"value": {"a": 1}, "other": 2},
        },
        "derivations": [{"name": "peaks", "derivations": [{"name": "map"}]}, {"name": "image"}],
    }
    scan, other = endpoint.records(given, {"name": "other", "kind": "fact"})
    assert scan.keys() >= KEYS
    assert (scan["name"], scan["uris"], scan["time"][-1]) == ("scan", given["uris"], "Z")
    assert scan["tags"] == {
        "frames": {"value": 1200, "type": "INT"},
        "loss": {"value": 1.0, "type": "FLOAT"},
        "text": {"value": "7", "type": "STRING"},
        "plain": {"value": True, "type": "BOOLEAN"},
        "fit.value.a": {"value": 1, "type": "INT"},
        "fit.other": {"value": 2, "type": "INT"},
    }
    [peaks, image] = scan["derivations"]
    [whole_map] = peaks["derivations"]
    ids = [one["record_id"] for one in (scan, peaks, whole_map, image, other)]
    assert ids == [1, 2, 3, 4, 5]
    assert endpoint.edges() == {
        ((1, 1), "derived", (2, 1)),
        ((2, 1), "derived", (3, 1)),
        ((1, 1), "derived", (4, 1)),
    }
    assert (scan["invalidation_id"], scan["invalidation"]) == (None, None)
    assert endpoint.record(5).kind == "fact"


def test_one_bad_record_refuses_the_whole_call(endpoint: Endpoint) -> None:
    endpoint.step()
    good = {"name": "good", "derivations": [{"name": "better"}]}
    bad: dict[str, tuple[Any, str]] = {
        "no object": (5, "record_dicts[1]"),
        "a kind": ({"derivations": [{"kind": "thing"}]}, "record_dicts[1].derivations[0].kind"),
        "a tag": ({"tags": {"k": {"value": "x", "type": "INT"}}}, "record_dicts[1].tags.k.value"),
        "a type": ({"tags": {"k": {"value": 1, "type": "DATE"}}}, "record_dicts[1].tags.k.type"),
        "a name": ({"name": "a\0b"}, "record_dicts[1].name"),
    }
    for item, place in bad.values():
        assert place in refused(endpoint, lambda item=item: endpoint.records([good, item]))
    lost = [good, {"derived_from_record_id": 999}]
    refused(endpoint, lambda: endpoint.records(lost), "record-not-found")
    deep: dict[str, Any] = {}
    for _ in range(101):
        deep = {"derivations": [deep]}
    assert "nested deeper" in refused(endpoint, lambda: endpoint.records(deep))


def test_a_missing_predecessor_may_be_marked(endpoint: Endpoint) -> None:
    [made] = endpoint.records({"name": "x", "derived_from_record_id": 999}, if_missing="mark")
    assert "missing_predecessors" in endpoint.record(made["record_id"]).tags


def test_a_record_may_come_from_a_step_and_be_given_by_its_result(endpoint: Endpoint) -> None:
    step = endpoint.step(step_name="A")
    [made] = endpoint.records({"name": "x", "derived_from_record_id": step}, run_id="run")
    [further] = endpoint.records({"name": "y", "derived_from_record_id": made})
    assert endpoint.into(made["record_id"]) == {((1, 1), "generated")}
    assert endpoint.into(further["record_id"]) == {((made["record_id"], 1), "derived")}
    assert endpoint.record(made["record_id"]).run_id == "run"


def test_a_known_uri_means_the_record_that_is_there(endpoint: Endpoint) -> None:
    given = {"name": "a", "uris": "file://host/a", "derivations": [{"uris": "file://host/b"}]}
    [first] = endpoint.records(given)
    [again] = endpoint.records(given)
    assert again["record_id"] == first["record_id"]
    assert again["derivations"][0]["record_id"] == first["derivations"][0]["record_id"]
    assert len(endpoint.edges()) == 1


def test_what_comes_of_something_invalid_says_which_recall_it_was_born_into(
    endpoint: Endpoint,
) -> None:
    [scan] = endpoint.records({"name": "scan"})
    db = BraidDB(endpoint.url)
    record = BraidRecord.by_record_id(db, scan["record_id"])
    assert record is not None
    recall = record.invalidate("the mask was shifted")
    assert recall is not None
    given = {"derived_from_record_id": scan, "derivations": [{"name": "map"}]}
    [peaks] = endpoint.records(given)
    for made in (peaks, *peaks["derivations"]):
        assert made["invalidation_id"] == recall.recall_id
        assert made["invalidation"]["cause"] == "the mask was shifted"
        assert not endpoint.record(made["record_id"]).valid
    db.close()


def test_a_call_that_comes_again_adds_nothing(endpoint: Endpoint) -> None:
    given = [{"name": "a"}, {"name": "b"}]
    first = endpoint.records(given, idempotency_key="k")
    before = endpoint.everything()
    assert endpoint.records(given, idempotency_key="k") == first
    assert endpoint.everything() == before
    refused(endpoint, lambda: endpoint.records(given[0], idempotency_key="k"), "key-reused")


@pytest.mark.parametrize("nothing", [None, []])
def test_nothing_adds_nothing(endpoint: Endpoint, nothing: Any) -> None:
    assert endpoint.records(nothing) == []
