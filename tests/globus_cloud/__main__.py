"""``python -m tests.globus_cloud FOLDER PORT BROKER_URL [RUNNER ...]``: the stand-in as a process.

The rest of the line is the program that runs flows; without one they cannot be started.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.globus_cloud.auth import Auth
from tests.globus_cloud.flows import Flows
from tests.globus_cloud.provider import Provider
from tests.globus_cloud.runs import Runs
from tests.globus_cloud.service import Service
from tests.globus_cloud.state import State
from tests.globus_cloud.web import Routes, serve


def main(folder: str, port: str, broker_url: str, *runner: str) -> None:
    """Serve for ever."""
    here = Path(folder)
    state = State(here / "state.db")
    auth = Auth(state)
    service, flows = Service(state, auth, broker_url), Flows(state, auth)
    runs = Runs(state, auth, flows, here / "runs", f"http://127.0.0.1:{port}", runner)
    routes = Routes()
    for part in (auth, service, Provider(state, auth, service), flows, runs):
        part.add_to(routes)
    serve(routes, int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
