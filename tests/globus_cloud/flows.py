"""The Globus Flows service: flows, who may do what with them, and pages of lists.

Source: globus-sdk 4.10, its clients of this service and the answers that it tests them with.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tests.globus_cloud import validation
from tests.globus_cloud.auth import FLOWS_SCOPES, Auth, Identity
from tests.globus_cloud.state import State, Thing
from tests.globus_cloud.web import Answer, Refused, Request, Routes

MANAGE, VIEW = f"{FLOWS_SCOPES}manage_flows", f"{FLOWS_SCOPES}view_flows"
ALL = f"{FLOWS_SCOPES}all"
PAGE = 5
"""How many of a list are told at once."""

_TEXTS = {"title": 128, "subtitle": 128, "description": 4096}
_ROLES = {
    "flow_administrators": "flow_administrator",
    "flow_starters": "flow_starter",
    "flow_viewers": "flow_viewer",
    "run_managers": "run_manager",
    "run_monitors": "run_monitor",
}
_FIELDS = {"definition", "input_schema", "keywords", *_TEXTS, *_ROLES}
_PRINCIPALS = ("urn:globus:auth:identity:", "urn:globus:groups:id:")
_EVERYBODY = {"flow_viewers": "public", "flow_starters": "all_authenticated_users"}
_MAY = {
    "VIEW": {"flow_owner", "flow_administrator", "flow_starter", "flow_viewer"},
    "RUN": {"flow_owner", "flow_administrator", "flow_starter"},
    "UPDATE": {"flow_owner", "flow_administrator"},
    "DELETE": {"flow_owner", "flow_administrator"},
}


class FlowsRefused(Refused):
    """A request that this service does not accept, told in its own form."""

    def __init__(self, status: int, code: str, detail: Any, message: str | None = None) -> None:
        super().__init__(status, code, str(detail))
        self.detail, self.message = detail, message

    @property
    def body(self) -> dict[str, Any]:
        """What is answered."""
        told = {"code": self.code, "detail": self.detail}
        if self.message is not None:
            told["message"] = self.message
        return {"error": told, "debug_id": str(uuid.uuid4())}


class Flows:
    """The flows; their runs are another part's."""

    def __init__(self, state: State, auth: Auth) -> None:
        self._state, self._auth = state, auth

    def add_to(self, routes: Routes) -> None:
        """Answer the routes of this service."""
        routes.add("POST", "/flows", self.create_flow)
        routes.add("GET", "/flows", self.list_flows)
        routes.add("POST", "/flows/validate", self.validate_flow)
        routes.add("GET", "/flows/ID", self.get_flow)
        routes.add("PUT", "/flows/ID", self.update_flow)
        routes.add("DELETE", "/flows/ID", self.delete_flow)

    def validate_flow(self, request: Request) -> Answer:
        """Tell what is wrong with a definition and an input schema."""
        self.caller(request, MANAGE)
        _check(request.json)
        return {"scopes": {"User": []}, "analysis": {"number_of_possibilities": 1}}

    def create_flow(self, request: Request) -> Answer:
        """Keep a new flow of the caller's."""
        owner, told = self.caller(request, MANAGE), request.json
        missing = [name for name in ("title", "definition", "input_schema") if name not in told]
        if missing:
            raise _unprocessable({"loc": missing, "msg": "field required", "type": "value_error"})
        _check(told)
        flow_id, now = str(uuid.uuid4()), _now()
        empty = {"subtitle": "", "description": "", "keywords": [], **{key: [] for key in _ROLES}}
        flow = {
            **empty,
            **told,
            "id": flow_id,
            "flow_owner": owner.urn,
            "created_by": owner.urn,
            "created_at": now,
            "updated_at": now,
        }
        self._state.put("flow", flow_id, flow)
        return self._document(flow, owner)

    def get_flow(self, request: Request, flow_id: str) -> Answer:
        """Tell of a flow."""
        caller = self.caller(request, VIEW)
        return self._document(self.permitted(flow_id, caller, "VIEW"), caller)

    def list_flows(self, request: Request) -> Answer:
        """Tell of the flows in which the caller has a role, the newest first."""
        caller = self.caller(request, VIEW)
        asked = _asked(request, "filter_roles") or {"flow_owner"}
        flows = [flow for _, flow in self._state.all("flow") if asked & roles(flow, caller)]
        words = request.query.get("filter_fulltext", "").lower()
        found = [flow for flow in flows if words in flow["title"].lower()]
        documents = (self._document(flow, caller) for flow in found)
        return page("flows", documents, "updated_at", "id", request)

    def update_flow(self, request: Request, flow_id: str) -> Answer:
        """Change the fields that are told."""
        caller, told = self.caller(request, MANAGE), request.json
        with self._state.lock:
            flow = self.permitted(flow_id, caller, "UPDATE")
            _check(told)
            flow = {**flow, **told, "updated_at": _now()}
            self._state.put("flow", flow_id, flow)
        return self._document(flow, caller)

    def delete_flow(self, request: Request, flow_id: str) -> Answer:
        """Forget a flow; its runs stay."""
        caller = self.caller(request, MANAGE)
        flow = self.permitted(flow_id, caller, "DELETE")
        self._state.drop("flow", flow_id)
        return {**self._document(flow, caller), "DELETED": True, "deleted_at": _now()}

    def caller(self, request: Request, *scopes: str) -> Identity:
        """Return who sends a request with a token for one of these scopes, or for all of them.

        :raises FlowsRefused: if there is none.
        """
        try:
            identity = self._auth.caller(request)
        except Refused:
            told = "Expired or invalid Bearer token"
            raise FlowsRefused(401, "AUTHENTICATION_ERROR", told) from None
        if not self._auth.has_scope(request, ALL, *scopes):
            told = f"This action requires the following scope: {scopes[0]}"
            raise FlowsRefused(403, "MISSING_SCOPE", told)
        return identity

    def permitted(self, flow_id: str, caller: Identity, what: str) -> Thing:
        """Return a flow with which a caller may do something.

        :raises FlowsRefused: if it is not there, or the caller may not.
        """
        flow = self._state.get("flow", flow_id)
        if flow is None:
            raise FlowsRefused(404, "NOT_FOUND", f"No flow exists with id value {flow_id}")
        if roles(flow, caller).isdisjoint(_MAY[what]):
            raise FlowsRefused(
                403,
                "FORBIDDEN",
                f"You do not have the necessary permissions to perform this action on the flow "
                f"with id value {flow_id}. Missing permissions: {what}.",
            )
        return flow

    def _document(self, flow: Thing, caller: Identity) -> dict[str, Any]:
        return {
            "synchronous": False,
            "log_supported": True,
            "types": ["Action"],
            "api_version": "1.0",
            **flow,
            "globus_auth_scope": scope_of(flow["id"]),
            "globus_auth_username": f"{flow['id']}@clients.auth.globus.org",
            "principal_urn": f"urn:globus:auth:identity:{flow['id']}",
            "user_role": min(roles(flow, caller), default=None),
        }


