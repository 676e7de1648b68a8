"""Starting flows of the service and following their runs to the end, as the commands do."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from braid_db.flows.errors import RunInactive, StartInDoubt
from braid_db.flows.events import Event
from braid_db.flows.published import PublishedFlows
from braid_db.flows.publishing import Publisher
from braid_db.flows.run_input import read_definition
from braid_db.flows.service import FlowsService, LogPage
from braid_db.flows.watching import Watcher, watch
from tests.globus.account import Account
from tests.globus.flow_files import FAIL, GREET, SCHEMA, FlowFolder, acting_as, passing, wait

Published = Callable[..., FlowFolder]

RUN_ID = re.compile(r"Run ([0-9a-f-]{36}) started")


@pytest.fixture
def _as_owner(owner: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with acting_as(owner, monkeypatch):
        yield


@pytest.fixture
def service(_as_owner: None) -> FlowsService:
    return FlowsService()


@pytest.fixture
def published(owner: Account, service: FlowsService) -> Published:
    """What writes a flow of some states, and publishes it."""

    def publish(**states: Any) -> FlowFolder:
        # A flow of the same title and content would be taken for this one.
        folder = FlowFolder(owner.home / f"flow {uuid.uuid4()}", **states)
        fields = {"definition": read_definition(folder.definition), "input_schema": SCHEMA}
        Publisher(service, PublishedFlows(), folder.definition, fields).publish()
        return folder

    return publish


def flow_of(service: FlowsService, folder: FlowFolder) -> str:
    """Return the id of a flow that is published."""
    found = PublishedFlows().find(service.owner, folder.definition)
    assert found is not None
    return found.flow_id


def began(service: FlowsService, folder: FlowFolder) -> str:
    """Start a flow and return its run's id."""
    return str(service.start(flow_of(service, folder), {"word": "hello"})["run_id"])


def command(owner: Account) -> str:
    """Return the program that an account's commands run."""
    return str(owner.python.with_name("braid-db"))


def watching(owner: Account, run_id: str, **streams: Any) -> subprocess.Popen[bytes]:
    """Begin to watch a run, until the first of its states was shown."""
    line = [command(owner), "flow", "watch", run_id, "--format", "json"]
    process = subprocess.Popen(
        line, env=owner.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **streams
    )
    assert process.stderr is not None
    assert b"started" in process.stderr.readline()
    return process


def test_a_flow_is_started_and_watched_to_its_end(owner: Account, published: Published) -> None:
    folder = published(Greet=GREET)
    start = ("flow", "start", folder.definition, "--input", folder.input)
    done = owner.run(*start, "--set", "word=good day", "--watch", "--label", "one", "--tag", "a")
    assert done.returncode == 0, done.stderr
    [run_id] = RUN_ID.findall(done.stderr)
    assert done.stdout == f"Run {run_id} SUCCEEDED\n"
    shown = [line.split(" ", 2)[2] for line in done.stderr.splitlines()[1:]]
    assert shown == ["Greet started", "Greet done"]
    told = owner.ask("flow", "watch", run_id)
    assert (told["status"], told["label"]) == ("SUCCEEDED", "one")
    assert told["flow_title"] == folder.definition.parent.name
    assert told["state"]["Greet"]["details"]["hello"] == "good day"


def test_an_input_that_does_not_fit_starts_nothing(
    owner: Account, published: Published, service: FlowsService
) -> None:
    folder = published(Greet=GREET)
    start = ("flow", "start", folder.definition, "--input", folder.input)
    for options in (("--dry-run",), ("--watch",)):
        done = owner.run(*start, "--set", "word=1", *options)
        assert done.returncode == 1
        assert "$.word: 1 is not of type 'string'" in done.stderr
        assert "[flow-input-invalid]" in done.stderr
    assert owner.ask(*start, "--dry-run")["valid"]
    runs = service._client.list_runs(filter_flow_id=flow_of(service, folder))
    assert list(runs) == []


def test_a_flow_that_is_not_published_is_not_started(owner: Account) -> None:
    folder = FlowFolder(owner.home / "flow", Greet=GREET)
    done = owner.run("flow", "start", folder.definition)
    assert done.returncode == 1
    assert "[flow-not-published]" in done.stderr


