"""Starting a flow for an action, through the Globus Flows service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from braid_db.errors import shown
from braid_db.recall.attempts import Attempt, Ending

_CLIENTS = ("GLOBUS_COMPUTE_CLIENT", "GLOBUS_CLI_CLIENT")
_LONGEST_WAIT_S = 60.0
_LOGIN_RETRIES = 1
_LABEL_LENGTH = 64

# "Too many requests" and "unavailable" mean that the service did not handle the request.
_NOT_HANDLED = (429, 503)
_LONGEST_MESSAGE = 1000


class Client(NamedTuple):
    """Who starts flows: the id and secret of a client that is registered with Globus Auth."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Client({self.id!r})"


def client_of(variables: Mapping[str, str]) -> Client | None:
    """Return who starts flows, as the environment says it; None where it does not.

    A person who signs in was considered: nobody sits beside an executor that cron started.
    """
    for prefix in _CLIENTS:
        client = Client(variables.get(f"{prefix}_ID", ""), variables.get(f"{prefix}_SECRET", ""))
        if all(client):
            return client
    return None


def is_flow_id(command: str) -> bool:
    """Return whether an action's command is a flow's id."""
    try:
        return str(UUID(command)) == command.lower()
    except ValueError:
        return False


def start_flow(
    client: Client, flow_id: str, body: Mapping[str, Any], label: str, limit_s: float
) -> Attempt:
    """Start a flow, once: the service knows no key that would make a second start harmless.

    :param body: the flow's input.
    :param label: what the run is called where runs are listed.
    :param limit_s: how long to wait for an answer at most, in seconds.
    :returns: DONE with the run's id as JSON; UNKNOWN where no clear answer came.
    """
    import globus_sdk

    wait_s = min(limit_s, _LONGEST_WAIT_S)
    try:
        token = _log_in(client, flow_id, wait_s)
    except (globus_sdk.GlobusError, ValueError, LookupError, TypeError) as error:
        return Attempt(Ending.FAILED, None, f"Globus Auth let nobody in: {_told(error)}")
    try:
        return _started(flow_id, _start(token, flow_id, body, label[:_LABEL_LENGTH], wait_s))
    except globus_sdk.GlobusAPIError as error:
        return _refused(error.http_status, _told(error))
    except globus_sdk.NetworkError as error:
        return _unanswered(error.underlying_exception, _told(error))
    except (globus_sdk.GlobusError, ValueError) as error:
        return _in_doubt(f"the answer cannot be read ({_told(error)})")


def _log_in(client: Client, flow_id: str, wait_s: float) -> str:
    """Return a token for one flow, which is kept nowhere."""
    from globus_sdk import ConfidentialAppAuthClient
    from globus_sdk.scopes import SpecificFlowScopes
    from globus_sdk.transport import RetryConfig

    retries = RetryConfig(max_retries=_LOGIN_RETRIES)
    with (
        ConfidentialAppAuthClient(client.id, client.secret, retry_config=retries) as auth,
        auth.transport.tune(http_timeout=wait_s),
    ):
        answer = auth.oauth2_client_credentials_tokens(SpecificFlowScopes(flow_id).user)
        return str(answer["access_token"])


def _start(token: str, flow_id: str, body: Mapping[str, Any], label: str, wait_s: float) -> Any:
    """Send one order to start a flow, and return the answer's JSON."""
    from globus_sdk import AccessTokenAuthorizer, SpecificFlowClient
    from globus_sdk.transport import RetryConfig

    # The SDK would send a start again of which it does not know.
    retries = RetryConfig(max_retries=0)
    authorizer = AccessTokenAuthorizer(token)
    with (
        SpecificFlowClient(flow_id, authorizer=authorizer, retry_config=retries) as flow,
        flow.transport.tune(http_timeout=wait_s),
    ):
        return flow.run_flow(dict(body), label=label, tags=["braid-db"]).data


def _started(flow_id: str, answer: Any) -> Attempt:
    run_id = answer.get("run_id") if isinstance(answer, dict) else None
    if not isinstance(run_id, str):
        return _in_doubt("the answer names no run")
    output = {"run_id": run_id, "flow_id": flow_id, "status": answer.get("status")}
    return Attempt(Ending.DONE, None, json.dumps(output)[:_LONGEST_MESSAGE])


def _refused(status: int, told: str) -> Attempt:
    """Return what an error of the service means: that no run began, or that nobody knows."""
    if status < 500 or status in _NOT_HANDLED:
        return Attempt(Ending.FAILED, None, f"The Flows service refused: {told}")
    return _in_doubt(f"the Flows service failed ({told})")


def _unanswered(error: Exception, told: str) -> Attempt:
    """Return what a lost connection means: that none was made, or that nobody knows."""
    import requests
    import urllib3

    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout | urllib3.exceptions.NewConnectionError) or (
        isinstance(cause, urllib3.exceptions.NewConnectionError)
    ):
        return Attempt(Ending.FAILED, None, f"The Flows service was not reached: {told}")
    return _in_doubt(f"no answer came ({told})")


def _in_doubt(why: str) -> Attempt:
    output = (
        f"The flow may or may not have been started: {why}. "
        f"Look for its run in the Globus web app before you start it again."
    )
    return Attempt(Ending.UNKNOWN, None, output)


def _told(error: Exception) -> str:
    """Return what an error of the SDK says, as one line."""
    status = getattr(error, "http_status", None)
    text = getattr(error, "message", None) or str(error)
    return f"{f'HTTP {status}: ' if status else ''}{shown(text, _LONGEST_MESSAGE)}"
