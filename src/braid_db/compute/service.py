"""Globus Compute's web service as registering functions needs it, through the SDK."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING

from braid_db.compute.errors import GlobusRefused
from braid_db.compute.login import explained, logged_in, owner_of
from braid_db.compute.sources import FunctionSource

if TYPE_CHECKING:
    from globus_compute_sdk import Client, Executor
    from globus_sdk import GlobusApp

_NOT_FOUND = 404
_NOWHERE = logging.NullHandler()
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
    """The service, with the login of this process: a person's, or that of a client."""

    @cached_property
    def owner(self) -> str:
        """Whose functions these are: the Globus environment, and an identity's UUID."""
        return owner_of(_new_client)

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

        # What it warns of is told by what becomes of a task; who keeps a log has it there as well.
        logging.getLogger("globus_compute_sdk").addHandler(_NOWHERE)
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

    @cached_property
    def _client(self) -> Client:
        return logged_in(_new_client)


def _new_client(app: GlobusApp) -> Client:
    from globus_compute_sdk import Client

    return Client(app=app, do_version_check=False)