def scope_of(flow_id: str) -> str:
    """Return the scope that lets a flow be started."""
    return f"https://auth.globus.org/scopes/{flow_id}/flow_{flow_id.replace('-', '_')}_user"


def roles(flow: Thing, caller: Identity) -> set[str]:
    """Return the roles that somebody has in a flow."""
    found = {
        role
        for field, role in _ROLES.items()
        if (caller.principals | {_EVERYBODY.get(field, caller.urn)}) & set(flow[field])
    }
    return found | ({"flow_owner"} if flow["flow_owner"] == caller.urn else set())


def page(
    name: str, items: Iterable[dict[str, Any]], field: str, key: str, request: Request
) -> dict[str, Any]:
    """Return as much of a list as is told at once.

    :param field: what it is ordered by, the newest first, unless ``orderby`` asks otherwise.
    :param key: what tells two of them apart.
    """
    is_rising = request.query.get("orderby", "").upper() == f"{field} ASC".upper()
    ordered = sorted(items, key=lambda one: (one[field], one[key]), reverse=not is_rising)
    names = [one[key] for one in ordered]
    marker = request.query.get("marker")
    first = names.index(read_marker(marker)) + 1 if marker else 0
    told = ordered[first : first + PAGE]
    more = first + PAGE < len(ordered)
    next_one = {"marker": new_marker(told[-1][key])} if more else {"marker": None}
    return {name: told, "limit": PAGE, "has_next_page": more, **next_one}


def new_marker(place: str) -> str:
    """Return what stands for a place in a list, for the service alone to read."""
    return base64.urlsafe_b64encode(place.encode()).decode()


def read_marker(marker: str) -> str:
    """Return the place that a marker stands for."""
    return base64.urlsafe_b64decode(marker).decode()


def _asked(request: Request, name: str) -> set[str]:
    return set(filter(None, request.query.get(name, "").split(",")))


def _check(told: dict[str, Any]) -> None:
    """Refuse what a flow cannot be made of."""
    found = [
        {"loc": [name], "msg": "extra fields not permitted", "type": "value_error.extra"}
        for name in sorted(set(told) - _FIELDS)
    ]
    for name, longest in _TEXTS.items():
        if name in told and not (isinstance(told[name], str) and len(told[name]) <= longest):
            found.append({"loc": [name], "msg": f"not a text of {longest}", "type": "value_error"})
    for field in _ROLES:
        for number, principal in enumerate(told.get(field, ())):
            if principal != _EVERYBODY.get(field) and not principal.startswith(_PRINCIPALS):
                message = f'Unrecognized principal string: "{principal}".'
                found.append({"loc": [field, number], "msg": message, "type": "value_error"})
    if "definition" in told:
        found += validation.in_definition(told["definition"])
    if "input_schema" in told:
        found += validation.in_input_schema(told["input_schema"])
    if found:
        raise _unprocessable(*found)


def _unprocessable(*found: validation.Finding) -> FlowsRefused:
    where = ".".join(map(str, found[0]["loc"]))
    message = f"{len(found)} validation error in body. $.{where}: {found[0]['msg']}"
    return FlowsRefused(422, "UNPROCESSABLE_ENTITY", list(found), message)


def _now() -> str:
    return datetime.now(UTC).isoformat()
