"""What is said where the broker cannot be reached, so that nobody hears what came of a task."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.globus.served import STEP, Served
from tests.globus_cloud.broker import free_port
from tests.globus_cloud.cloud import CHECKOUT

BEHIND_A_FIREWALL = """
import sys
from globus_compute_sdk.sdk import executor
from braid_db.cli import main

port = int(sys.argv[1])
executor.Executor.amqp_port = property(lambda _: port, lambda *_: None)
# As little as it draws, it waits between its attempts.
executor.random.uniform = lambda least, most: least
sys.argv = ["braid-db", *sys.argv[2:]]
main()
"""


def test_a_broker_that_cannot_be_reached_is_told_in_a_sentence(
    sqlite_served: Served, tmp_path: Path
) -> None:
    served, definition = sqlite_served, tmp_path / "definition.json"
    task = {"function_id": served.ids[STEP], "kwargs": {"step_name": "Unheard"}}
    record = {
        "Type": "Action",
        "ActionUrl": "https://compute.actions.globus.org/v3",
        "Parameters": {"endpoint_id": served.endpoint_id, "tasks": [task]},
        "WaitTime": 180,
        "End": True,
    }
    definition.write_text(json.dumps({"StartAt": "Record", "States": {"Record": record}}))
    line = [str(free_port()), "flow", "run", definition, "--compute", "globus"]
    done = subprocess.run(
        [sys.executable, "-c", BEHIND_A_FIREWALL, *line],
        env=served.account.environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    [told] = done.stderr.splitlines()
    assert told.startswith("The run failed in state Record: ActionFailedException: ")
    assert "what came of it could not be heard" in told
    assert "AMQPConnectionError" in told
