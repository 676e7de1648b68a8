"""``python -m tests.globus.flow_runner FOLDER``: what the cloud runs a flow by.

It is the runner of ``braid-db flow run``, with a run's context as the cloud gives it, and compute
actions sent to the cloud's action provider. What else an action calls is not there.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from braid_db.errors import BraidError
from braid_db.flows.actions import ActionCall, ActionProvider, timed_out, unable_to_run
from braid_db.flows.definition import action_url
from braid_db.flows.events import Event, Listener
from braid_db.flows.log_file import LogFile
from braid_db.flows.point import RunPoint, load, save, start_of
from braid_db.flows.providers import hosted_providers
from braid_db.flows.runner import RunSetup, continue_run
from braid_db.flows.scope import visible

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_POLLS_EVERY_S = 0.1


class WebProvider:
    """An action provider as it is reached through the web.

    :param url: where it is.
    :param token: that of whoever runs the flow.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Begin an action, or find the one that this call began before, and wait for its end."""
        deadline = time.monotonic() + call.wait_time_s
        try:
            document = self._send("/run", {"request_id": str(call.id), "body": call.body})
            while document["status"] == "ACTIVE":
                if time.monotonic() > deadline:
                    raise timed_out(call, document, "the action took too long")
                time.sleep(_POLLS_EVERY_S)
                document = self._send(f"/{document['action_id']}/status")
        except urllib.error.HTTPError as error:
            with error:
                raise unable_to_run(error.read().decode()) from None
        return document

    def _send(self, path: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers)
        with _DIRECTLY.open(request, timeout=60) as answer:
            return dict(json.load(answer))


class Absent:
    """An action provider that is not there."""

    def run(self, call: ActionCall) -> dict[str, Any]:
        raise unable_to_run(f"there is no action provider at {call.url}")


def main(folder: Path) -> None:
    """Run the flow of a folder to its end, from where it stands there."""
    threading.Thread(target=_end_with_the_cloud, daemon=True).start()
    order, kept = json.loads((folder / "run.json").read_text()), folder / "point.json"
    with LogFile(folder / "log.json", goes_on=kept.exists()) as log:
        try:
            _run(order, kept, log)
        except BraidError as error:
            details = {"exception": "States.Runtime", "cause": str(error)}
            log.on_event(Event("FlowFailed", "The run could not go on", details))


def _run(order: dict[str, Any], kept: Path, log: LogFile) -> None:
    resumed = kept.exists()
    point = load(kept) if resumed else _start(order)
    if point.next is None:
        # It was killed after its last state, before it could say so.
        output = {"output": visible(point.state)}
        log.on_event(Event("FlowSucceeded", "The Flow Instance completed successfully", output))
        return
    setup = RunSetup(_providers(order), on_event=_told_to(log), keep=lambda at: save(at, kept))
    continue_run(point, setup, resumed=resumed)


def _told_to(log: LogFile) -> Listener:
    """Return who is told the events: without naming the run, which whoever asks for it knows."""

    def tell(event: Event) -> None:
        if event.code == "FlowStarted":
            event = replace(event, details={"input": event.details["input"]})
        log.on_event(event)

    return tell


def _start(order: dict[str, Any]) -> RunPoint:
    ids = {name: order["context"][name] for name in ("run_id", "flow_id")}
    point = start_of(order["definition"], order["input"], **ids)
    return replace(point, context=order["context"])


def _providers(order: dict[str, Any]) -> dict[str, ActionProvider]:
    states = order["definition"]["States"].values()
    urls = [action_url(state) for state in states if state["Type"] == "Action"]
    there = {url: WebProvider(at, order["token"]) for url, at in order["providers"].items()}
    return {**dict.fromkeys(urls, Absent()), **hosted_providers(), **there}


def _end_with_the_cloud() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
