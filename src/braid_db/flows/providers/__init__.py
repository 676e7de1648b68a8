"""Action providers that are run on this machine, beside Globus Compute's, under all their URLs."""

from __future__ import annotations

import time
from collections.abc import Callable

from braid_db.flows.actions import ActionProvider
from braid_db.flows.providers.collections import Collections
from braid_db.flows.providers.delete import DeleteProvider
from braid_db.flows.providers.expression_eval import ExpressionEvalProvider
from braid_db.flows.providers.hello_world import HelloWorldProvider
from braid_db.flows.providers.operations import ListProvider, MakeFolderProvider, StatProvider
from braid_db.flows.providers.transfer import TransferProvider

HOSTS = ("https://actions.globus.org", "https://actions.automate.globus.org")
TRANSFER_BASES = ("https://transfer.actions.globus.org", *(f"{host}/transfer" for host in HOSTS))
"""Where the actions of Transfer stand today, and where they did before 2025."""


def hosted_providers(sleep: Callable[[float], None] = time.sleep) -> dict[str, ActionProvider]:
    """Return the providers that need nothing of this machine.

    :param sleep: how hello_world waits.
    """
    by_name: dict[str, ActionProvider] = {
        "hello_world": HelloWorldProvider(sleep),
        "expression_eval": ExpressionEvalProvider(),
    }
    return {f"{host}/{name}": each for host in HOSTS for name, each in by_name.items()}


def transfer_providers(collections: Collections) -> dict[str, ActionProvider]:
    """Return the providers of Transfer between folders; none where there is no folder."""
    by_name: dict[str, ActionProvider] = {
        "transfer": TransferProvider(collections),
        "delete": DeleteProvider(collections),
        "ls": ListProvider(collections),
        "stat": StatProvider(collections),
        "mkdir": MakeFolderProvider(collections),
    }
    bases = TRANSFER_BASES if collections else ()
    return {f"{base}/{name}": each for base in bases for name, each in by_name.items()}
