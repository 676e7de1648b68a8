"""Globus Auth: whose token is whose, for clients with a secret and for persons with a browser."""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from dataclasses import dataclass
from typing import Any

from tests.globus_cloud.logins import Consents, Signer
from tests.globus_cloud.state import State
from tests.globus_cloud.web import Refused, Request, Routes

_SCOPES = "https://auth.globus.org/scopes/"
_COMPUTE, _FLOWS = "facd7ccc-c5f4-42aa-916b-a0e270e2c2a9", "eec9b274-0c81-4334-bdc2-54e90e689b9a"
COMPUTE_SCOPE = f"{_SCOPES}{_COMPUTE}/all"
FLOWS_SCOPES = f"{_SCOPES}{_FLOWS}/"
"""How the scopes of Globus Flows begin; each flow has one more, of its own."""
_RESOURCE_SERVERS = {_COMPUTE: "funcx_service", _FLOWS: "flows.globus.org"}
_VALID_S = 172800


@dataclass(frozen=True)
class Identity:
    """Somebody whom Globus knows.

    :param username: by its domain, identities are mapped to accounts.
    :param groups: the Globus groups that it is a member of.
    """

    id: str
    secret: str
    username: str
    groups: frozenset[str] = frozenset()

    @property
    def urn(self) -> str:
        """How roles name it."""
        return f"urn:globus:auth:identity:{self.id}"

    @property
    def principals(self) -> set[str]:
        """The URNs by which roles mean it: its own, and those of its groups."""
        return {self.urn, *(f"urn:globus:groups:id:{group}" for group in self.groups)}

    @property
    def document(self) -> dict[str, Any]:
        """What is told of an identity."""
        return {
            "sub": self.id,
            "id": self.id,
            "username": self.username,
            "preferred_username": self.username,
            "name": self.username.partition("@")[0],
            "email": self.username,
            "status": "used",
            "identity_provider": "8c1f1b0e-0000-4000-8000-000000000000",
        }


OWNER = Identity(
    "0aa1c5d2-52c3-4c5e-9c43-6f0f8a1d0001", "the secret of the owner", "owner@home.example"
)
GROUP = "0aa1c5d2-52c3-4c5e-9c43-6f0f8a1d1001"
"""A Globus group, of which the visitor is a member."""
VISITOR = Identity(
    "0aa1c5d2-52c3-4c5e-9c43-6f0f8a1d0002",
    "the secret of a visitor",
    "visitor@facility.example",
    frozenset({GROUP}),
)
IDENTITIES = {one.id: one for one in (OWNER, VISITOR)}


