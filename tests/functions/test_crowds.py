"""Tests of many processes that record at once: nothing is missing, nothing twice, no circle."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from braid_db.model import Kind
from braid_db.store import Store
from tests.functions.calls import Endpoint, document, is_acyclic
from tests.functions.crowd import STEP, Crowd, results
from tests.records.planting import plant_records

TRANSFER = "add_transfer_request"


def check_versions(endpoint: Endpoint) -> None:
    """Make sure that each record's versions are numbered without gaps, the newest the current."""
    numbers = defaultdict(list)
    newest = {}
    for row in sorted(endpoint.rows("version"), key=lambda row: row.number):
        numbers[row.record_id].append(row.number)
        newest[row.record_id] = row.version_id
    for record in endpoint.rows("record"):
        found = numbers[record.record_id]
        assert found == list(range(1, len(found) + 1))
        assert record.current_version_id == newest[record.record_id]


def test_forty_processes_record_at_once_into_a_new_database(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    workers = [
        [
            [
                "call",
                STEP,
                {
                    "step_name": f"{worker}.{number}",
                    "run_id": f"run {worker}",
                    "previous_in_run": True,
                    "tags": {"worker": worker, "number": number},
                    "uris": [f"u:{worker}", f"v:{number}"],
                    "input_record_defs": [
                        {"uris": "file:///calibration", "kind": "fact"},
                        {"uris": f"file:///scans/{worker}/{number}"},
                    ],
                    "output_record_defs": {"uris": f"file:///results/{worker}/{number}"},
                },
            ]
            for number in range(5)
        ]
        for worker in range(40)
    ]
    found = results(crowd.at_once(endpoint.url, workers))
    assert len(found) == 200
    counts = endpoint.counts()
    assert {name: counts[name] for name in ("record", "version", "identity", "run", "uri")} == {
        "record": 1 + 3 * 200,
        "version": 1 + 3 * 200,
        "identity": 1 + 2 * 200,
        "run": 40,
        "uri": 1 + 4 * 200,
    }
    assert counts["tag"] == 3 * 200
    assert counts["derivation"] == 3 * 200 + 4 * 40
    assert len({one["flow_state_record_id"] for one in found}) == 200
    assert len({one["input_record_ids"][0] for one in found}) == 1
    assert len({one["database"] for one in found}) == 1
    edges = endpoint.edges()
    for one in found:
        node = (one["flow_state_record_id"], 1)
        for used in one["input_record_ids"]:
            assert ((used, 1), "used", node) in edges
        for made in one["output_record_ids"]:
            assert (node, "generated", (made, 1)) in edges
    check_versions(endpoint)


def shuffled(seed: int, count: int) -> list[Any]:
    """Return calls that use and make the same few files, in an order of their own."""
    chance = random.Random(seed)
    files = [{"uris": f"scan:{number}"} for number in range(8)]
    calls = []
    for _ in range(count):
        known = [dict(one) for one in chance.sample(files, 5)]
        for one in known:
            if chance.random() < 0.3:
                one["sha256"] = chance.choice("abc") * 64
            if chance.random() < 0.2:
                one["name"] = f"name {chance.randrange(3)}"
            if chance.random() < 0.3:
                one["tags"] = {"k": chance.randrange(3)}
        calls.append(
            ["call", STEP, {"input_record_defs": known[:3], "output_record_defs": known[3:]}]
        )
    return calls


def test_processes_that_use_and_make_the_same_files_at_once_agree_on_them(
    endpoint: Endpoint, crowd: Crowd, costly: Callable[[int], int]
) -> None:
    each = costly(50)
    workers = [shuffled(seed, each) for seed in range(12)]
    found = results(crowd.at_once(endpoint.url, workers))
    assert len(found) == 12 * each
    identities = endpoint.rows("identity")
    assert len(identities) == len({row.record_id for row in identities}) == 8
    known = {row.record_id for row in identities}
    for one in found:
        assert known.issuperset(one["input_record_ids"] + one["output_record_ids"])
    assert endpoint.counts()["record"] == 8 + len(found)
    check_versions(endpoint)
    edges = endpoint.edges()
    assert is_acyclic(edges)
    assert len([edge for edge in edges if edge[1] == "generated"]) == 2 * len(found)
    assert len([edge for edge in edges if edge[1] == "used"]) == 3 * len(found)


@pytest.mark.parametrize("form", ["URIs", "ids", "a step before"])
def test_steps_that_cross_at_once_make_no_circle(
    endpoint: Endpoint, crowd: Crowd, costly: Callable[[int], int], form: str
) -> None:
    """Each uses what the other makes; whichever is recorded first, the other finds it."""
    pairs = costly(50)
    workers: list[list[Any]] = [[] for _ in range(4)]
    for pair in range(pairs):
        here, there = {"uris": f"x:{pair}"}, {"uris": f"y:{pair}"}
        if form != "URIs":
            made = endpoint.step(input_record_defs=[here, there])
            endpoint.step(output_record_defs=[here, there])
            here, there = made["input_record_ids"]
        used = {
            "URIs": "input_record_defs",
            "ids": "input_record_ids",
            "a step before": "previous_step_output",
        }[form]
        written = "output_record_defs" if form == "URIs" else "output_record_ids"
        for number, worker in enumerate(workers):
            source, target = (here, there) if number % 2 else (there, here)
            worker.append(["call", STEP, {used: source, written: target}])
    assert len(results(crowd.at_once(endpoint.url, workers))) == 4 * pairs
    assert is_acyclic(endpoint.edges())
    check_versions(endpoint)


def test_data_that_are_named_as_the_step_before_make_no_circle_either(
    postgresql_endpoint: Endpoint, crowd: Crowd
) -> None:
    """Only records that no step made could be in one; no remote function writes such yet.

    Both calls are held where they have read nothing that the other could write, and let go
    together. On SQLite only one of them could have begun.
    """
    endpoint = postgresql_endpoint
    endpoint.step()
    with closing(Store(endpoint.url)) as store:
        here, there = store.write(lambda tx: plant_records(tx, [Kind.DATA] * 2))
    calls = [
        {"previous_step_output": source, "output_record_ids": target}
        for source, target in ((here, there), (there, here))
    ]
    with endpoint.held("LOCK TABLE derivation IN SHARE ROW EXCLUSIVE MODE", 1.0):
        results(crowd.at_once(endpoint.url, [[["call", STEP, call]] for call in calls]))
    assert len(endpoint.edges()) == 4
    assert is_acyclic(endpoint.edges())


def test_what_must_be_looked_for_at_once_is_found_without_a_deadlock(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    """Late tellings make each call look for a path, which it may do only alone."""
    sha256 = {name: letter * 64 for name, letter in zip("xyz", "abc", strict=True)}
    files = {name: {"uris": f"scan:{name}", "sha256": sha256[name]} for name in "xyz"}
    for name in "xyz":
        endpoint.step(input_record_defs=files[name])
    workers = [
        [
            ["call", STEP, {"input_record_defs": files[one], "output_record_defs": files[other]}]
            for one, other in ("xy", "yz", "zx", "yx", "zy", "xz")
        ]
        for _ in range(8)
    ]
    assert len(results(crowd.at_once(endpoint.url, workers))) == 48
    assert is_acyclic(endpoint.edges())
    check_versions(endpoint)


def transfer(number: int, **more: Any) -> dict[str, Any]:
    return {
        "transfer_input": {
            "source_endpoint": "s",
            "destination_endpoint": "d",
            "DATA": [
                {"source_path": "/scans", "destination_path": "/copy", "recursive": True},
                {"source_path": f"/single/{number}", "destination_path": "/copy/single"},
            ],
        },
        "transfer_result": {"details": {"status": "SUCCEEDED", **more}},
    }


def test_one_transfer_that_is_recorded_by_many_at_once_is_one(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    one = ["call", TRANSFER, transfer(1, task_id="t")]
    found = results(crowd.at_once(endpoint.url, [[one] * 3] * 10))
    assert [other for other in found if other != found[0]] == []
    assert endpoint.counts()["record"] == 5
    check_versions(endpoint)


def test_one_transfer_of_which_many_tell_different_things_at_once_is_one(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    workers = [
        [
            [
                "call",
                TRANSFER,
                {"transfer_result": {"task_id": "t", "files": worker, "label": str(number)}},
            ]
            for number in range(5)
        ]
        for worker in range(10)
    ]
    found = results(crowd.at_once(endpoint.url, workers))
    assert len({one["flow_state_record_id"] for one in found}) == 1
    [record_id] = {one["flow_state_record_id"] for one in found}
    check_versions(endpoint)
    tags = endpoint.record(record_id).tags
    assert [type(tags[key]) for key in ("files", "label", "status")] == [int, str, str]
    assert len(endpoint.record(record_id).uris) == 1


def test_folders_and_the_files_in_them_are_recorded_at_once_without_a_deadlock(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    def worker(number: int) -> list[Any]:
        under = [
            {"uris": f"globustransfer://{end}/{n}"}
            for end in ("s/scans", "d/copy")
            for n in range(6)
        ]
        random.Random(number).shuffle(under)
        steps = [
            [
                "call",
                STEP,
                {"input_record_defs": under[n : n + 3], "output_record_defs": under[n + 3]},
            ]
            for n in range(5)
        ]
        moves = [["call", TRANSFER, transfer(n, task_id=f"{number}.{n}")] for n in range(5)]
        return [one for both in zip(steps, moves, strict=True) for one in both]

    found = results(crowd.at_once(endpoint.url, [worker(number) for number in range(8)]))
    assert len(found) == 80
    assert is_acyclic(endpoint.edges())
    check_versions(endpoint)
    identities = endpoint.rows("identity")
    assert len({row.record_id for row in identities}) == len(identities)


def test_actions_are_linked_at_once_to_records_that_others_write(
    endpoint: Endpoint, crowd: Crowd
) -> None:
    record = endpoint.made(uris="scan:1")
    action = endpoint.action(command="mail")["invalidation_action_id"]
    link = ["call", "add_invalidation_action_to_record", {}]
    link[2] = {
        "record_id": record,
        "invalidation_action_id": document({"invalidation_action_id": action}),
    }
    write = ["call", STEP, {"output_record_defs": {"uris": "scan:1"}}]
    results(crowd.at_once(endpoint.url, [[link, write, link, write]] * 6))
    assert len(endpoint.rows("record_action")) == 1
    assert endpoint.record(record).version == 13
