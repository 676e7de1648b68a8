"""What tests ask for: a broker and a cloud for the session, and endpoints of one's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.globus_cloud import broker
from tests.globus_cloud.broker import Broker
from tests.globus_cloud.cloud import Cloud

FLOW_RUNNER = (sys.executable, "-m", "tests.globus.flow_runner")
"""What runs flows in the cloud, which knows nothing of it but how to start it."""

_running: list[Cloud] = []


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The session's RabbitMQ node, which no test stops; skips where RabbitMQ is not installed."""
    with _node(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture(scope="session")
def globus_cloud(rabbitmq: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The stand-in, running."""
    with _cloud(tmp_path_factory.mktemp("cloud"), rabbitmq) as cloud:
        yield cloud


@pytest.fixture
def breakable_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud of the test's own, whose broker it may stop: those of the session are not harmed."""
    folder = tmp_path_factory.mktemp("breakable")
    with _node(folder / "rabbitmq") as node, _cloud(folder / "cloud", node) as cloud:
        yield cloud


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """The empty home folder of somebody who uses Globus."""
    home = tmp_path / "account"
    home.mkdir(mode=0o700)
    return home


@contextmanager
def _node(folder: Path) -> Iterator[Broker]:
    if not broker.is_installed():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    node = Broker(folder)
    try:
        yield node.start()
    finally:
        node.stop()


@contextmanager
def _cloud(folder: Path, node: Broker) -> Iterator[Cloud]:
    cloud = Cloud(folder, node, FLOW_RUNNER)
    _running.append(cloud)
    try:
        yield cloud.start()
    finally:
        _running.remove(cloud)
        cloud.stop()


def said_last() -> Iterator[tuple[str, str]]:
    """Yield what each of the running services printed last, with its name."""
    for cloud in _running:
        for server in (cloud, cloud.broker):
            said = server.output.read_text(errors="replace")[-3000:]
            yield f"{type(server).__name__} said last", said
