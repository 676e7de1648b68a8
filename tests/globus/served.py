"""An endpoint that owns a database, made by the commands from an empty account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    :param functions: files of more functions that it lets run.
    :param public: whether everybody may run its functions, if the endpoint lets them.
    :param lets_all_run: whether it asks for no function's id.
    :param variables: more of its processes' environment, as its owner adds them by hand.
    :ivar ids: the functions' ids by name: those of Braid-DB, the probes, and more.
    """

    def __init__(
        self,
        account: Account,
        database: str,
        *options: object,
        functions: Sequence[Path] = (),
        public: bool = False,
        lets_all_run: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.account, self.database = account, database
        files = [word for path in (PROBES, *functions) for word in ("--functions", path)]
        self.ids = account.register(*files, *["--public"][: int(public)])
        allowed = [] if lets_all_run else ["--allow-registered"]
        account.ask("endpoint", "configure", "--db", database, *allowed, *options)
        with (account.agent.folder / "user_environment.yaml").open("a") as file:
            file.writelines(f"{name}: {value}\n" for name, value in (variables or {}).items())
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
