"""Tests that changes by many lose nothing, and that a killed one is there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from braid_db.model import Kind
from braid_db.records.versions import list_versions
from braid_db.store import Store
from tests.functions.calls import Endpoint
from tests.functions.fixtures import postgresql_endpoint as postgresql_endpoint
from tests.functions.fixtures import sqlite_endpoint as sqlite_endpoint
from tests.functions.proxies import Proxy
from tests.functions.test_killed import path_is_told, wait_for
from tests.functions.victims import Victims
from tests.records.mortals import CHANGES, edit_beside_others
from tests.records.versions import Laboratory
from tests.store.processes import at_once

TEN = 10


def test_ten_processes_that_edit_one_record_at_once_lose_nothing(
    store: Store, database_url: str, costly: Callable[[int], int]
) -> None:
    lab, times = Laboratory(store), costly(50)
    record_id = lab.make("file:///a", tags={"kept": True})
    made = at_once(TEN, edit_beside_others, database_url, record_id, times)
    assert sorted(number for own in made for number in own) == list(range(2, 2 + TEN * times))
    shown = lab.show(record_id)
    assert shown.versions == 1 + TEN * times
    last = shown.tags["last"]
    assert shown.tags == {"kept": True, "last": last} | {
        f"of_{number}": times - 1 for number in range(TEN)
    }
    for number, own in enumerate(made):
        for n, version in enumerate(own):
            then = lab.show(record_id, version).tags
            assert (then[f"of_{number}"], then["last"]) == (n, number)
    history = lab.store.read(lambda tx: list_versions(tx, record_id))
    assert {one.content for one in history} == {1}


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    """A process that victims are forked off."""
    with Victims("tests.records.mortals") as victims:
        yield victims


@pytest.fixture
def killing(tmp_path: Path, victims: Victims) -> Callable[[Endpoint, int, str, int], bool]:
    """Return what kills a change at one of its statements; it answers False when it was done."""

    def kill(endpoint: Endpoint, record_id: int, change: str, statement: int) -> bool:
        progress = tmp_path / f"{change}-{statement}"
        order = {"record_id": record_id, "change": change, "progress": str(progress)}
        if endpoint.url.startswith("sqlite"):
            victim = victims.start(url=endpoint.url, stop_at=statement, **order)
            if victims.next_news() == "done":
                return False
            victims.kill(victim)
            return True
        url = make_url(endpoint.url)
        with Proxy(Path(str(url.query["host"])), statement, deliver=False) as proxy:
            through = url.update_query_dict({"host": str(proxy.folder)})
            shown = through.render_as_string(hide_password=False)
            victim = victims.start(url=shown, stop_at=statement, **order)
            wait_for(lambda: proxy.held.is_set() or path_is_told(progress))
            if not proxy.held.is_set():
                assert victims.next_news() == "done"
                return False
            victims.kill(victim)
        return True

    return kill


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_change_that_is_killed_at_any_statement_is_there_whole_or_not_at_all(
    request: pytest.FixtureRequest,
    killing: Callable[[Endpoint, int, str, int], bool],
    kind: str,
    change: str,
) -> None:
    endpoint: Endpoint = request.getfixturevalue(f"{kind}_endpoint")
    store = Store(endpoint.url)
    lab = Laboratory(store)
    lab.step()
    record_id = lab.make("file:///old", kind=Kind.MODEL, tags={"draft": True, "loss": 1})
    if change == "restore":
        lab.update(record_id, sha256="c" * 64)
        lab.edit(record_id, name="x", tags={"loss": 2}, uris=("file:///x",))
    before, statement = endpoint.everything(), 1
    while killing(endpoint, record_id, change, statement):
        assert endpoint.everything() == before
        statement += 1
    assert statement > 10
    after = endpoint.everything()
    assert {name for name in after if after[name] != before[name]} >= {"record", "version", "tag"}
    assert lab.show(record_id).versions == lab.show(record_id).version > 1
    store.close()
