"""What every test may ask for: an empty database, its share of work, and to be left alone."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import effort
from tests.databases.postgresql import PostgresServer
from tests.databases.shared import SharedServers

# Here, so that all folders of tests share one of each; imported by one, it would be that one's own.
from tests.globus_cloud.fixtures import breakable_cloud as breakable_cloud
from tests.globus_cloud.fixtures import globus_cloud as globus_cloud
from tests.globus_cloud.fixtures import rabbitmq as rabbitmq
from tests.globus_cloud.fixtures import said_last

SESSION_FOLDER = pytest.StashKey[Path]()
SERVERS = pytest.StashKey[SharedServers]()
PERSONS_SETTINGS = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("braid-db")
    group.addoption("--full", action="store_true", help="costly tests do all of their work")
    group.addoption("--fail-on-skip", action="store_true", help="a skipped test is a failure")


def pytest_configure(config: pytest.Config) -> None:
    effort.choose(full=config.getoption("full"))
    hypothesis.settings.register_profile(
        "braid-db", deadline=None, print_blob=True, max_examples=effort.costly(200)
    )
    hypothesis.settings.load_profile("braid-db")
    if hasattr(config, "workerinput"):
        config.stash[SERVERS] = SharedServers(Path(config.workerinput["session_folder"]))
        config.stash[PERSONS_SETTINGS] = config.workerinput["persons_settings"]
    else:
        _begin_session(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["session_folder"] = str(node.config.stash[SESSION_FOLDER])
    node.workerinput["persons_settings"] = node.config.stash[PERSONS_SETTINGS]


def pytest_unconfigure(config: pytest.Config) -> None:
    if SESSION_FOLDER in config.stash:
        config.stash[SERVERS].stop()
        shutil.rmtree(config.stash[SESSION_FOLDER])


def _begin_session(config: pytest.Config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="braid-db-tests-"))
    config.stash[SESSION_FOLDER] = folder
    config.stash[SERVERS] = SharedServers(folder)
    config.stash[SERVERS].own()
    config.stash[PERSONS_SETTINGS] = _leave_the_persons_settings(home=folder / "home")
    # What ends a session early must still stop its servers.
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _leave_the_persons_settings(home: Path) -> dict[str, str]:
    """Let no test read or write what belongs to the one who runs it.

    :returns: those variables that a package installer of theirs would read.
    """
    left = {}
    for name in list(os.environ):
        if name == "HOME" or name.startswith("XDG_") or name.lower().endswith("_proxy"):
            left[name] = os.environ.pop(name)
        elif name.startswith(("BRAID_", "GLOBUS_", "PG")):
            del os.environ[name]
    home.mkdir()
    os.environ["HOME"] = str(home)
    return left


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = _failed_if_skipped((yield), item.config)
    if report.failed:
        report.sections += said_last()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    return _failed_if_skipped((yield), collector.config)


def _failed_if_skipped(report: Any, config: pytest.Config) -> Any:
    expected_to_fail = hasattr(report, "wasxfail")
    if report.skipped and not expected_to_fail and config.getoption("fail_on_skip"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def persons_environment(pytestconfig: pytest.Config) -> dict[str, str]:
    """The environment in which the one who runs the tests installs packages."""
    return dict(os.environ) | pytestconfig.stash[PERSONS_SETTINGS]


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> PostgresServer:
    """The session's PostgreSQL server; it forgets what it holds when it is killed."""
    return pytestconfig.stash[SERVERS].postgresql()


@pytest.fixture(scope="session")
def durable_postgresql_server(pytestconfig: pytest.Config) -> PostgresServer:
    """A PostgreSQL server whose commits wait for the disk; for benchmarks."""
    return pytestconfig.stash[SERVERS].postgresql(durable=True)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet, in a folder of its own."""
    folder = tmp_path / "sqlite"
    folder.mkdir()
    return f"sqlite:///{folder / 'braid.db'}"


@pytest.fixture
def postgresql_url(postgresql_server: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database."""
    with postgresql_server.new_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new, empty database; the test is run once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["WEST8", "EAST-5:30"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place whose clocks are far from UTC; the test is run once on either side."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def costly() -> Callable[[int], int]:
    """Return a costly count as it is, or a tenth of it unless ``--full`` was given."""
    return effort.costly
