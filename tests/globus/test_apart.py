"""What belongs to the one who runs the tests is left alone: their proxies, home and network."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from braid_db.flows.service import FlowsService
from tests.effort import only_whole
from tests.globus.conftest import NewAccount
from tests.globus.flow_files import GREET, FlowFolder, acting_as
from tests.globus.web import Web
from tests.globus_cloud.broker import free_port
from tests.globus_cloud.cloud import CHECKOUT, Cloud

PROXIES = ("http_proxy", "https_proxy", "all_proxy")

ALONE = """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Runs a command where there is no network but the loopback, once that is switched on."""

NO_NETWORK = ["unshare", "--net", sys.executable, "-c", ALONE]
if os.geteuid() != 0:
    NO_NETWORK[1:1] = ["--user", "--map-current-user", "--keep-caps"]


@pytest.fixture
def dead_proxy() -> dict[str, str]:
    """The variables of somebody all of whose requests go to a proxy that is not there."""
    url = f"http://127.0.0.1:{free_port()}"
    return {name: url for proxy in PROXIES for name in (proxy, proxy.upper())}


def test_an_inherited_proxy_is_not_asked(
    new_account: NewAccount,
    globus_cloud: Cloud,
    dead_proxy: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in dead_proxy.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(globus_cloud.url, timeout=60)
    account = new_account()
    [function_id] = account.register("check_records").values()
    assert Web(globus_cloud).get(f"/v2/functions/{function_id}")["function_uuid"] == function_id
    flow = FlowFolder(account.home / "flow", Greet=GREET)
    flow_id = account.ask("flow", "publish", flow.definition)["flow_id"]
    with acting_as(account, monkeypatch):
        assert FlowsService().find_flow(flow_id)


@only_whole("a session of its own is run")
def test_the_whole_way_needs_no_network_but_the_loopback_and_leaves_nothing_at_home(
    dead_proxy: dict[str, str], tmp_path: Path
) -> None:
    possible = subprocess.run([*NO_NETWORK, "true"], capture_output=True, text=True)
    if possible.returncode:
        pytest.skip(f"needs root, or user namespaces: {possible.stderr}")
    (home := tmp_path / "home").mkdir()
    tests = ["tests/globus/test_calls.py", "-k", "local_call_does or published_and_started"]
    line = [sys.executable, "-m", "pytest", "-q", *tests, f"--basetemp={tmp_path / 'inner'}"]
    done = subprocess.run(
        [*NO_NETWORK, *line, "-p", "no:cacheprovider"],
        env=os.environ | dead_proxy | {"HOME": str(home)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "2 passed" in done.stdout
    assert list(home.iterdir()) == []
