"""What must not run is refused, by the service or by the endpoint, and nothing of it is run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from globus_compute_sdk.serialize import ComputeSerializer, DillDataBase64

from tests.globus.served import Served
from tests.globus.web import Refusal, Web


@pytest.fixture
def notes(sqlite_served: Served, tmp_path: Path) -> Path:
    """A file in which whatever runs leaves a line; what may run does."""
    assert sqlite_served.by_flow("note", path=str(tmp_path / "may run")) == {"word": "run"}
    assert (tmp_path / "may run").exists()
    return tmp_path / "notes"


def refused(status: int, call: Callable[..., Any], *arguments: Any) -> None:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    assert caught.value.status == status


def test_a_function_that_is_not_on_the_list_is_refused(
    sqlite_served: Served, notes: Path, tmp_path: Path
) -> None:
    module = tmp_path / "later.py"
    module.write_text("def later(path):\n    open(path, 'a').close()\n")
    function_id = sqlite_served.account.register("later", "--functions", module)["later"]
    endpoint_id, arguments = sqlite_served.endpoint_id, {"path": str(notes)}
    outcome = sqlite_served.client.call(endpoint_id, function_id, **arguments)
    assert "not permitted" in outcome["refused"]
    refused(403, sqlite_served.web.run_action, endpoint_id, (function_id, arguments))
    assert not notes.exists()


def test_arguments_that_were_pickled_are_not_unpacked(sqlite_served: Served, notes: Path) -> None:
    serializer = ComputeSerializer(strategy_data=DillDataBase64())
    packed = serializer.pack_buffers(
        [serializer.serialize([]), serializer.serialize({"path": str(notes)})]
    )
    web, note = sqlite_served.web, sqlite_served.ids["note"]
    body = {"tasks": {note: [packed]}}
    sent = web.post(f"/v3/endpoints/{sqlite_served.endpoint_id}/submit", body)
    [task_id] = sent["tasks"][note]
    deadline = time.monotonic() + 180
    while (task := web.get(f"/v2/tasks/{task_id}"))["status"] == "waiting-for-ep":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert task["status"] == "failed"
    assert "DillDataBase64" in task["exception"]
    assert not notes.exists()


def test_a_token_of_nobodys_runs_nothing(sqlite_served: Served, notes: Path) -> None:
    nobody = Web(sqlite_served.account.cloud, token="nobodys")
    call = (sqlite_served.ids["note"], {"path": str(notes)})
    refused(401, nobody.run_action, sqlite_served.endpoint_id, call)
    assert not notes.exists()


def test_eleven_megabytes_are_refused(sqlite_served: Served, notes: Path) -> None:
    arguments = {"path": str(notes), "word": "x" * 11_000_000}
    note, endpoint_id = sqlite_served.ids["note"], sqlite_served.endpoint_id
    outcome = sqlite_served.client.call(endpoint_id, note, **arguments)
    assert "HTTP 413" in outcome["refused"]
    refused(413, sqlite_served.web.run_action, endpoint_id, (note, arguments))
    assert not notes.exists()
