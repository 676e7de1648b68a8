"""Tests of recording Globus Transfer tasks."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.functions.calls import Endpoint, Node, document, nested, refused

SOURCE = "b782400e-3e59-412c-8f73-56cd0782301f"
TARGET = "8ee44381-114a-45de-b8f8-d105a90c200d"
TASK = "7c2e7314-e0b3-11ee-83a1-63d4fb542fc4"
ACTIVITY = f"https://app.globus.org/activity/{TASK}/overview"


def today(*items: dict[str, Any] | tuple[str, str]) -> dict[str, Any]:
    """Return a transfer's input in today's form."""
    return {"source_endpoint": SOURCE, "destination_endpoint": TARGET, "DATA": paths(items)}


def older(*items: dict[str, Any] | tuple[str, str]) -> dict[str, Any]:
    """Return a transfer's input in the older provider's form."""
    return {
        "source_endpoint_id": SOURCE,
        "destination_endpoint_id": TARGET,
        "transfer_items": paths(items),
    }


def paths(items: Any) -> list[Any]:
    return [
        {"source_path": item[0], "destination_path": item[1]} if isinstance(item, tuple) else item
        for item in items
    ]


def folder(source: str, destination: str) -> dict[str, Any]:
    return {"source_path": source, "destination_path": destination, "recursive": True}


def task(task_id: str = TASK, status: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """Return the status document of a Transfer action."""
    details = {
        "DATA_TYPE": "task",
        "task_id": task_id,
        "status": status,
        "request_time": "2026-03-01T09:00:00+00:00",
        "completion_time": "2026-03-01T09:05:00+00:00" if status != "ACTIVE" else None,
        **more,
    }
    return {**document(status=status), "details": details}


def uris_of(endpoint: Endpoint, record_ids: list[int]) -> list[str]:
    return [endpoint.record(one).uris[0] for one in record_ids]


FILES = (("/raw/a.h5", "/in/a.h5"), ("raw/b.h5", "in/b.h5"))


@pytest.mark.parametrize("form", [today, older])
def test_each_item_leads_from_its_source_to_its_own_destination(
    endpoint: Endpoint, form: Any
) -> None:
    before = endpoint.step()
    moved = endpoint.transfer(before, form(*FILES), task(), run_id="r")
    node = (moved["flow_state_record_id"], 1)
    sources = [(one, 1) for one in moved["input_record_ids"]]
    arrived = [(one, 1) for one in moved["output_record_ids"]]
    assert endpoint.edges() == {
        ((before["flow_state_record_id"], 1), "followed", node),
        *((source, "transferred", node) for source in sources),
        *((node, "generated", one) for one in arrived),
        *((a, "derived", b) for a, b in zip(sources, arrived, strict=True)),
    }
    assert uris_of(endpoint, moved["input_record_ids"]) == [
        f"globustransfer://{SOURCE}/raw/a.h5",
        f"globustransfer://{SOURCE}/raw/b.h5",
    ]
    assert uris_of(endpoint, moved["output_record_ids"]) == [
        f"globustransfer://{TARGET}/in/a.h5",
        f"globustransfer://{TARGET}/in/b.h5",
    ]
    names = [
        endpoint.record(ids[0]).name
        for ids in (moved["input_record_ids"], moved["output_record_ids"])
    ]
    assert names == [
        f"Globus transfer source {SOURCE}:/raw/a.h5",
        f"Globus transfer destination {TARGET}:/in/a.h5",
    ]


def test_ids_are_counted_from_sources_to_destinations_to_the_task(endpoint: Endpoint) -> None:
    moved = endpoint.transfer(None, today(*FILES), task())
    assert moved["input_record_ids"] == [1, 2]
    assert moved["output_record_ids"] == [3, 4]
    assert moved["flow_state_record_id"] == 5


def test_the_task_has_its_address_its_times_and_what_its_document_tells(
    endpoint: Endpoint,
) -> None:
    told = {
        "label": "to the cluster",
        "nice_status": None,
        "files": 2,
        "files_skipped": 0,
        "files_transferred": 2,
        "directories": 0,
        "bytes_transferred": 86091,
        "faults": 1,
        "source_endpoint_display_name": "Beamline",
        "destination_endpoint_display_name": "Cluster",
        "event_list": [{"code": "SUCCEEDED"}],
    }
    moved = endpoint.transfer(None, today(*FILES), task(**told), run_id="r", started_by="me")
    record = endpoint.record(moved["flow_state_record_id"])
    assert (record.name, record.kind) == (f"Globus Transfer task {TASK}", "transfer")
    assert record.uris == (ACTIVITY,)
    assert (record.run_id, record.created_by) == ("r", "me")
    assert record.started_at == "2026-03-01T09:00:00.000000Z"
    assert record.ended_at == "2026-03-01T09:05:00.000000Z"
    assert record.tags == {
        "status": "SUCCEEDED",
        **{key: told[key] for key in told if key not in ("nice_status", "event_list")},
    }


def test_a_task_document_may_stand_without_the_actions(endpoint: Endpoint) -> None:
    inner = task()["details"]
    moved = endpoint.transfer(None, today(*FILES), inner)
    record = endpoint.record(moved["flow_state_record_id"])
    assert record.uris == (ACTIVITY,)
    assert record.started_at == "2026-03-01T09:00:00.000000Z"
    assert len(moved["output_record_ids"]) == 2


@pytest.mark.parametrize("status", ["FAILED", "ACTIVE", "INACTIVE", "", 3])
def test_a_task_that_did_not_succeed_generates_nothing(endpoint: Endpoint, status: Any) -> None:
    moved = endpoint.transfer(None, today(*FILES), task(status=status))
    node = (moved["flow_state_record_id"], 1)
    assert moved["output_record_ids"] == []
    assert endpoint.edges() == {
        ((one, 1), "transferred", node) for one in moved["input_record_ids"]
    }
    assert endpoint.record(node[0]).tags["status"] == status
    assert len(endpoint.rows("record")) == 3


def test_the_actions_status_counts_where_the_task_has_none(endpoint: Endpoint) -> None:
    failed = {"status": "FAILED", "details": {"task_id": "f"}}
    unknown = {"details": {"task_id": "u"}}
    assert endpoint.transfer(None, today(*FILES), failed)["output_record_ids"] == []
    moved = endpoint.transfer(None, today(*FILES), unknown)
    assert len(moved["output_record_ids"]) == 2
    assert endpoint.record(moved["flow_state_record_id"]).tags["status"] == "Unknown"


@pytest.mark.parametrize("empty", [None, {}])
def test_nothing_need_be_told_of_a_transfer(endpoint: Endpoint, empty: Any) -> None:
    first = endpoint.transfer(None, empty, empty)
    second = endpoint.transfer(None, empty, empty)
    assert first["flow_state_record_id"] != second["flow_state_record_id"]
    assert first["input_record_ids"] == first["output_record_ids"] == []
    record = endpoint.record(first["flow_state_record_id"])
    assert (record.name, record.uris) == ("Globus Transfer task Unknown", ())
    assert record.tags == {"status": "Unknown"}


def test_a_task_that_was_refused_is_known_again_by_the_label_it_was_to_have(
    endpoint: Endpoint,
) -> None:
    asked = {**today(*FILES), "label": "scan 7 to the archive"}
    refused_one = endpoint.transfer(None, asked, {"status": "FAILED", "details": {}})
    record = endpoint.record(refused_one["flow_state_record_id"])
    assert record.name == "Globus Transfer task Unknown"
    assert record.tags == {"status": "FAILED", "label": "scan 7 to the archive"}
    done = endpoint.transfer(None, asked, task("a", label="another one"))
    assert endpoint.record(done["flow_state_record_id"]).tags["label"] == "another one"


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (
            {"source_endpoint": "s", "destination_endpoint": "d", "DATA": [{}]},
            ["Globus transfer source s:Unknown", "Globus transfer destination d:Unknown"],
        ),
        (
            {"source_endpoint": "s", "DATA": [{"source_path": "", "destination_path": "/b"}]},
            ["Globus transfer source s:Unknown", "Globus transfer destination Unknown:/b"],
        ),
        (
            {"transfer_items": {"source_path": "/a", "destination_path": "/b"}},
            ["Globus transfer source Unknown:/a", "Globus transfer destination Unknown:/b"],
        ),
    ],
)
def test_what_is_missing_in_an_item_is_unknown_and_identifies_nothing(
    endpoint: Endpoint, told: dict[str, Any], names: list[str]
) -> None:
    first, second = (endpoint.transfer(None, told, task(one)) for one in "ab")
    ids = [*first["input_record_ids"], *first["output_record_ids"]]
    assert [endpoint.record(one).name for one in ids] == names
    assert [endpoint.record(one).uris for one in ids] == [(), ()]
    assert not set(ids).intersection(second["input_record_ids"] + second["output_record_ids"])


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/a/b", "s/a/b"),
        ("a/b", "s/a/b"),
        ("//a//b", "s/a//b"),
        ("/~/a", "s/~/a"),
        ("/a b/c?d#e%f", "s/a%20b/c%3Fd%23e%25f"),
        ("/試料/é", "s/%E8%A9%A6%E6%96%99/%C3%A9"),
        ("/", "s/"),
    ],
)
def test_a_path_stands_in_its_uri_after_one_slash(endpoint: Endpoint, path: str, uri: str) -> None:
    told = {"source_endpoint": "s", "destination_endpoint": "d", "DATA": [{"source_path": path}]}
    moved = endpoint.transfer(None, told, task())
    assert uris_of(endpoint, moved["input_record_ids"]) == [f"globustransfer://{uri}"]
    again = endpoint.transfer(None, told, task("again"))
    assert again["input_record_ids"] == moved["input_record_ids"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an input that is a list": (
        {"transfer_input": [1]},
        "'transfer_input' is a list; expected an object, as in the flow's state",
    ),
    "a result that is a text": ({"transfer_result": "x"}, "'transfer_result' is a text; expected"),
    "details that are a text": (
        {"transfer_result": {"details": "x"}},
        "'transfer_result.details' is a text; expected an object",
    ),
    "items that are a text": (
        {"transfer_input": {"DATA": "x"}},
        "'transfer_input' is one whose items are 'x'; expected a list",
    ),
    "items that are a number": (
        {"transfer_input": {"transfer_items": 10**5000}},
        "'transfer_input' is one whose items are <int>; expected a list",
    ),
    "an item that is a list": (
        {"transfer_input": today(("/a", "/b"), {}, nested(100_000))},
        "'transfer_input item 2' is a list; expected an object with its two paths",
    ),
    "an input without items": (
        {"transfer_input": {"source_endpoint": SOURCE, "items": []}},
        "'transfer_input' is one without items; expected DATA or transfer_items",
    ),
    "an item without paths": (
        {"transfer_input": today({"source": "/a", "recursive": True})},
        "'transfer_input item 0' is one without paths; expected source_path and destination_path",
    ),
    "a path that is a number": (
        {"transfer_input": today({"source_path": 5})},
        "'transfer_input item 0 source_path' is the number 5; expected a text",
    ),
    "a path with a NUL byte": (
        {"transfer_input": today(("/a", "/b"), ("/a", "/b\0"))},
        "'transfer_input item 1 destination_path' is a text with a NUL byte",
    ),
    "a path with a surrogate": (
        {"transfer_input": today(("/a\udc80", "/b"))},
        "'transfer_input item 0 source_path' is a text with half a surrogate pair",
    ),
    "recursive that is a text": (
        {"transfer_input": today({"source_path": "/a", "recursive": "true"})},
        "'transfer_input item 0 recursive' is a text; expected true or false",
    ),
    "an endpoint that is an object": (
        {"transfer_input": {"source_endpoint": {}, "DATA": []}},
        "'source_endpoint' is an object; expected a text",
    ),
    "a task id that is a number": (
        {"transfer_result": {"task_id": 5}},
        "'task_id' is the number 5; expected a text",
    ),
    "a label with a NUL byte": (
        {"transfer_result": task(label="a\0")},
        "'tag label' is a text with a NUL byte",
    ),
    "a status that is nested deeply": (
        {"transfer_result": {"status": nested(100_000)}},
        "'tag status' is nested deeper than 100 levels",
    ),
}


@pytest.mark.parametrize(("arguments", "says"), BAD.values(), ids=BAD)
def test_a_transfer_of_another_form_is_refused_and_nothing_is_written(
    kept: Endpoint, arguments: dict[str, Any], says: str
) -> None:
    line = refused(kept, lambda: kept.transfer(run_id="never", **arguments), "invalid-argument")
    assert says in line


# Recorded again


def test_a_task_that_is_recorded_again_is_the_same_and_writes_nothing_new(
    endpoint: Endpoint,
) -> None:
    before = endpoint.step()
    call = {
        "previous_step_record_id": before,
        "transfer_input": today(*FILES, folder("/scans", "/copy")),
        "transfer_result": task(files=2),
        "run_id": "r",
    }
    first = endpoint.transfer(**call)
    written = endpoint.everything()
    assert endpoint.transfer(**call) == first
    assert endpoint.transfer(**call) == first
    assert endpoint.everything() == written


def test_a_task_that_is_recorded_again_after_its_files_moved_on_writes_nothing_new(
    endpoint: Endpoint,
) -> None:
    first = endpoint.transfer(None, today(*FILES), task())
    uris = uris_of(endpoint, first["input_record_ids"] + first["output_record_ids"])
    endpoint.step(output_record_defs=[{"uris": uri} for uri in uris])
    endpoint.transfer(None, today(*FILES), task("the next"))
    written = endpoint.everything()
    assert endpoint.transfer(None, today(*FILES), task()) == first
    assert endpoint.everything() == written


def test_a_task_that_is_recorded_again_in_its_run_does_not_follow_itself(
    endpoint: Endpoint,
) -> None:
    call = {"transfer_input": today(*FILES), "transfer_result": task(), "run_id": "r"}
    before = endpoint.step_id(run_id="r")
    first = endpoint.transfer(**call, previous_in_run=True)
    assert endpoint.transfer(**call, previous_in_run=True) == first
    after = endpoint.step_id(run_id="r", previous_in_run=True)
    assert endpoint.transfer(**call, previous_in_run=True) == first
    node = (first["flow_state_record_id"], 1)
    followed = {edge for edge in endpoint.edges() if edge[1] == "followed"}
    assert followed == {((before, 1), "followed", node), (node, "followed", (after, 1))}


def test_a_task_that_was_recorded_while_it_went_on_is_completed(endpoint: Endpoint) -> None:
    under_way = endpoint.transfer(None, today(*FILES), task(status="ACTIVE", files=2))
    record_id = under_way["flow_state_record_id"]
    assert endpoint.record(record_id).ended_at is None
    done = endpoint.transfer(None, today(*FILES), task(files=2, faults=0))
    assert done["flow_state_record_id"] == record_id
    assert done["input_record_ids"] == under_way["input_record_ids"]
    assert len(done["output_record_ids"]) == 2
    record, first = endpoint.record(record_id), endpoint.record(record_id, 1)
    assert (record.tags, first.tags) == (
        {"status": "SUCCEEDED", "files": 2, "faults": 0},
        {"status": "ACTIVE", "files": 2},
    )
    assert record.ended_at == "2026-03-01T09:05:00.000000Z"
    contents = {row.content_id for row in endpoint.rows("version") if row.record_id == record_id}
    assert len(contents) == 1


def test_a_task_whose_page_is_another_record_is_refused(endpoint: Endpoint) -> None:
    page = endpoint.made(uris=ACTIVITY)
    line = refused(
        endpoint, lambda: endpoint.transfer(None, today(*FILES), task()), "invalid-argument"
    )
    assert f"'transfer_result' is of a task whose page is recorded as data record {page}" in line


def test_a_time_that_is_filled_in_is_written_as_all_others_are(sqlite_endpoint: Endpoint) -> None:
    """As text of one form, so that it sorts as the times do."""
    for status in ("ACTIVE", "SUCCEEDED"):
        sqlite_endpoint.transfer(None, {}, task(status=status))
    written = sqlite_endpoint.select(
        text("SELECT started_at, ended_at FROM version WHERE number = 1")
    )
    assert written == [("2026-03-01T09:00:00.000000Z", "2026-03-01T09:05:00.000000Z")]


def test_a_transfer_that_writes_over_a_file_makes_its_next_version(endpoint: Endpoint) -> None:
    first = endpoint.transfer(None, today(("/a", "/b")), task("1"))
    second = endpoint.transfer(None, today(("/other", "/b")), task("2"))
    [target] = first["output_record_ids"]
    [other] = second["input_record_ids"]
    assert second["output_versions"] == {str(target): 2}
    node = (second["flow_state_record_id"], 1)
    assert endpoint.into(target, 2) == {(node, "generated"), ((other, 1), "derived")}


def test_a_file_that_is_transferred_to_and_fro_makes_no_circle(endpoint: Endpoint) -> None:
    there = today(("/a", "/b"))
    back = {
        "source_endpoint": TARGET,
        "destination_endpoint": SOURCE,
        "DATA": paths([("/b", "/a")]),
    }
    first = endpoint.transfer(None, there, task("1"))
    second = endpoint.transfer(first, back, task("2"))
    third = endpoint.transfer(second, there, task("3"))
    [a], [b] = first["input_record_ids"], first["output_record_ids"]
    assert second["output_versions"] == {str(a): 2}
    assert third["output_versions"] == {str(b): 2}
    derived = {edge for edge in endpoint.edges() if edge[1] == "derived"}
    assert derived == {
        ((a, 1), "derived", (b, 1)),
        ((b, 1), "derived", (a, 2)),
        ((a, 2), "derived", (b, 2)),
    }


def test_a_file_that_is_known_keeps_the_name_that_it_has(endpoint: Endpoint) -> None:
    source = endpoint.made(name="the scan", kind="fact", uris=f"globustransfer://{SOURCE}/a")
    target = endpoint.made(name="the copy", uris=f"globustransfer://{TARGET}/b")
    moved = endpoint.transfer(None, today(("/a", "/b")), task())
    assert (moved["input_record_ids"], moved["output_record_ids"]) == ([source], [target])
    assert moved["output_versions"] == {str(target): 2}
    assert [endpoint.record(one).name for one in (source, target)] == ["the scan", "the copy"]
    assert endpoint.record(moved["flow_state_record_id"]).tags == {"status": "SUCCEEDED"}


# Folders

DEEP = "/".join(f"folder-{n:03}" for n in range(40))


def derived_from(endpoint: Endpoint, record_id: int, number: int = 1) -> set[Node]:
    return {node for node, role in endpoint.into(record_id, number) if role == "derived"}


@pytest.mark.parametrize("path", ["a.h5", "deeper/and/deeper/a.h5", f"{DEEP}/a.h5"])
@pytest.mark.parametrize("place", ["/scans", "/scans/", f"/{DEEP}"])
def test_a_file_that_is_first_seen_under_a_known_folder_comes_from_it(
    endpoint: Endpoint, path: str, place: str
) -> None:
    moved = endpoint.transfer(None, today(folder("/raw", place)), task())
    [arrived] = moved["output_record_ids"]
    file = f"globustransfer://{TARGET}{place.rstrip('/')}/{path}"
    record = endpoint.used(uris=file)
    assert derived_from(endpoint, record) == {(arrived, 1)}
    endpoint.used(uris=file)
    assert derived_from(endpoint, record) == {(arrived, 1)}


def test_a_file_comes_from_the_nearest_folder_in_its_current_content(endpoint: Endpoint) -> None:
    endpoint.transfer(None, today(folder("/1", "/scans")), task("1"))
    inner = endpoint.transfer(None, today(folder("/2", "/scans/inner")), task("2"))
    again = endpoint.transfer(None, today(folder("/3", "/scans/inner")), task("3"))
    [folder_id] = inner["output_record_ids"]
    assert again["output_versions"] == {str(folder_id): 2}
    record = endpoint.used(uris=f"globustransfer://{TARGET}/scans/inner/a")
    assert derived_from(endpoint, record) == {(folder_id, 2)}


def test_only_files_that_are_read_and_lie_under_the_folder_come_from_it(
    endpoint: Endpoint,
) -> None:
    endpoint.transfer(None, today(folder("/raw", "/scans")), task())
    beside = endpoint.used(uris=f"globustransfer://{TARGET}/scans-2/a")
    above = endpoint.used(uris=f"globustransfer://{TARGET}/scan")
    elsewhere = endpoint.used(uris=f"globustransfer://{SOURCE}/scans/a")
    made = endpoint.made(uris=f"globustransfer://{TARGET}/scans/made")
    for record in (beside, above, elsewhere, made):
        assert derived_from(endpoint, record) == set()


def test_a_folder_that_is_transferred_comes_from_the_known_files_under_it(
    endpoint: Endpoint,
) -> None:
    names = ["scans/a", "scans/b/c", f"scans/{DEEP}/d", "scans-2/e", "scan", "scansa"]
    files = {name: endpoint.made(uris=f"globustransfer://{SOURCE}/{name}") for name in names}
    endpoint.made(uris=f"globustransfer://{SOURCE}/scans/a")
    moved = endpoint.transfer(None, today(folder("/scans/", "/copy")), task())
    [source], [arrived] = moved["input_record_ids"], moved["output_record_ids"]
    assert derived_from(endpoint, source) == {
        (files["scans/a"], 2),
        (files["scans/b/c"], 1),
        (files[f"scans/{DEEP}/d"], 1),
    }
    assert derived_from(endpoint, arrived) == {(source, 1)}


@pytest.mark.parametrize("item", [folder("/scans", "/copy"), ("/scans/", "/copy/")])
def test_a_folder_that_is_sent_again_with_other_files_is_sent_with_its_next_content(
    endpoint: Endpoint, item: Any
) -> None:
    file = f"globustransfer://{SOURCE}/scans/a"
    record = endpoint.made(uris=file)
    first = endpoint.transfer(None, today(item), task("1"))
    [source], [target] = first["input_record_ids"], first["output_record_ids"]
    endpoint.made(uris=file)
    later = endpoint.transfer(None, today(item), task("2"))
    assert later["input_versions"] == {str(source): 2}
    assert derived_from(endpoint, source) == {(record, 1)}
    assert derived_from(endpoint, source, 2) == {(record, 2)}
    assert derived_from(endpoint, target, later["output_versions"][str(target)]) == {(source, 2)}


def test_a_folder_deep_down_comes_from_its_own_files_alone(endpoint: Endpoint) -> None:
    inside = endpoint.made(uris=f"globustransfer://{SOURCE}/{DEEP}/in/a")
    endpoint.made(uris=f"globustransfer://{SOURCE}/{DEEP}/out/a")
    endpoint.made(uris=f"globustransfer://{SOURCE}/{DEEP}/in-2/a")
    moved = endpoint.transfer(None, today(folder(f"/{DEEP}/in", "/copy")), task())
    assert derived_from(endpoint, moved["input_record_ids"][0]) == {(inside, 1)}


def test_a_file_that_is_transferred_alone_stands_for_no_folder(endpoint: Endpoint) -> None:
    endpoint.made(uris=f"globustransfer://{SOURCE}/scans/a")
    moved = endpoint.transfer(None, today(("/scans", "/copy")), task())
    assert derived_from(endpoint, moved["input_record_ids"][0]) == set()


def test_a_folder_whose_files_came_from_it_is_transferred_with_its_next_content(
    endpoint: Endpoint,
) -> None:
    first = endpoint.transfer(None, today(folder("/raw", "/scans")), task("1"))
    [scans] = first["output_record_ids"]
    seen = endpoint.used(uris=f"globustransfer://{TARGET}/scans/seen")
    made = endpoint.made(uris=f"globustransfer://{TARGET}/scans/made")
    back = {
        "source_endpoint": TARGET,
        "destination_endpoint": SOURCE,
        "DATA": [folder("/scans", "/back")],
    }
    second = endpoint.transfer(first, back, task("2"))
    assert second["input_record_ids"] == [scans]
    assert second["input_versions"] == {str(scans): 2}
    assert derived_from(endpoint, seen) == {(scans, 1)}
    assert derived_from(endpoint, scans, 2) == {(seen, 1), (made, 1)}
    assert derived_from(endpoint, second["output_record_ids"][0]) == {(scans, 2)}


def test_a_folder_on_a_known_collection_stands_for_the_files_on_its_host(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAID_DB_COLLECTIONS", f'{{"{SOURCE}": "file:///export/"}}')
    file = endpoint.made(uris="file:///export/scans/a")
    moved = endpoint.transfer(None, today(folder("/scans", "/copy")), task())
    [source] = moved["input_record_ids"]
    assert derived_from(endpoint, source) == {(file, 1)}
    late = endpoint.used(uris="beamline.example.org:/export/scans/late")
    assert derived_from(endpoint, late) == {(source, 1)}


def test_a_transfer_depends_on_the_steps_whose_results_it_was_made_of(endpoint: Endpoint) -> None:
    step = endpoint.step(step_name="Pack")
    told = {"source_endpoint": "a", "destination_endpoint": "b", "DATA": []}
    moved = endpoint.transfer(None, told, {"task_id": "t"}, other_predecessor_record_ids=step)
    [into] = endpoint.into(moved["flow_state_record_id"])
    assert into == ((step["flow_state_record_id"], 1), "informed")
    line = refused(
        endpoint,
        lambda: endpoint.transfer(None, told, {"task_id": "u"}, other_predecessor_record_ids=99),
    )
    assert "99" in line
