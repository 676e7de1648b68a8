"""What these tests may ask for: a broker, a cloud, accounts, and endpoints that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.databases.postgresql import PostgresServer
from tests.databases.proxy import proxy_to
from tests.globus import pythons
from tests.globus.account import Account
from tests.globus.served import Served
from tests.globus_cloud.auth import OWNER, VISITOR, Identity
from tests.globus_cloud.cloud import Cloud
from tests.ssx.conftest import SSX

NewAccount = Callable[..., Account]

PASSWORD = "the-password-of-the-database"
IN_QUERY = "the-password-among-the-options-of-the-url"
PGPASSWORD = "the-password-of-libpq"


@pytest.fixture(autouse=True)
def _nothing_is_left_at_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Nothing here writes into the home folder of the one who runs the tests."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    yield
    assert list(home.iterdir()) == []


@pytest.fixture(scope="session")
def new_account(
    globus_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewAccount]:
    """Return what makes empty accounts; what they start is ended with the session."""
    with ExitStack() as stack:

        def make(identity: Identity = OWNER, cloud: Cloud = globus_cloud) -> Account:
            account = Account(cloud, tmp_path_factory.mktemp("accounts") / "home", identity)
            stack.callback(account.leave)
            return account

        yield make


@pytest.fixture
def owner(new_account: NewAccount) -> Iterator[Account]:
    """Somebody who has nothing yet."""
    account = new_account(OWNER)
    yield account
    account.leave()


@pytest.fixture
def visitor(new_account: NewAccount) -> Iterator[Account]:
    """Somebody else, of another facility."""
    account = new_account(VISITOR)
    yield account
    account.leave()


@pytest.fixture(scope="session")
def sqlite_served(new_account: NewAccount) -> Served:
    """An endpoint on an SQLite file, of public functions, which reads arguments as JSON alone.

    A test that harms it, or the other one, leaves it at work.
    """
    account = new_account()
    return Served(account, f"sqlite:///{account.home}/braid.db", "--json-only", public=True)


@pytest.fixture(scope="session")
def postgresql_served(
    new_account: NewAccount, postgresql_server: PostgresServer
) -> Iterator[Served]:
    """An endpoint on a PostgreSQL database, with a password in each place that can hold one.

    It lets the functions of the SSX flow run, too.
    """
    with secretive(new_account, postgresql_server) as served:
        yield served


@pytest.fixture(scope="session")
def other_python(pytestconfig: pytest.Config, persons_environment: dict[str, str]) -> Path:
    """An interpreter of another minor version, with Braid-DB; skips where there is none.

    Its environment is kept beside what pytest keeps, as to make it takes a while and a network.
    """
    found = pythons.find_other(persons_environment)
    if found is None:
        pytest.skip("no second Python was found: put another python3.N on PATH, or into pyenv")
    minor, python = found
    assert pytestconfig.cache
    folder = pytestconfig.cache.mkdir("braid-db-pythons") / minor
    return pythons.install(python, folder, persons_environment)


@contextmanager
def database_of(kind: str, request: pytest.FixtureRequest, account: Account) -> Iterator[str]:
    """Give the URL of an empty database of a kind that an account's endpoint can own."""
    if kind == "sqlite":
        yield f"sqlite:///{account.home}/braid.db"
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with database_over_tcp(server) as url:
        yield url


@contextmanager
def secretive(
    new_account: NewAccount, server: PostgresServer, *options: object
) -> Iterator[Served]:
    """Give an endpoint whose URL has a password before the host and another one among its options.

    A third is in its environment. The server asks for none of them.
    """
    with database_over_tcp(server) as url:
        account = new_account()
        variables = {"PGPASSWORD": PGPASSWORD}
        url += f"?password={IN_QUERY}"
        functions = [SSX.folder / "compute.py"]
        yield Served(account, url, *options, functions=functions, variables=variables)
        account.leave()


@contextmanager
def database_over_tcp(server: PostgresServer) -> Iterator[str]:
    """Give the URL of an empty database that any account of this machine may connect to.

    An agent that root starts here could not open another account's socket.
    """
    with server.new_database() as url, proxy_to(f"{server.folder}/.s.PGSQL.5432") as proxy:
        there = make_url(url).set(host="127.0.0.1", port=proxy.port, password=PASSWORD, query={})
        yield there.render_as_string(hide_password=False)