class Auth:
    """The service; the others ask it who sends a request."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._consents, self._signer = Consents(state), Signer(state)

    def add_to(self, routes: Routes) -> None:
        """Answer the routes of this service."""
        routes.add("GET", "/v2/oauth2/authorize", self.authorize)
        routes.add("POST", "/v2/oauth2/token", self.token)
        routes.add("POST", "/v2/oauth2/token/revoke", self.revoke)
        routes.add("GET", "/v2/oauth2/userinfo", self.userinfo)
        routes.add("GET", "/v2/api/identities", self.identities)
        routes.add(
            "GET",
            "/.well-known/openid-configuration",
            lambda request: self._signer.configuration(request.origin),
        )
        routes.add("GET", "/jwk.json", lambda _: self._signer.public_keys())

    def authorize(self, request: Request) -> dict[str, Any]:
        """Let a person consent to what a program asks for.

        The page is left out: a browser in which somebody is logged in sends an identity with its
        secret, and is shown the code.
        """
        return {"code": self._consents.give(_client_of(request).id, request.query)}

    def token(self, request: Request) -> dict[str, Any]:
        """Give a client, or a program that a person logged in to, tokens for some scopes."""
        form = request.form
        match form.get("grant_type"):
            case "client_credentials":
                return self._tokens(_client_of(request), form.get("scope", ""))
            case "authorization_code":
                return self._first_tokens(self._consents.redeem(form), request.origin)
            case "refresh_token":
                return self._refreshed(form)
        raise Refused(400, "unsupported_grant_type", str(form.get("grant_type")))

    def revoke(self, request: Request) -> dict[str, Any]:
        """Forget a token."""
        self._state.drop("token", request.form.get("token", ""))
        return {"active": False}

    def userinfo(self, request: Request) -> dict[str, Any]:
        """Tell who sends a request."""
        document = self.caller(request).document
        return {**document, "identity_set": [document]}

    def identities(self, request: Request) -> dict[str, Any]:
        """Tell of the identities that are named."""
        self.caller(request)
        named = request.query.get("ids", "").split(",")
        return {"identities": [IDENTITIES[one].document for one in named if one in IDENTITIES]}

    def caller(self, request: Request) -> Identity:
        """Return who sends a request.

        :raises Refused: if its token is none of ours, or too old.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = self._state.get("token", token) if scheme == "Bearer" else None
        if known is None or known["until"] < time.time():
            raise Refused(401, "UNAUTHORIZED", "there is no valid token with this request")
        return IDENTITIES[known["identity"]]

    def has_scope(self, request: Request, *scopes: str) -> bool:
        """Return whether a caller's token was given for one of these scopes."""
        token = request.headers.get("Authorization", "").partition(" ")[2]
        known = self._state.get("token", token) or {}
        return not set(scopes).isdisjoint(known.get("scopes", ()))

    def new_token(self, identity: Identity, scope: str) -> str:
        """Return a token for scopes, as a service gets it that acts for somebody."""
        token, until = uuid.uuid4().hex, time.time() + _VALID_S
        scopes = [one.partition("[")[0] for one in scope.split()]
        self._state.put("token", token, {"identity": identity.id, "until": until, "scopes": scopes})
        return token

    def _server_of(self, scope: str) -> str:
        """Return which service a scope belongs to: also a flow is one."""
        if not scope.startswith(_SCOPES):
            return "auth.globus.org"
        client = scope.removeprefix(_SCOPES).partition("/")[0]
        if client not in _RESOURCE_SERVERS and self._state.get("flow", client) is None:
            raise Refused(400, "unknown_scope", f"there is no scope {scope}")
        return _RESOURCE_SERVERS.get(client, client)

    def _tokens(
        self, identity: Identity, scopes: str, refreshed_by: str | None = None
    ) -> dict[str, Any]:
        """Return a token for each resource server.

        :param refreshed_by: the program that may have them anew later; None where none may.
        """
        servers: dict[str, list[str]] = {}
        for scope in scopes.split():
            servers.setdefault(self._server_of(scope), []).append(scope)
        first, *others = [
            self._new(identity, server, " ".join(found), refreshed_by)
            for server, found in servers.items()
        ]
        return {**first, "other_tokens": others}

    def _first_tokens(self, consent: dict[str, str], issuer: str) -> dict[str, Any]:
        identity, client_id = IDENTITIES[consent["identity"]], consent["client_id"]
        is_offline = consent.get("access_type") == "offline"
        tokens = self._tokens(identity, consent["scope"], client_id if is_offline else None)
        return {**tokens, "id_token": self._signer.id_token(identity.document, client_id, issuer)}

    def _refreshed(self, form: dict[str, str]) -> dict[str, Any]:
        token = form.get("refresh_token", "")
        kept = self._state.get("refresh token", token)
        if kept is None or kept["client_id"] != form.get("client_id"):
            raise Refused(401, "invalid_grant", "there is no such token of this program's")
        new = self._new(IDENTITIES[kept["identity"]], kept["server"], kept["scope"], None)
        return {**new, "refresh_token": token, "other_tokens": []}

    def _new(
        self, identity: Identity, server: str, scope: str, refreshed_by: str | None
    ) -> dict[str, Any]:
        told = {
            "access_token": self.new_token(identity, scope),
            "scope": scope,
            "resource_server": server,
            "expires_in": _VALID_S,
            "token_type": "Bearer",
        }
        if refreshed_by is not None:
            told["refresh_token"] = uuid.uuid4().hex
            kept = {"identity": identity.id, "server": server, "scope": scope}
            kept["client_id"] = refreshed_by
            self._state.put("refresh token", told["refresh_token"], kept)
        return told


def _client_of(request: Request) -> Identity:
    scheme, _, told = request.headers.get("Authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(told).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name, secret = "", ""
    identity = IDENTITIES.get(name)
    if scheme != "Basic" or identity is None or identity.secret != secret:
        raise Refused(
            401, "invalid_client", "there is no such client, or its secret is another one"
        )
    return identity
