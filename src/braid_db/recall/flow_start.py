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

    try:
        flow = _log_in(client, flow_id, min(limit_s, _LONGEST_WAIT_S))
    except (globus_sdk.GlobusError, ValueError) as error:
        return Attempt(Ending.FAILED, None, f"Globus Auth let nobody in: {_told(error)}")
    try:
        answer = flow.run_flow(dict(body), label=label[:_LABEL_LENGTH], tags=["braid-db"])
        return _started(flow_id, answer.data)
    except globus_sdk.GlobusAPIError as error:
        return _refused(error.http_status, _told(error))
    except globus_sdk.GlobusConnectionTimeoutError as error:
        return Attempt(Ending.FAILED, None, f"The Flows service was not reached: {_told(error)}")
    except globus_sdk.GlobusError as error:
        return _in_doubt(f"no answer came ({_told(error)})")


def _log_in(client: Client, flow_id: str, wait_s: float) -> Any:
    """Return what runs one flow, with its token fetched: what fails later concerns the start."""
    from globus_sdk import (
        ClientApp,
        ConfidentialAppAuthClient,
        GlobusAppConfig,
        SpecificFlowClient,
    )
    from globus_sdk.transport import RequestsTransport, RetryConfig

    auth = ConfidentialAppAuthClient(
        client.id,
        client.secret,
        transport=RequestsTransport(http_timeout=wait_s),
        retry_config=RetryConfig(max_retries=_LOGIN_RETRIES),
    )
    # Nothing is kept on the disk.
    config = GlobusAppConfig(token_storage="memory")
    app = ClientApp("braid-db", login_client=auth, config=config)
    # Without retries: the SDK would send a start again of which it does not know.
    flow = SpecificFlowClient(
        flow_id,
        app=app,
        transport=RequestsTransport(http_timeout=wait_s),
        retry_config=RetryConfig(max_retries=0),
    )
    app.login()
    return flow


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
