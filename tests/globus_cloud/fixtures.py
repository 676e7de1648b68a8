"""What tests ask for: a broker and a cloud for the session, and endpoints of one's own."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.globus_cloud import broker
from tests.globus_cloud.broker import Broker
from tests.globus_cloud.cloud import Cloud

FLOW_RUNNER = (sys.executable, "-m", "tests.globus.flow_runner")
"""What runs flows in the cloud, which knows nothing of it but how to start it."""

CLOUD = pytest.StashKey[Cloud]()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A RabbitMQ node of this session's own; skips where RabbitMQ is not installed."""
    if not broker.is_installed():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    node = Broker(tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield node.start()
    finally:
        node.stop()


@pytest.fixture(scope="session")
def globus_cloud(
    rabbitmq: Broker, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Cloud]:
    """The stand-in, running."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), rabbitmq, FLOW_RUNNER)
    pytestconfig.stash[CLOUD] = cloud
    try:
        yield cloud.start()
    finally:
        cloud.stop()


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """The empty home folder of somebody who uses Globus."""
    home = tmp_path / "account"
    home.mkdir(mode=0o700)
    return home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the services said last, when a test fails."""
    report = yield
    cloud = item.config.stash.get(CLOUD, None)
    if report.failed and cloud is not None:
        for server in (cloud, cloud.broker):
            said = server.output.read_text(errors="replace")[-3000:]
            report.sections.append((f"{type(server).__name__} said last", said))
    return report