def test_who_starts_a_changed_definition_is_told_that_the_published_one_runs(
    owner: Account, published: Published
) -> None:
    folder = published(Greet=GREET)
    folder.write(Lose=FAIL)
    done = owner.run("flow", "start", folder.definition, "--input", folder.input, "--watch")
    assert done.returncode == 0
    assert "was changed since it was published" in done.stderr


def test_a_run_that_fails_ends_watching_with_1_and_says_where(
    owner: Account, published: Published
) -> None:
    folder = published(Lose=FAIL)
    start = ("flow", "start", folder.definition, "--input", folder.input, "--watch")
    done = owner.run(*start, "--format", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["status"], told["failed_state"], told["error"]) == ("FAILED", "Lose", "NoLuck")
    assert "failed in state Lose: NoLuck: the die was cast" in done.stderr


def test_a_run_is_shown_on_a_terminal(
    owner: Account, published: Published, service: FlowsService
) -> None:
    run_id = began(service, published(Pause=wait(1, Next="Greet"), Greet=GREET))
    ours, theirs = pty.openpty()
    line = [command(owner), "flow", "watch", run_id]
    environment = owner.environment | {"TERM": "xterm"}
    process = subprocess.Popen(
        line, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    assert process.wait() == 0
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.read().decode() == f"Run {run_id} SUCCEEDED\n"
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    [took_s] = re.findall(r"done Pause (\d+\.\d) s", text)
    assert 0.9 <= float(took_s) <= 30
    assert "done Greet" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # nobody is at the other end any more
        os.close(terminal)
        return b""


def test_a_cloud_that_is_away_for_a_while_does_not_end_watching(
    owner: Account, published: Published, service: FlowsService
) -> None:
    run_id = began(service, published(Pause=wait(4)))
    process = watching(owner, run_id)
    owner.cloud.stop()
    owner.cloud.start()
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out)["status"] == "SUCCEEDED"


def test_ctrl_c_ends_watching_and_not_the_run_which_can_be_cancelled(
    owner: Account, published: Published, service: FlowsService
) -> None:
    run_id = began(service, published(Pause=wait(3600)))
    process = watching(owner, run_id)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert f"flow watch {run_id}" in err.decode()
    assert service.get_run(run_id)["status"] == "ACTIVE"
    process = watching(owner, run_id)
    service._client.cancel_run(run_id)
    out, _ = process.communicate()
    assert (process.returncode, json.loads(out)["error"]) == (1, "FlowCanceled")


def test_each_entry_of_a_long_log_is_told_once_and_in_order(
    owner: Account, published: Published, service: FlowsService
) -> None:
    names = [f"S{number}" for number in range(80)]
    states = {one: passing(Next=after) for one, after in pairwise(names)}
    run_id = began(service, published(**states, **{names[-1]: wait(2)}))
    told: list[Event] = []
    assert watch(service, run_id, Watcher(told.append)).succeeded
    pages = service._client.paginated.get_run_logs(run_id, limit=7)
    whole = [(one["code"], one["time"]) for page in pages for one in page["entries"]]
    assert len(whole) == 162
    assert [(one.code, one.as_log_entry()["time"]) for one in told] == whole


def test_a_run_that_waits_for_a_consent_ends_watching_with_the_reason() -> None:
    class Waiting(FlowsService):
        """The service, where a run misses a consent, as ours here never does."""

        def get_run(self, run_id: str) -> dict[str, Any]:
            reason = {"code": "ConsentRequired", "description": "Missing required data_access"}
            return {"run_id": run_id, "flow_id": "f", "status": "INACTIVE", "details": reason}

        def log_page(self, run_id: str, marker: str | None = None) -> LogPage:
            return LogPage([], None)

    with pytest.raises(RunInactive, match="Missing required data_access"):
        watch(Waiting(), "r", Watcher())


def test_a_start_without_an_answer_is_sent_once_and_said_to_be_in_doubt(
    owner: Account,
    service: FlowsService,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow_id = flow_of(service, published(Greet=GREET))
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server, acting_as(owner, monkeypatch):
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_FLOWS", url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        threading.Thread(target=_hear_and_leave, args=(server, requests), daemon=True).start()
        with pytest.raises(StartInDoubt, match="may or may not have been started"):
            FlowsService().start(flow_id, {"word": "hello"})
    assert [line.split(b" ")[0:2] for line in requests] == [
        [b"POST", f"/flows/{flow_id}/run".encode()]
    ]


def _hear_and_leave(server: socket.socket, requests: list[bytes]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            requests.append(connection.recv(65536))
