"""Globus Flows as publishing, starting, watching and reconciling need it, through the SDK.

Source: globus-sdk 4.10, FlowsClient and SpecificFlowClient, and the answers it is tested with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from braid_db.compute.errors import GlobusRefused, GlobusUnreachable
from braid_db.compute.login import explained, logged_in, owner_of
from braid_db.errors import BraidError
from braid_db.flows.definition import Definition
from braid_db.flows.errors import FlowDefinitionInvalid, FlowInputInvalid, StartInDoubt

if TYPE_CHECKING:
    from globus_sdk import FlowsClient, GlobusAPIError, GlobusApp, SpecificFlowClient

Document = dict[str, Any]

_NOT_FOUND = 404
_SERVER_FAILED = 500
_NOT_HANDLED = (429, 503)
_MOST_ENTRIES = 100
_FEW = 5
_MAY_SEE_A_RUN = (
    "run_owner",
    "run_manager",
    "run_monitor",
    "flow_run_manager",
    "flow_run_monitor",
)


class LogPage(NamedTuple):
    """A part of a run's log, the oldest entries first.

    :param next: the marker of the part that follows; None where there is none yet.
    """

    entries: list[Document]
    next: str | None


class FlowsService:
    """The service, with the login of this process: a person's, or that of a client."""

    @cached_property
    def owner(self) -> str:
        """Whose flows these are: the Globus environment, and an identity's UUID."""
        return owner_of(_new_client)

    def validate(self, definition: Definition, input_schema: Document) -> None:
        """Ask whether a flow could be made of these.

        :raises FlowDefinitionInvalid: if not, with what the service found.
        :raises GlobusRefused: if it could not tell.
        """
        with explained("validate a flow"), _told_as(FlowDefinitionInvalid, "the flow"):
            self._client.validate_flow(definition, input_schema)

    def create(self, fields: Mapping[str, Any]) -> Document:
        """Make a flow, and return what the service tells of it.

        It is asked once: a second request would make a second flow.

        :raises FlowDefinitionInvalid: if the service does not accept it.
        """
        with explained("create a flow"), _told_as(FlowDefinitionInvalid, "the flow"):
            return _data(logged_in(_new_client_that_asks_once).create_flow(**fields))

    def update(self, flow_id: str, fields: Mapping[str, Any]) -> Document:
        """Change some fields of a flow, and return what the service tells of it.

        :raises FlowDefinitionInvalid: if the service does not accept it.
        """
        wanted = f"update the flow {flow_id}"
        with explained(wanted), _told_as(FlowDefinitionInvalid, "the flow"):
            return _data(self._client.update_flow(flow_id, **fields))

    def find_flow(self, flow_id: str) -> Document | None:
        """Return what the service tells of a flow; None where there is none of this id."""
        try:
            with explained(f"tell of the flow {flow_id}"):
                return _data(self._client.get_flow(flow_id))
        except GlobusRefused as refused:
            if refused.status == _NOT_FOUND:
                return None
            raise

    def flows_called(self, title: str) -> Iterator[Document]:
        """Yield the flows with a title that the one who is logged in owns."""
        with explained("list flows"):
            pages = self._client.paginated.list_flows(
                filter_roles="flow_owner", filter_fulltext=title
            )
            for page in pages:
                yield from (flow for flow in page["flows"] if flow["title"] == title)

    def check_input(self, flow_id: str, body: Document) -> None:
        """Ask whether a flow could be started with an input.

        :raises FlowInputInvalid: if not, with what the service found.
        """
        wanted = f"check an input of the flow {flow_id}"
        with explained(wanted), _told_as(FlowInputInvalid, "the input"):
            _flow(flow_id).validate_run(body)

    def start(self, flow_id: str, body: Document, **described: Any) -> Document:
        """Start a flow, and return what the service tells of the run.

        It is asked once: the service knows no key that would make a second start harmless.

        :param described: the run's ``label`` and ``tags``.
        :raises FlowInputInvalid: if the input is not as the flow's schema wants it.
        :raises StartInDoubt: if nobody knows whether a run began.
        """
        try:
            with explained(f"start the flow {flow_id}"), _told_as(FlowInputInvalid, "the input"):
                return _data(_flow(flow_id).run_flow(body, **described))
        except GlobusUnreachable as error:
            raise StartInDoubt(flow_id, error.reason) from None
        except GlobusRefused as error:
            if error.status < _SERVER_FAILED or error.status in _NOT_HANDLED:
                raise
            raise StartInDoubt(flow_id, error.reason) from None

    def get_run(self, run_id: str) -> Document:
        """Return what the service tells of a run.

        :raises GlobusRefused: if there is none of this id, or it is nothing to who is logged in.
        """
        with explained(f"tell of the run {run_id}"):
            return _data(self._client.get_run(run_id))

    def definition_of_run(self, run_id: str) -> Document:
        """Return the definition of a flow as it was when a run of it began.

        :raises GlobusRefused: if there is no such run, or it is nothing to who is logged in.
        """
        with explained(f"tell the definition of the run {run_id}"):
            told: Document = self._client.get_run_definition(run_id)["definition"]
        return told

    def pages_of_runs(self, flow_id: str) -> Iterator[list[Document]]:
        """Yield the runs of a flow that who is logged in may see, the newest first, by pages."""
        with explained(f"list the runs of the flow {flow_id}"):
            pages = self._client.paginated.list_runs(
                filter_flow_id=flow_id,
                filter_roles=_MAY_SEE_A_RUN,
                query_params={"orderby": "start_time DESC"},
            )
            for page in pages:
                yield list(page["runs"])

    def log_page(self, run_id: str, marker: str | None = None) -> LogPage:
        """Return a part of a run's log.

        :param marker: the one that came with the part before; the first part when omitted.
        """
        from globus_sdk import MISSING

        place = MISSING if marker is None else marker
        with explained(f"tell the log of the run {run_id}"):
            page = self._client.get_run_logs(run_id, limit=_MOST_ENTRIES, marker=place)
        return LogPage(page["entries"], page["marker"] if page["has_next_page"] else None)

    @cached_property
    def _client(self) -> FlowsClient:
        return logged_in(_new_client)


