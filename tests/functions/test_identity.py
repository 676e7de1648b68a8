"""Tests of when two definitions mean one record: by their first URI, however it is spelt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functions.calls import Endpoint

COLLECTION = "B782400E-3e59-412c-8f73-56cd0782301f"


def ids(endpoint: Endpoint, *definitions: Any, argument: str = "input_record_defs") -> list[int]:
    """Record a step for each definition and return the ids of what they mean."""
    key = argument.replace("_defs", "_ids")
    return [endpoint.step(**{argument: one})[key][0] for one in definitions]


SAME: dict[str, list[str]] = {
    "a web address": [
        "https://example.org/a/b",
        "HTTPS://Example.ORG/a/b",
        "https://example.org/a/b/",
        "https://example.org/a/./b",
        "https://example.org/a/c/../b",
        "https://example.org/%61/b",
    ],
    "a file of this host": [
        "file:///data/scan%201",
        "file://localhost/data/scan%201",
        "file://beamline.example.org/data/scan%201",
        "FILE://Beamline.Example.org/data/old/../scan%201/",
        "beamline.example.org:/data/scan%201",
    ],
    "escapes in either case": ["scan://a/%c3%a9", "scan://a/%C3%A9"],
    "unreserved characters": ["scan://a/%7Ex%2Dy", "scan://a/~x-y"],
    "a Globus path": [
        "globustransfer://b782400e-3e59-412c-8f73-56cd0782301f/data/a",
        "globustransfer://B782400E-3E59-412C-8F73-56CD0782301F/data/./a",
    ],
    "no hierarchy": ["doi:10.1000/182", "DOI:10.1000/182"],
    "a user": ["ssh://Me@Example.org/a", "ssh://Me@example.org/a"],
    "a query": ["https://example.org/a?b=1/", "https://EXAMPLE.org/a?b=1/"],
}


@pytest.mark.parametrize("spellings", SAME.values(), ids=SAME)
def test_spelling_variants_of_a_uri_mean_one_record(
    endpoint: Endpoint, spellings: list[str]
) -> None:
    found = ids(endpoint, *({"uris": [one, "another"]} for one in spellings))
    assert len(set(found)) == 1
    assert endpoint.record(found[0]).uris == (spellings[0], "another")


DIFFERENT = [
    ["https://example.org/a", "http://example.org/a", "https://example.com/a"],
    [
        "https://example.org/a",
        "https://example.org/A",
        "https://example.org/a?",
        "https://example.org/a#b",
    ],
    ["file:///data/a", "file://other/data/a", "other2:/data/a", "file:///data/A"],
    ["scan://a/b%2Fc", "scan://a/b/c"],
    ["https://Me@example.org/a", "https://me@example.org/a"],
]


@pytest.mark.parametrize("uris", DIFFERENT)
def test_different_uris_mean_different_records(endpoint: Endpoint, uris: list[str]) -> None:
    assert len(set(ids(endpoint, *({"uris": one} for one in uris)))) == len(uris)


NO_IDENTITY = [
    "scan 12",
    "/data/a",
    "data/a",
    "C:/data/a",
    "c:\\data\\a",
    "https://example.org/a b",
    "a:/b",
    ":/a",
    "試:料",
    "?",
]


@pytest.mark.parametrize("uri", NO_IDENTITY)
def test_what_is_no_absolute_uri_identifies_nothing(endpoint: Endpoint, uri: str) -> None:
    first, second = ids(endpoint, {"uris": uri}, {"uris": uri})
    assert first != second
    assert endpoint.record(first).uris == (uri,)


def test_definitions_without_a_uri_make_a_new_record_each_time(endpoint: Endpoint) -> None:
    made = endpoint.step(input_record_defs=[{"name": "a"}, {"name": "a"}, {}, {}])
    assert len(set(made["input_record_ids"])) == 4


def test_only_the_first_uri_identifies(endpoint: Endpoint) -> None:
    first, second, third = ids(
        endpoint, {"uris": ["scan:1", "scan:2"]}, {"uris": ["scan:2"]}, {"uris": ["x", "scan:1"]}
    )
    assert len({first, second, third}) == 3


def test_one_uri_listed_twice_in_a_call_is_one_record(endpoint: Endpoint) -> None:
    step = endpoint.step(
        input_record_defs=[{"uris": "scan:1"}, {"uris": "SCAN:1", "name": "late"}],
        output_record_defs=[{"uris": "scan:2"}, {"uris": "scan:2"}],
    )
    assert len(set(step["input_record_ids"])) == len(set(step["output_record_ids"])) == 1
    assert len(endpoint.rows("record")) == 3
    assert len(endpoint.edges()) == 2


def test_an_input_and_an_output_of_one_uri_are_one_record(endpoint: Endpoint) -> None:
    step = endpoint.step(
        input_record_defs={"uris": "scan:1"}, output_record_defs={"uris": "scan:1"}
    )
    assert step["input_record_ids"] == step["output_record_ids"]
    assert (step["input_versions"], list(step["output_versions"].values())) == ({}, [2])


def test_a_definitions_host_completes_its_file_uris(endpoint: Endpoint) -> None:
    node, same, here, default = ids(
        endpoint,
        {"uris": "file:///scratch/a", "host": "Node-7"},
        {"uris": "file://node-7/scratch/a"},
        {"uris": "file:///scratch/a"},
        {"uris": "file:///scratch/a", "host": "beamline.example.org"},
    )
    assert node == same
    assert here == default != node


def test_a_definitions_host_says_nothing_of_uris_that_name_one(endpoint: Endpoint) -> None:
    named, other = ids(
        endpoint,
        {"uris": "file://node-1/a", "host": "node-7"},
        {"uris": "node-1:/a", "host": "node-8"},
    )
    assert named == other


@pytest.fixture
def mapped(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Endpoint:
    """Return an endpoint that knows which folder a Globus collection shows."""
    folder = {COLLECTION: getattr(request, "param", "file://beamline.example.org/export/")}
    monkeypatch.setenv("BRAID_DB_COLLECTIONS", json.dumps(folder))
    return endpoint


@pytest.mark.parametrize(
    "mapped",
    [
        "file://beamline.example.org/export/",
        "file://Beamline.example.org/export",
        "file:///export/",
    ],
    indirect=True,
)
def test_a_path_on_a_known_collection_and_the_file_it_shows_are_one_record(
    mapped: Endpoint,
) -> None:
    found = ids(
        mapped,
        {"uris": f"globustransfer://{COLLECTION}/scans/a.h5"},
        {"uris": f"globustransfer://{COLLECTION.lower()}/scans/a.h5"},
        {"uris": "file:///export/scans/a.h5"},
        {"uris": "beamline.example.org:/export/scans/a.h5"},
    )
    assert len(set(found)) == 1
    [other, elsewhere] = ids(
        mapped,
        {"uris": "globustransfer://8ee44381-114a-45de-b8f8-d105a90c200d/scans/a.h5"},
        {"uris": "file:///scans/a.h5"},
    )
    assert len({found[0], other, elsewhere}) == 3


def test_a_transfer_a_computation_on_the_file_and_a_transfer_back_are_one_lineage(
    mapped: Endpoint,
) -> None:
    away = "8ee44381-114a-45de-b8f8-d105a90c200d"
    there = mapped.transfer(
        None,
        {
            "source_endpoint": away,
            "destination_endpoint": COLLECTION,
            "DATA": [{"source_path": "/raw/a.h5", "destination_path": "/in/a.h5"}],
        },
        {"task_id": "there", "status": "SUCCEEDED"},
    )
    worked = mapped.step(
        previous_step_output=there,
        input_record_defs={"uris": "file:///export/in/a.h5"},
        output_record_defs={"uris": "file:///export/out/b.h5"},
    )
    back = mapped.transfer(
        worked,
        {
            "source_endpoint": COLLECTION,
            "destination_endpoint": away,
            "DATA": [{"source_path": "/out/b.h5", "destination_path": "/done/b.h5"}],
        },
        {"task_id": "back", "status": "SUCCEEDED"},
    )
    assert worked["input_record_ids"] == there["output_record_ids"]
    assert back["input_record_ids"] == worked["output_record_ids"]
    [raw], [arrived] = there["input_record_ids"], there["output_record_ids"]
    [made], [done] = back["input_record_ids"], back["output_record_ids"]
    step = worked["flow_state_record_id"]
    by_data = {edge for edge in mapped.edges() if edge[1] in ("derived", "used")}
    assert by_data == {
        ((raw, 1), "derived", (arrived, 1)),
        ((arrived, 1), "used", (step, 1)),
        ((made, 1), "derived", (done, 1)),
    }
    assert ((step, 1), "generated", (made, 1)) in mapped.edges()


def test_the_kind_follows_the_record_that_is_known(endpoint: Endpoint) -> None:
    [model] = ids(endpoint, {"uris": "model:1", "kind": "model"}, argument="output_record_defs")
    by_default, by_mistake = ids(endpoint, {"uris": "model:1"}, {"uris": "model:1", "kind": "fact"})
    [again] = ids(endpoint, {"uris": "model:1", "kind": "data"}, argument="output_record_defs")
    assert {by_default, by_mistake, again} == {model}
    assert endpoint.record(model).kind == "model"


def test_a_uri_that_is_new_is_added_and_one_that_is_known_in_another_spelling_is_not(
    endpoint: Endpoint,
) -> None:
    [record] = ids(endpoint, {"uris": ["scan:1", "https://example.org/1"]})
    ids(endpoint, {"uris": ["SCAN:1", "https://EXAMPLE.org/1/", "b", "a"]})
    ids(endpoint, {"uris": ["scan:1", "c", "b"]}, argument="output_record_defs")
    assert endpoint.record(record).uris == ("scan:1", "https://example.org/1", "b", "a", "c")


@pytest.mark.parametrize(
    "uris", ["scan:1", ["scan:1"], ["scan:1", "z", "a", "https://example.org/x"], ["z", "a"]]
)
@pytest.mark.parametrize("argument", ["input_record_defs", "output_record_defs"])
def test_all_uris_of_a_new_record_are_kept_in_their_order(
    endpoint: Endpoint, uris: Any, argument: str
) -> None:
    [record] = ids(endpoint, {"uris": uris}, argument=argument)
    assert endpoint.record(record).uris == ((uris,) if isinstance(uris, str) else tuple(uris))


def test_a_uri_of_a_transfer_means_the_transfer_and_it_informs(endpoint: Endpoint) -> None:
    task = endpoint.transfer(transfer_result={"task_id": "t"})["flow_state_record_id"]
    uri = "https://app.globus.org/activity/t/overview"
    step = endpoint.step(input_record_defs={"uris": uri})
    assert step["input_record_ids"] == [task]
    assert endpoint.into(step["flow_state_record_id"]) == {((task, 1), "informed")}
