"""An endpoint that owns a database, made by the commands from an empty account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.functions.calls import Result
from tests.globus.account import Account
from tests.globus.web import Web

STEP = "add_record_for_action_step"
PROBES = Path(__file__).with_name("probes.py")


class Served:
    """The endpoint, running, and how it is called.

    :param options: of ``braid-db endpoint configure``.
    :ivar ids: the functions' ids by name: those of Braid-DB, and the probes.
    """

    def __init__(self, account: Account, database: str, *options: object) -> None:
        self.account, self.database = account, database
        self.ids = account.register("--functions", PROBES)
        account.ask("endpoint", "configure", "--db", database, "--allow-registered", *options)
        self.endpoint_id = account.start_agent()
        self.client = account.client()
        self.web = Web(account.cloud, account.identity)

    def by_sdk(self, name: str, /, **arguments: Any) -> Result:
        """Call a function through the SDK and return its result."""
        outcome = self.client.call(self.endpoint_id, self.ids[name], **arguments)
        assert "result" in outcome, outcome
        return dict(outcome["result"])

    def by_flow(self, name: str, /, **arguments: Any) -> Result:
        """Call a function as Globus Flows does and return its result."""
        done = self.web.run_action(self.endpoint_id, (self.ids[name], arguments))
        assert done["status"] == "SUCCEEDED", done
        [result] = done["details"]["result"]
        return dict(result)
