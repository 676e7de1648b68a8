"""The runs of Globus Flows: how they are started, told of and ended, and their logs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.globus_cloud import validation
from tests.globus_cloud.auth import COMPUTE_SCOPE, FLOWS_SCOPES, Auth, Identity
from tests.globus_cloud.flows import (
    Flows,
    FlowsRefused,
    new_marker,
    page,
    read_marker,
    scope_of,
)
from tests.globus_cloud.running import Entry, Running
from tests.globus_cloud.state import State, Thing
from tests.globus_cloud.web import Answer, Request, Routes

_COMPUTE = "https://compute.actions.globus.org"
COMPUTE_PROVIDER = f"{_COMPUTE}/v3"
STATUS, MANAGE = f"{FLOWS_SCOPES}run_status", f"{FLOWS_SCOPES}run_manage"
_LONGEST_LABEL = 64
_MOST_ENTRIES = 100
_ENDS = {"FlowSucceeded": "SUCCEEDED", "FlowFailed": "FAILED"}
_MANAGERS = {"run_owner", "run_manager", "flow_run_manager"}
_TOKEN_VALID_S = 172800


class Runs:
    """The runs.

    :param folder: where each run has a folder.
    :param url: where this stand-in is, for the actions that runs call.
    :param runner: what runs flows, as :mod:`tests.globus_cloud.running` says.
    """

    def __init__(
        self, state: State, auth: Auth, flows: Flows, folder: Path, url: str, runner: Sequence[str]
    ) -> None:
        self._state, self._auth, self._flows, self._url = state, auth, flows, url
        self._running = Running(folder, runner, self._ended)
        for run_id, run in self._state.all("run"):
            if run["status"] != "ACTIVE":
                continue
            if self._end_of(run) is None:
                self._running.go_on(run_id)
            else:
                self._ended(run_id)

    def add_to(self, routes: Routes) -> None:
        """Answer the routes of this service."""
        routes.add("POST", "/flows/ID/run", self.start_run)
        routes.add("POST", "/flows/ID/validate_run", self.validate_run)
        routes.add("GET", "/runs", self.list_runs)
        routes.add("GET", "/runs/ID", self.get_run)
        routes.add("GET", "/runs/ID/definition", self.run_definition)
        routes.add("GET", "/runs/ID/log", self.run_log)
        routes.add("POST", "/runs/ID/cancel", self.cancel_run)

    def validate_run(self, request: Request, flow_id: str) -> Answer:
        """Tell what is wrong with the input of a run."""
        self._checked(request, flow_id)
        return {"message": "validation successful"}

    def start_run(self, request: Request, flow_id: str) -> Answer:
        """Begin a run as the caller."""
        owner, flow = self._checked(request, flow_id)
        told, run_id = request.json, str(uuid.uuid4())
        run = {
            "run_id": run_id,
            "flow_id": flow_id,
            "flow_title": flow["title"],
            "flow_last_updated": flow["updated_at"],
            "label": told.get("label") or "",
            "tags": told.get("tags") or [],
            "run_managers": told.get("run_managers") or [],
            "run_monitors": told.get("run_monitors") or [],
            "run_owner": owner.urn,
            "start_time": _now(),
            "completion_time": None,
            "status": "ACTIVE",
            "own_entries": [],
        }
        order = {
            "definition": flow["definition"],
            "input_schema": flow["input_schema"],
            "input": told["body"],
            "context": _context(run, owner),
            "providers": {
                COMPUTE_PROVIDER: f"{self._url}/v3",
                **dict.fromkeys((_COMPUTE, f"{_COMPUTE}/fxap"), self._url),
            },
            "token": self._auth.new_token(owner, COMPUTE_SCOPE),
        }
        self._running.prepare(run_id, order)
        self._state.put("run", run_id, run)
        self._running.go_on(run_id)
        return self._document(run, owner)

    def list_runs(self, request: Request) -> Answer:
        """Tell of the runs in which the caller has a role, the newest first."""
        caller = self._flows.caller(request, STATUS, MANAGE)
        query = request.query
        asked = set(query.get("filter_roles", "run_owner").split(","))
        flows = set(filter(None, query.get("filter_flow_id", "").split(",")))
        found = (
            self._document(run, caller)
            for _, run in self._state.all("run")
            if asked & self._roles(run, caller) and (not flows or run["flow_id"] in flows)
        )
        return page("runs", found, "start_time", "run_id", request)

    def get_run(self, request: Request, run_id: str) -> Answer:
        """Tell how far a run has come."""
        caller = self._flows.caller(request, STATUS, MANAGE)
        document = self._document(self._permitted(run_id, caller), caller)
        if request.query.get("include_flow_description", "").lower() == "true":
            flow = self._state.get("flow", document["flow_id"]) or {}
            names = ("id", "title", "subtitle", "description", "keywords", "flow_owner")
            document["flow_description"] = {name: flow.get(name) for name in names}
        return document

    def run_definition(self, request: Request, run_id: str) -> Answer:
        """Tell what the flow was when a run began."""
        run = self._permitted(run_id, self._flows.caller(request, STATUS, MANAGE))
        order = self._running.order(run_id)
        named = {name: order[name] for name in ("definition", "input_schema")}
        return {"flow_id": run["flow_id"], **named}

    def run_log(self, request: Request, run_id: str) -> Answer:
        """Tell a part of what a run has told."""
        run = self._permitted(run_id, self._flows.caller(request, STATUS, MANAGE))
        query, entries = request.query, self._entries(run)
        limit = int(query.get("limit", 10))
        if not 1 <= limit <= _MOST_ENTRIES:
            raise FlowsRefused(422, "UNPROCESSABLE_ENTITY", f"a limit of {limit}")
        if query.get("reverse_order", "").lower() == "true":
            entries.reverse()
        first = int(read_marker(query["marker"])) if "marker" in query else 0
        last = first + limit
        more = {"marker": new_marker(str(last))} if last < len(entries) else {}
        return {
            "limit": limit,
            "has_next_page": bool(more),
            "entries": entries[first:last],
            **more,
        }

    def cancel_run(self, request: Request, run_id: str) -> Answer:
        """End a run before its end."""
        caller = self._flows.caller(request, MANAGE)
        with self._state.lock:
            run = self._permitted(run_id, caller, _MANAGERS)
            if run["status"] == "ACTIVE":
                told = "The Flow Instance was canceled by the user"
                run = self._closed(run, "FAILED", _entry("FlowCanceled", told))
        self._running.end(run_id)
        return self._document(run, caller)

    def _checked(self, request: Request, flow_id: str) -> tuple[Identity, Thing]:
        """Return who starts a flow, and the flow, if the run may begin."""
        caller = self._flows.caller(request, scope_of(flow_id))
        flow = self._flows.permitted(flow_id, caller, "RUN")
        if len(request.json.get("label") or "") > _LONGEST_LABEL:
            raise FlowsRefused(422, "UNPROCESSABLE_ENTITY", "the label is too long")
        found = validation.in_input(request.json.get("body"), flow["input_schema"])
        if found:
            message = f"Input failed schema validation with {len(found)} error."
            raise FlowsRefused(400, "FLOW_INPUT_ERROR", found, message)
        return caller, flow

    def _permitted(self, run_id: str, caller: Identity, roles: set[str] | None = None) -> Thing:
        run = self._state.get("run", run_id)
        has = self._roles(run, caller) if run else set()
        if run is None or not has:
            raise FlowsRefused(404, "NOT_FOUND", f"No run exists with id value {run_id}")
        if roles is not None and roles.isdisjoint(has):
            told = f"You do not have the necessary permissions on the run {run_id}"
            raise FlowsRefused(403, "FORBIDDEN", told)
        return run

    def _roles(self, run: Thing, caller: Identity) -> set[str]:
        flow = self._state.get("flow", run["flow_id"]) or {}
        lists = {
            "run_owner": [run["run_owner"]],
            "run_manager": run["run_managers"],
            "run_monitor": run["run_monitors"],
            "flow_run_manager": flow.get("run_managers", []),
            "flow_run_monitor": flow.get("run_monitors", []),
        }
        return {role for role, named in lists.items() if caller.principals & set(named)}

    def _document(self, run: Thing, caller: Identity) -> dict[str, Any]:
        told = {name: value for name, value in run.items() if name != "own_entries"}
        return {
            **told,
            "action_id": run["run_id"],
            "created_by": run["run_owner"],
            "manage_by": run["run_managers"],
            "monitor_by": run["run_monitors"],
            "display_status": run["status"],
            "details": self._details(run),
            "user_role": min(self._roles(run, caller)),
        }

    def _details(self, run: Thing) -> dict[str, Any]:
        """Return the last thing that a run told; of one that succeeded, its state."""
        entries = self._entries(run)
        if not entries:
            return _entry("FlowStarting", "The Flow is starting execution")
        last = entries[-1]
        if last["code"] != "FlowSucceeded":
            return last
        told = {name: last[name] for name in ("code", "description")}
        return {**told, "output": last["details"]["output"]}

    def _entries(self, run: Thing) -> list[Entry]:
        return [*self._running.log(run["run_id"]), *run["own_entries"]]

    def _ended(self, run_id: str) -> None:
        """Note what came of a run whose process has ended."""
        with self._state.lock:
            run = self._state.get("run", run_id)
            if run is None or run["status"] != "ACTIVE":
                return
            status = self._end_of(run)
            if status is not None:
                self._closed(run, status)
                return
            cause = self._running.output(run_id)
            self._closed(run, "FAILED", _entry("FlowFailed", "No end was told", cause=cause))

    def _end_of(self, run: Thing) -> str | None:
        """Return what a run came to by its log; None where that does not say."""
        entries = self._entries(run)
        return _ENDS.get(entries[-1]["code"]) if entries else None

    def _closed(self, run: Thing, status: str, *own_entries: Entry) -> Thing:
        closed = {
            **run,
            "status": status,
            "completion_time": _now(),
            "own_entries": list(own_entries),
        }
        self._state.put("run", run["run_id"], closed)
        return closed


def _context(run: Thing, owner: Identity) -> dict[str, Any]:
    now = int(time.time())
    return {
        "flow_id": run["flow_id"],
        "run_id": run["run_id"],
        "action_id": run["run_id"],
        "username": owner.username,
        "email": owner.username,
        "user_id": owner.urn,
        "identities": [owner.urn],
        "token_info": {"exp": now + _TOKEN_VALID_S, "iat": now, "nbf": now},
    }


def _entry(code: str, description: str, **details: Any) -> Entry:
    return {"time": _now(), "code": code, "description": description, "details": details}


def _now() -> str:
    return datetime.now(UTC).isoformat()
