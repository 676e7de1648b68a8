"""Who this process is to Globus: a person or a client, logged in for the services it asks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, TypeVar

from braid_db.compute.errors import GlobusRefused, GlobusUnreachable, LoginNeeded

if TYPE_CHECKING:
    from globus_sdk import GlobusAPIError, GlobusApp

C = TypeVar("C")


def logged_in(make: Callable[[GlobusApp], C]) -> C:
    """Return a client of the SDK, logged in for what it asks of its service.

    What is kept of a login is kept where the agent and the SDK of Globus Compute keep it. A person
    is asked where there is a terminal, if what was kept does not do.

    :param make: makes the client; it tells the app which scopes it needs.
    :raises LoginNeeded: if nobody can be asked.
    """
    with explained("log in"):
        client = make(app := _app())
        if not _client_credentials() and app.login_required():
            if not sys.stdin.isatty():
                raise LoginNeeded
            # What the SDK asks is no part of the answer.
            with redirect_stdout(sys.stderr):
                _log_in(app)
    return client


def _log_in(app: GlobusApp) -> None:
    """Let a person log in.

    :raises LoginNeeded: if the terminal's input ends instead.
    """
    from globus_sdk.login_flows import CommandLineLoginFlowEOFError

    try:
        app.login()
    except CommandLineLoginFlowEOFError:
        raise LoginNeeded("no code was typed in") from None


def owner_of(make: Callable[[GlobusApp], object]) -> str:
    """Return whose things a service is asked for: the Globus environment, and an identity's UUID.

    :param make: makes a client of the service, for which a person may have to log in.
    """
    environment = os.environ.get("GLOBUS_SDK_ENVIRONMENT") or "production"
    logged_in(make)
    return f"{environment}/{_client_credentials() or _identity()}"


def _app() -> GlobusApp:
    from globus_compute_sdk.sdk.auth.auth_client import ComputeAuthClient
    from globus_compute_sdk.sdk.auth.globus_app import get_globus_app

    try:
        app = get_globus_app()
    except ValueError:
        raise LoginNeeded("GLOBUS_COMPUTE_CLIENT_SECRET is set without its ID") from None
    ComputeAuthClient(app=app)  # so that one login lets it tell who logged in
    return app


def _identity() -> str:
    from globus_compute_sdk.sdk.auth.auth_client import ComputeAuthClient

    with explained("tell who is logged in"):
        return str(ComputeAuthClient(app=_app()).userinfo()["sub"])


def _client_credentials() -> str | None:
    """Return the id of the client that this process logs in as; None for a person."""
    has_secret = os.environ.get("GLOBUS_COMPUTE_CLIENT_SECRET")
    return os.environ.get("GLOBUS_COMPUTE_CLIENT_ID") if has_secret else None


@contextmanager
def explained(wanted: str) -> Iterator[None]:
    """Let what the SDK raises be told in one sentence of ours.

    :param wanted: what Globus was asked to do, after "refused to".
    """
    import globus_sdk

    try:
        yield
    except globus_sdk.GlobusAPIError as error:
        raise GlobusRefused(wanted, error.http_status, _reason_of(error)) from None
    except globus_sdk.GlobusError as error:
        raise GlobusUnreachable(wanted, str(error) or type(error).__name__) from None


def _reason_of(error: GlobusAPIError) -> str:
    """Return why a request was refused; Compute tells it under a name of its own."""
    raw = error.raw_json or {}
    told = error.message or raw.get("reason") or raw.get("error")
    return str(told or "no reason given")
