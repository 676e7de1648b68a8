"""Histories and arguments that were seen to go wrong once, each kept as a test."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from typing import Any

import pytest

from braid_db import errors
from tests.functions.calls import Endpoint

ENDS = {"source_endpoint": "E1", "destination_endpoint": "E2"}


def transfer(task: str, *items: dict[str, Any], status: str = "SUCCEEDED") -> dict[str, Any]:
    return {
        "transfer_input": {**ENDS, "DATA": list(items)},
        "transfer_result": {"details": {"task_id": task, "status": status}},
    }


FOLDER = {"source_path": "/f/", "destination_path": "/g/", "recursive": True}


def test_what_came_into_a_folder_later_is_not_told_of_what_was_sent_before(
    endpoint: Endpoint,
) -> None:
    endpoint.step(output_record_defs={"uris": "globustransfer://E1/f/a"})
    first = endpoint.transfer(**transfer("one", FOLDER))
    endpoint.step(output_record_defs={"uris": "globustransfer://E1/f/b"})
    second = endpoint.transfer(**transfer("two", FOLDER))
    [folder] = first["input_record_ids"]
    assert second["input_versions"] == {str(folder): 2}
    assert len(endpoint.into(folder, 1)) == 1
    assert len(endpoint.into(folder, 2)) == 2


def test_a_folder_that_has_nothing_new_in_it_stays_the_same(endpoint: Endpoint) -> None:
    endpoint.step(output_record_defs={"uris": "globustransfer://E1/f/a"})
    endpoint.transfer(**transfer("one", FOLDER))
    assert endpoint.transfer(**transfer("two", FOLDER))["input_versions"] == {}


def test_a_file_that_is_named_before_its_folder_comes_from_it_too(endpoint: Endpoint) -> None:
    step = endpoint.step(input_record_defs=[{"uris": "file:///f/a"}, {"uris": "file:///f"}])
    file, folder = step["input_record_ids"]
    assert endpoint.into(file) == {((folder, 1), "derived")}


@pytest.mark.parametrize(
    "told",
    [
        {"items": [{"source_path": "/a", "destination_path": "/b"}]},
        {"DATA": [{"source": "/a", "dest": "/b"}]},
    ],
)
def test_a_transfer_whose_files_are_not_understood_is_refused(
    endpoint: Endpoint, told: dict[str, Any]
) -> None:
    with pytest.raises(errors.InvalidArgument):
        endpoint.transfer(transfer_input={**ENDS, **told})


def test_a_key_that_is_null_counts_as_absent(endpoint: Endpoint) -> None:
    items = [{"source_path": "/a", "destination_path": "/b"}]
    told = {"DATA": None, "transfer_items": items, "source_endpoint": None}
    told |= {"source_endpoint_id": "E1", "destination_endpoint_id": "E2"}
    result = endpoint.transfer(transfer_input=told)
    assert [len(result[key]) for key in ("input_record_ids", "output_record_ids")] == [1, 1]


def test_a_document_from_before_the_end_does_not_turn_a_task_back(endpoint: Endpoint) -> None:
    item = {"source_path": "/a", "destination_path": "/b"}
    done = endpoint.transfer(**transfer("one", item))
    late = endpoint.transfer(**transfer("one", item, status="ACTIVE"))
    assert late["flow_state_record_id"] == done["flow_state_record_id"]
    assert endpoint.record(done["flow_state_record_id"]).tags["status"] == "SUCCEEDED"


def test_a_list_that_holds_itself_is_refused(endpoint: Endpoint) -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(errors.InvalidArgument, match="nested deeper"):
        endpoint.step(previous_step_output=circle)


def test_an_object_of_another_library_is_refused_by_a_sentence(endpoint: Endpoint) -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(errors.InvalidArgument, match="a Python ndarray"):
        endpoint.step(previous_step_output=numpy.array([1, 2]))


def all_errors(base: type[errors.BraidError] = errors.BraidError) -> list[type[errors.BraidError]]:
    return [base, *(error for below in base.__subclasses__() for error in all_errors(below))]


@pytest.mark.parametrize("kind", all_errors())
def test_an_error_passes_between_processes_as_it_is(kind: type[errors.BraidError]) -> None:
    error = kind.__new__(kind)
    error.args = ("what happened",)
    error.where = "there"  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))
    assert again.where == "there"


def execute_task(work: Any) -> Any:
    """Stand where a worker's frame of this name stands."""
    os.environ["GC_TASK_UUID"] = "5f0c0d0e-0000-4000-8000-000000000001"
    return work()


def _part(endpoint: Endpoint, answers: Any) -> None:
    answers.put(endpoint.step(step_name="part")["flow_state_record_id"])


def test_equal_calls_of_a_tasks_children_are_calls_of_their_own(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GC_TASK_UUID", "")
    fork = multiprocessing.get_context("fork")
    answers: Any = fork.Queue()

    def task() -> list[int]:
        parts = [fork.Process(target=_part, args=(endpoint, answers)) for _ in range(3)]
        for part in parts:
            part.start()
        found = [answers.get(timeout=60) for _ in parts]
        for part in parts:
            part.join()
        return found

    assert len(set(execute_task(task))) == 3
