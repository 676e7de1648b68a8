"""Starting an agent where its own program is not on PATH, as systemd does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.effort import only_whole
from tests.globus.conftest import NewAccount
from tests.globus.served import STEP, Served

SYSTEMS = "/usr/local/bin:/usr/bin:/bin"


@only_whole("an agent is started twice")
def test_an_agent_that_is_not_on_the_path_serves_once_its_processes_have_one(
    new_account: NewAccount,
) -> None:
    account = new_account()
    account.environment["PATH"] = SYSTEMS
    served = Served(account, f"sqlite:///{account.home}/braid.db")
    served.client.send(served.endpoint_id, [(served.ids[STEP], {"step_name": "lost"})], limit_s=20)
    assert "result" not in served.client.receive()[0]
    with (account.agent.folder / "user_environment.yaml").open("a") as file:
        file.write(f"PATH: {Path(sys.executable).parent}:{SYSTEMS}\n")
    account.start_agent()
    assert served.by_sdk(STEP, step_name="found")["flow_state_record_id"]
    account.leave()
