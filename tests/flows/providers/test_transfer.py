"""Tests of transfers between folders: files, folders, checksums, faults and the task document."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows.providers import TRANSFER_BASES
from tests.flows.providers.doing import HERE, THERE, Sites, details, fault, item

# The keys of the task documents in a real run log.
TASK_KEYS = set(
    """DATA_TYPE bytes_checksummed bytes_transferred canceled_by_admin canceled_by_admin_message
    command completion_time deadline delete_destination_extra destination_base_path
    destination_endpoint destination_endpoint_display_name destination_endpoint_id
    destination_local_user destination_local_user_status directories effective_bytes_per_second
    encrypt_data event_list fail_on_quota_errors fatal_error faults files files_skipped
    files_transferred filter_rules history_deleted is_ok is_paused label nice_status
    nice_status_details nice_status_expires_in nice_status_short_description owner_id
    preserve_timestamp recursive_symlinks request_time skip_source_errors source_base_path
    source_endpoint source_endpoint_display_name source_endpoint_id source_local_user
    source_local_user_status status subtasks_canceled subtasks_expired subtasks_failed
    subtasks_pending subtasks_retrying subtasks_skipped_errors subtasks_succeeded subtasks_total
    symlinks sync_level task_id type username verify_checksum""".split()
)
STATUS_KEYS = {"state_name", "action_id", "status", "details", "completion_time", "creator_id"} | {
    *("display_status", "label", "manage_by", "monitor_by", "release_after", "start_time")
}


def test_a_file_is_copied_and_the_task_document_is_the_services(sites: Sites) -> None:
    sites.write("a/scan.h5", "photons")
    finished = sites.transfer(item("/a/scan.h5", "/new/b.h5"), label="to there")
    assert (sites.there / "new/b.h5").read_text() == "photons"
    document = finished.state["r"]
    assert set(document) == STATUS_KEYS
    assert set(document["details"]) == TASK_KEYS
    told = details(finished)
    assert (told["files"], told["files_transferred"], told["bytes_transferred"]) == (1, 1, 7)
    assert (told["source_endpoint_id"], told["destination_endpoint_id"]) == (HERE, THERE)
    assert (told["status"], told["label"], told["faults"]) == ("SUCCEEDED", "to there", 0)
    assert [event["code"] for event in told["event_list"]] == ["SUCCEEDED"]


@pytest.mark.parametrize("base", TRANSFER_BASES)
def test_both_generations_of_inputs_are_taken_under_every_url(sites: Sites, base: str) -> None:
    sites.write("a", "x")
    today = {"source_endpoint": HERE, "destination_endpoint": THERE, "DATA": [item("/a", "/b")]}
    before = {
        "source_endpoint_id": HERE,
        "destination_endpoint_id": THERE,
        "transfer_items": [item("/a", "/c", recursive=False)],
    }
    for body in (today, before):
        assert details(sites.act("transfer", body, base=base))["files"] == 1
    assert sorted(path.name for path in sites.there.iterdir()) == ["b", "c"]


@pytest.mark.parametrize("recursive", [{}, {"recursive": True}, {"recursive": None}])
def test_a_folder_is_copied_with_all_that_is_in_it_but_links(
    sites: Sites, recursive: dict[str, Any]
) -> None:
    sites.write("run/1/a", "1")
    sites.write("run/b", "22")
    (sites.here / "run/empty").mkdir()
    (sites.here / "run/link").symlink_to(sites.here / "run/b")
    told = details(sites.transfer(item("/run/", "/~/copy/", **recursive)))
    found = sorted(str(p.relative_to(sites.there)) for p in sites.there.rglob("*"))
    assert found == ["copy", "copy/1", "copy/1/a", "copy/b", "copy/empty"]
    assert (told["files"], told["directories"], told["symlinks"]) == (2, 3, 1)


def test_a_folder_can_be_copied_into_itself(sites: Sites) -> None:
    sites.write("run/a", "1")
    body = {"source_endpoint": HERE, "destination_endpoint": HERE}
    details(sites.act("transfer", {**body, "DATA": [item("/run", "/run/copy")]}))
    assert (sites.here / "run/copy/a").read_text() == "1"


@pytest.mark.parametrize(
    ("source", "destination", "fields", "code"),
    [
        ("/missing", "/b", {}, "FILE_NOT_FOUND"),
        ("/folder", "/b", {"recursive": False}, "IS_A_DIRECTORY"),
        ("/file", "/b", {"recursive": True}, "NOT_A_DIRECTORY"),
        ("/file", "/taken", {}, "IS_A_DIRECTORY"),
        ("/file", "/b/", {}, "IS_A_DIRECTORY"),
        ("/file", "/plain/b", {}, "NOT_A_DIRECTORY"),
        ("/file", "/b", {"external_checksum": "0" * 32}, "CHECKSUM_MISMATCH"),
    ],
)
def test_a_fault_fails_the_task_and_leaves_nothing_half_written(
    sites: Sites, source: str, destination: str, fields: dict[str, Any], code: str
) -> None:
    sites.write("file", "x")
    (sites.here / "folder").mkdir()
    (sites.there / "taken").mkdir()
    (sites.there / "plain").write_text("kept")
    failed = sites.transfer(item(source, destination, **fields))
    assert fault(failed) == code
    assert sorted(path.name for path in sites.there.rglob("*")) == ["plain", "taken"]
    assert str(sites.outside) not in str(failed)


def test_a_file_with_the_checksum_that_was_told_is_taken(sites: Sites) -> None:
    sites.write("a", "x")
    md5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    sha = hashlib.sha256(b"x").hexdigest()
    details(sites.transfer(item("/a", "/b", external_checksum=md5)))
    told = {"external_checksum": sha.upper(), "checksum_algorithm": "SHA-256"}
    details(sites.transfer(item("/a", "/c", **told)))


def test_sources_that_cannot_be_read_are_skipped_where_that_is_asked_for(sites: Sites) -> None:
    sites.write("a", "x")
    told = details(
        sites.transfer(item("/missing", "/m"), item("/a", "/b"), skip_source_errors=True)
    )
    assert (told["faults"], told["files_skipped"], told["files_transferred"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("level", "copied"),
    [(0, ""), ("exists", ""), ("size", "l"), ("checksum", "ls"), (3, "ls"), (None, "els")],
)
def test_a_sync_level_leaves_what_is_there_already(sites: Sites, level: Any, copied: str) -> None:
    there = {"e": "same", "s": "diff", "l": "longer"}
    for name, text in there.items():
        sites.write(name, "same")
        (sites.there / name).write_text(text)
    items = [item(f"/{name}", f"/{name}") for name in there]
    told = details(sites.transfer(*items, sync_level=level))
    assert told["files_skipped"] == 3 - len(copied)
    for name, text in there.items():
        assert (sites.there / name).read_text() == ("same" if name in copied else text)


@pytest.mark.parametrize("path", ["/../secret", "..", "/a/../../secret", "/link/x", "/~/../secret"])
def test_no_path_leads_out_of_its_folder(sites: Sites, path: str) -> None:
    (sites.outside / "secret").write_text("s")
    for folder in (sites.here, sites.there):
        (folder / "link").symlink_to(sites.outside)
    sites.write("a", "x")
    for items in ([item(path, "/b")], [item("/a", path)], [item("/a", "/c"), item(path, "/d")]):
        refused = sites.transfer(*items)
        assert refused.error == "ActionUnableToRun"
        assert "leads out of the folder" in str(refused.explanation)
    for name in ("ls", "stat", "mkdir"):
        assert sites.act(name, {"endpoint_id": HERE, "path": path}).error == "ActionUnableToRun"
    deleted = sites.act("delete", {"endpoint": HERE, "DATA": [{"path": path}], "recursive": True})
    assert deleted.error == "ActionUnableToRun"
    assert (sites.outside / "secret").read_text() == "s"
    assert [path.name for path in sites.there.iterdir()] == ["link"]


def test_a_link_in_the_destination_leads_no_file_out_of_its_folder(sites: Sites) -> None:
    sites.write("run/sub/a", "x")
    (sites.there / "run").mkdir()
    (sites.there / "run/sub").symlink_to(sites.outside)
    assert fault(sites.transfer(item("/run", "/run"))) == "PERMISSION_DENIED"
    assert not (sites.outside / "a").exists()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"source_endpoint": "cccc"}, "No folder stands for the collection 'cccc'"),
        ({"source_endpoint_id": HERE}, "both of 'source_endpoint' and 'source_endpoint_id'"),
        ({"DATA": []}, "a list of one item or more"),
        ({"DATA": [{"source_path": "/a"}]}, "'destination_path' is None"),
        ({"DATA": [item("/a", "/b", recursive="yes")]}, "'recursive' is 'yes'"),
        ({"sync_level": 7}, "'sync_level' is 7"),
        ({"delete_destination_extra": True}, "'delete_destination_extra' is asked for"),
        ({"recursive_symlinks": "copy"}, "they are only ignored"),
    ],
)
def test_an_input_that_cannot_be_done_is_refused(
    sites: Sites, body: dict[str, Any], complaint: str
) -> None:
    sites.write("a", "x")
    refused = sites.transfer(item("/a", "/b"))
    assert refused.succeeded
    whole = {"source_endpoint": HERE, "destination_endpoint": THERE, "DATA": [item("/a", "/b")]}
    refused = sites.act("transfer", {**whole, **body})
    assert refused.error == "ActionUnableToRun"
    assert complaint in str(refused.explanation)


names = st.text("abc", min_size=1, max_size=2)
trees = st.recursive(
    st.binary(max_size=20), lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=6
)


def plant(tree: Any, at: Path) -> None:
    if isinstance(tree, bytes):
        at.write_bytes(tree)
        return
    at.mkdir()
    for name, inner in tree.items():
        plant(inner, at / name)


def grown(at: Path) -> Any:
    if at.is_file():
        return at.read_bytes()
    return {inner.name: grown(inner) for inner in at.iterdir()}


@given(st.dictionaries(names, trees, max_size=3))
def test_a_folder_arrives_as_it_was_and_a_second_transfer_changes_nothing(tree: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sites = Sites(Path(folder))
        plant(tree, sites.here / "run")
        for level in (None, "checksum"):
            told = details(sites.transfer(item("/run/", "/run/"), sync_level=level))
            assert grown(sites.there / "run") == grown(sites.here / "run") == tree
        assert told["files_transferred"] == 0
        assert told["files_skipped"] == told["files"]
