"""A real run's log, of a flow whose first and last transfer write to one path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from braid_db.compute.action import V2_URLS, ComputeActions
from braid_db.flows import ActionCall, ActionProvider, run_flow
from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.world import INPUT, OLD_TRANSFER, REGISTERED, Here
from tests.flows.reconciling.books import Book, book, read, times, told_of
from tests.functions.calls import Endpoint, refused

DATA = Path(__file__).parent / "data"
RUN = "9d6b4b1e-7f0a-4c55-8d0f-2f3f6f7a1b22"
ORDER = [
    "TransferToCompute",
    "Ls",
    "Transfer_provenance_ls",
    "Getscript",
    "Transfer_provenance_GetScript",
    "TransferFromCompute",
]
STAGING = "globustransfer://b782400e-3e59-412c-8f73-56cd0782301f"
COMPUTE = "globustransfer://8ee44381-114a-45de-b8f8-d105a90c200d"
CRATES = "globustransfer://4a420ad5-4113-4d7d-aba2-883f8208e897"
FOLDER = "bef81ab4-3b89-4b36-a26a-e1b98a564ec8"
LAST_TASK = "c200ab06-08dd-11ef-82c0-57b5c7e2fa2b"
TASKS = ("b2bb0cea-ce63-4a83-ba58-74df9b8bce71", "7a171870-b038-4174-84e1-29cdcc42f72c")


def log() -> Any:
    return json.loads((DATA / "run_log.json").read_text(encoding="utf-8"))


def definition() -> Any:
    return json.loads((DATA / "run_log_definition.json").read_text(encoding="utf-8"))


@pytest.fixture
def kept(endpoint: Endpoint) -> Iterator[Book]:
    """A database, on either kind, that the run was reconciled into."""
    with book(endpoint.url) as opened:
        opened.reconcile(read(log(), definition(), RUN))
        yield opened


def test_all_that_ran_is_recorded_in_its_order(kept: Book) -> None:
    ids = kept.reconcile(read(log(), definition(), RUN)).record_ids
    names = [kept.endpoint.record(one).name for one in ids]
    assert [name for name in names if "Step" in name] == ["Action Step Ls", "Action Step Getscript"]
    followed = {(a, b) for (a, _), role, (b, _) in kept.endpoint.edges() if role == "followed"}
    assert followed == set(pairwise(ids))
    assert len(ids) == len(ORDER)


def test_the_two_transfers_that_wrote_one_path_are_both_there(kept: Book) -> None:
    ids = kept.reconcile(read(log(), definition(), RUN)).record_ids
    ends = [_ends(kept.endpoint, ids[number]) for number in (0, 5)]
    assert ends == [
        (f"{STAGING}/output/test.txt", f"{COMPUTE}/input/test.txt"),
        (f"{COMPUTE}/output/test.txt", f"{STAGING}/input/test.txt"),
    ]
    assert kept.endpoint.record(ids[5]).tags["bytes_transferred"] == 86091
    assert kept.endpoint.record(ids[0]).name != kept.endpoint.record(ids[5]).name


def test_what_the_log_left_unevaluated_is_evaluated(kept: Book) -> None:
    ids = kept.reconcile(read(log(), definition(), RUN)).record_ids
    for number, task in zip((2, 4), TASKS, strict=True):
        expected = (f"{COMPUTE}/{task}.crate", f"{CRATES}/{FOLDER}/{task}")
        assert _ends(kept.endpoint, ids[number]) == expected


def test_inputs_are_the_resolved_ones(kept: Book) -> None:
    ids = kept.reconcile(read(log(), definition(), RUN)).record_ids
    [told] = kept.endpoint.record(ids[1]).tags["parameters.tasks"]
    assert told["function"] == "0944fd60-b64c-49f0-96fd-05c9c85d7360"
    assert told["payload"]["to_compute_transfer_source_path"] == "/output/test.txt"


def test_times_are_those_of_the_actions_themselves(kept: Book) -> None:
    ids = kept.reconcile(read(log(), definition(), RUN)).record_ids
    assert times(kept.endpoint, ids[0]) == (
        datetime(2024, 5, 2, 23, 41, 29, tzinfo=UTC),
        datetime(2024, 5, 2, 23, 41, 37, tzinfo=UTC),
    )
    assert times(kept.endpoint, ids[1]) == (
        datetime(2024, 5, 2, 23, 41, 51, 667575, tzinfo=UTC),
        datetime(2024, 5, 2, 23, 42, 3, 847899, tzinfo=UTC),
    )


def test_a_transfer_depends_on_the_computation_that_named_its_file(kept: Book) -> None:
    ids = kept.reconcile(read(log(), definition(), RUN)).record_ids
    informed = {(a, b) for (a, _), role, (b, _) in kept.endpoint.edges() if role == "informed"}
    assert informed == {(ids[1], ids[2]), (ids[3], ids[4])}


def test_without_the_definition_the_order_is_known_and_what_was_transferred(
    endpoint: Endpoint,
) -> None:
    with book(endpoint.url) as opened:
        ids = opened.reconcile(read(log(), None, RUN)).record_ids
        roles = {role for _, role, _ in endpoint.edges()}
        assert roles == {"followed", "transferred", "generated", "derived"}
        assert _ends(endpoint, ids[4])[0] == f"{COMPUTE}/{TASKS[1]}.crate"


def test_a_log_is_read_alike_from_either_end_and_twice_changes_nothing(kept: Book) -> None:
    before = kept.endpoint.everything()
    for entries in (log(), log()[::-1]):
        assert kept.reconcile(read(entries, definition(), RUN)).new == []
    assert kept.endpoint.everything() == before


def test_a_run_that_cannot_be_recorded_whole_is_not_recorded_at_all(endpoint: Endpoint) -> None:
    page = f"https://app.globus.org/activity/{LAST_TASK}/overview"
    endpoint.made(name="of another kind", uris=page)
    with book(endpoint.url) as opened:
        refused(endpoint, lambda: opened.reconcile(read(log(), definition(), RUN)))


class Replay:
    """Answers each action with the document that the real run got."""

    def __init__(self) -> None:
        self._documents = {
            entry["details"]["state_name"]: _document(entry["details"])
            for entry in log()
            if entry["code"] == "ActionCompleted"
        }

    def run(self, call: ActionCall) -> dict[str, Any]:
        return dict(self._documents[call.state_name])


def test_the_same_flow_run_here_with_provenance_records_the_same(
    kept: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'recorded.db'}"
    monkeypatch.setenv("BRAID_DB_URL", url)
    woven = instrument(definition(), registered=REGISTERED).definition
    actions: dict[str, ActionProvider] = dict.fromkeys((OLD_TRANSFER, *V2_URLS), Replay())
    given = {"input": log()[-1]["details"]["input"]["input"], **INPUT}
    entries: list[Any] = []
    ran = run_flow(
        woven,
        given,
        run_id=RUN,
        actions={**ComputeActions(Here()).providers(), **actions},
        on_event=lambda event: entries.append(event.as_log_entry()),
    )
    assert ran.succeeded, ran.explanation
    with book(url) as recorded:
        assert told_of(recorded.endpoint) == told_of(kept.endpoint)
        before = recorded.endpoint.everything()
        assert recorded.reconcile(read(entries, woven)).new == []
        assert recorded.endpoint.everything() == before


def _document(details: dict[str, Any]) -> dict[str, Any]:
    found = [one for one in details["output"].values() if isinstance(one, dict)]
    [mine] = [one for one in found if one.get("state_name") == details["state_name"]]
    return mine


def _ends(endpoint: Endpoint, task: int) -> tuple[str, str]:
    """Return the URIs of the one source and the one destination of a transfer."""
    edges = endpoint.edges()
    [source] = [a for (a, _), role, (b, _) in edges if role == "transferred" and b == task]
    [arrived] = [b for (a, _), role, (b, _) in edges if role == "generated" and a == task]
    return endpoint.record(source).uris[0], endpoint.record(arrived).uris[0]
