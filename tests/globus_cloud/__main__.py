"""``python -m tests.globus_cloud FOLDER PORT BROKER_URL``: the stand-in as a process."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.globus_cloud.auth import Auth
from tests.globus_cloud.provider import Provider
from tests.globus_cloud.service import Service
from tests.globus_cloud.state import State
from tests.globus_cloud.web import Routes, serve


def main(folder: str, port: str, broker_url: str) -> None:
    """Serve for ever."""
    state = State(Path(folder) / "state.db")
    auth = Auth(state)
    service = Service(state, auth, broker_url)
    routes = Routes()
    for part in (auth, service, Provider(state, auth, service)):
        part.add_to(routes)
    serve(routes, int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
