"""Action providers that are no more, and what stands in their place.

Source: the Transfer API's page on migrating its action providers (no longer supported since
January 2025), and Globus Compute's changelog and page on its action provider (funcX's since April
2023).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from braid_db.flows.checking.finding import Finding, warning
from braid_db.flows.instrumenting.reading import State, States, provider

_OLD_HOSTS = ("actions.globus.org", "actions.automate.globus.org")
_TRANSFER = "https://transfer.actions.globus.org"
_COMPUTE = "https://compute.actions.globus.org"
_RENAMED = {"set_permission": "manage_permission"}
_FUNCX = {"automate.funcx.org": "", "dev.funcx.org": "/automate", "api.funcx.org": "/automate"}
_FIELDS = {
    "transfer": {
        "source_endpoint_id": "source_endpoint",
        "destination_endpoint_id": "destination_endpoint",
        "transfer_items": "DATA",
    },
    "delete": {"endpoint_id": "endpoint", "items": "DATA"},
}
"""Which field of an action's input has which name today."""


def url_findings(states: States) -> Iterator[Finding]:
    """Yield which Actions call a provider that is retired."""
    for name, state in states.items():
        if state["Type"] == "Action":
            yield from _of_action(name, state)


def replacement(url: str) -> str | None:
    """Return the provider that stands in the place of a retired one; None for all others."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path.rstrip("/")
    if host in _OLD_HOSTS and path.startswith("/transfer/"):
        action = path.removeprefix("/transfer/")
        return f"{_TRANSFER}/{_RENAMED.get(action, action)}"
    if host in _FUNCX and path.startswith(_FUNCX[host]):
        return _COMPUTE
    return None


def _of_action(name: str, state: State) -> Iterator[Finding]:
    url = provider(state)
    new = replacement(url)
    if new is None:
        return
    field = "ActionUrl" if "ActionUrl" in state else "Handler.Url"
    mend = f"Write {new}{_and_rename(new, state.get('Parameters', {}))}."
    if new == _COMPUTE and "ActionScope" in state:
        mend = f"Write {new}, and take out the ActionScope."
    yield warning("retired-url", name, field, f"The action provider {url} is retired.", mend)


def _and_rename(url: str, parameters: dict[str, Any]) -> str:
    given = {key.removesuffix(".$").removesuffix(".=") for key in parameters}
    renamed = _FIELDS.get(url.rpartition("/")[2], {})
    told = [f"{old} to {new}" for old, new in renamed.items() if old in given]
    return f", and rename {', '.join(told)}" if told else ""