def _new_client(app: GlobusApp) -> FlowsClient:
    from globus_sdk import FlowsClient

    return FlowsClient(app=app)


def _new_client_that_asks_once(app: GlobusApp) -> FlowsClient:
    from globus_sdk import FlowsClient
    from globus_sdk.transport import RetryConfig

    return FlowsClient(app=app, retry_config=RetryConfig(max_retries=0))


def _flow(flow_id: str) -> SpecificFlowClient:
    """Return the SDK's client of one flow, logged in for it alone, which asks once."""
    from globus_sdk import SpecificFlowClient
    from globus_sdk.transport import RetryConfig

    once = RetryConfig(max_retries=0)
    return logged_in(lambda app: SpecificFlowClient(flow_id, app=app, retry_config=once))


@contextmanager
def _told_as(kind: type[BraidError], what: str) -> Iterator[None]:
    """Let what the service found wrong be told as an error of ours.

    :param what: what it was given.
    """
    from globus_sdk import FlowsAPIError

    try:
        yield
    except FlowsAPIError as error:
        found = list(_findings(error))
        if not found:
            raise
        more = f" (and {len(found) - _FEW} more)" if len(found) > _FEW else ""
        raise kind(
            f"Globus Flows does not accept {what}: {'; '.join(found[:_FEW])}{more}."
        ) from None


def _findings(error: GlobusAPIError) -> Iterator[str]:
    """Yield what the service found wrong, each with where it is."""
    told = (error.raw_json or {}).get("error")
    detail = told.get("detail") if isinstance(told, dict) else None
    for one in detail if isinstance(detail, list) else ():
        if isinstance(one, dict) and "msg" in one:
            where = ".".join(map(str, one.get("loc") or ()))
            yield f"{where}: {one['msg']}" if where else str(one["msg"])


def _data(answer: Any) -> Document:
    return dict(answer.data)
