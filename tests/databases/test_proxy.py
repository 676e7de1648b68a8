"""What stands between a client and a server hides no end of the one from the other."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.databases.proxy import proxy_to


@pytest.mark.parametrize("is_read", [True, False])
def test_a_client_is_told_that_its_server_has_ended(tmp_path: Path, is_read: bool) -> None:
    path = str(tmp_path / "socket")
    with (
        socket.create_server(path, family=socket.AF_UNIX) as listener,
        proxy_to(path) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), 60) as client,
    ):
        server, _ = listener.accept()
        client.sendall(b"query")
        server.recv(9, 0 if is_read else socket.MSG_PEEK)
        # What was not read makes the system reset the connection.
        server.close()
        assert client.recv(9) == b""
