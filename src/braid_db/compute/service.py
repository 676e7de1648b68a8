"""Globus Compute's web service as registering functions needs it, through the SDK."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING

from braid_db.compute.errors import GlobusRefused, GlobusUnreachable, LoginNeeded
from braid_db.compute.sources import FunctionSource

if TYPE_CHECKING:
    from globus_compute_sdk import Client, Executor
    from globus_sdk import GlobusAPIError

_NOT_FOUND = 404
_SHA256 = re.compile(r"\bsha256 ([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who besides its owner may run a function.

    :param public: everybody.
    :param group: the members of a Globus group, by its UUID.
    """

    public: bool = False
    group: str | None = None


PRIVATE = Sharing()


class ComputeService:
    """The service, with the login of this process: a person's, or that of a client.

    A person is asked to log in where there is a terminal; what is kept of a login is kept where
    the agent and the SDK keep it.
    """

    @cached_property
    def owner(self) -> str:
        """Whose functions these are: the Globus environment, and an identity's UUID."""
        environment = os.environ.get("GLOBUS_SDK_ENVIRONMENT") or "production"
        return f"{environment}/{self._identity()}"

    def register(self, source: FunctionSource, description: str, sharing: Sharing) -> str:
        """Register a function by its text, and return its id.

        :raises GlobusRefused: if the service does not accept it.
        :raises GlobusUnreachable: if it does not answer.
        """
        with explained(f"register the function '{source.name}'"):
            function_id = self._client.register_source_code(
                source.text,
                source.name,
                description=f"{description} (sha256 {source.sha256})",
                public=sharing.public,
                group=sharing.group,
            )
        return str(function_id)

    def sha256_of(self, function_id: str) -> str | None:
        """Return the checksum of the text that a function was registered from.

        :returns: None where there is no such function, or none that was registered here.
        """
        try:
            with explained(f"tell of the function {function_id}"):
                found = self._client.get_function(function_id)
        except GlobusRefused as refused:
            if refused.status == _NOT_FOUND:
                return None
            raise
        told = _SHA256.search(str(found.get("description") or ""))
        return told and told.group(1)

    def executor(self, endpoint_id: str) -> Executor:
        """Return what submits tasks to an endpoint and waits for them, all of it as JSON.

        Nothing that comes back is unpickled here.
        """
        from globus_compute_sdk import Executor
        from globus_compute_sdk.serialize import ComputeSerializer, JSONData, PureSourceTextInspect

        json_alone = ComputeSerializer(
            strategy_data=JSONData, allowed_deserializer_types=[JSONData, PureSourceTextInspect]
        )
        return Executor(
            endpoint_id=endpoint_id,
            client=self._client,
            serializer=json_alone,
            result_serializers=[JSONData],
            # One task after another is no burst.
            api_burst_limit=8,
            api_burst_window_s=1,
        )

    def is_online(self, endpoint_id: str) -> bool:
        """Return whether the service has an endpoint's agent on the line.

        :raises GlobusRefused: if it does not know the endpoint.
        """
        with explained(f"tell of the endpoint {endpoint_id}"):
            return bool(self._client.get_endpoint_status(endpoint_id)["status"] == "online")

    def clock_offset_s(self) -> float | None:
        """Return how far this machine's clock is ahead of the service's, in seconds.

        :returns: None where the service does not tell its time; exact to a second or two.
        """
        from globus_sdk import ComputeClientV2

        with (
            explained("tell its time"),
            ComputeClientV2(base_url=self._client.web_service_address) as client,
        ):
            told = client.get_version().headers.get("Date")
        if told is None:
            return None
        return (datetime.now(UTC) - parsedate_to_datetime(told)).total_seconds()

    def _identity(self) -> str:
        from globus_compute_sdk.sdk.auth.auth_client import ComputeAuthClient

        client = self._client
        if client_id := _client_credentials():
            return client_id
        with explained("tell who is logged in"):
            return str(ComputeAuthClient(app=client.app).userinfo()["sub"])

    @cached_property
    def _client(self) -> Client:
        """The SDK's client, logged in."""
        from globus_compute_sdk import Client
        from globus_compute_sdk.sdk.auth.auth_client import ComputeAuthClient
        from globus_compute_sdk.sdk.auth.globus_app import get_globus_app

        with explained("log in"):
            try:
                app = get_globus_app()
            except ValueError:
                raise LoginNeeded("GLOBUS_COMPUTE_CLIENT_SECRET is set without its ID") from None
            client = Client(app=app, do_version_check=False)
            ComputeAuthClient(app=app)  # so that one login lets it tell who logged in
            if not _client_credentials() and app.login_required():
                if not sys.stdin.isatty():
                    raise LoginNeeded
                # What the SDK asks is no part of the answer.
                with redirect_stdout(sys.stderr):
                    app.login()
        return client


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
    told = error.message or (error.raw_json or {}).get("reason")
    return str(told or "no reason given")
