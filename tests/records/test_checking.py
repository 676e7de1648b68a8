"""Tests that a check finds each fault that is planted past the use cases, and only faults."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, NullPool, create_engine, event, text

from braid_db.cli import main
from braid_db.model import Kind, Reference, Role
from braid_db.recall.recalls import invalidate
from braid_db.recall.targets import DEFAULT_RULES, Targets
from braid_db.records.checking import check_database
from braid_db.records.circles import find_circle
from braid_db.records.versions import Change, edit_record, restore_version, update_record
from braid_db.steps.home import home
from braid_db.store import Store
from tests.functions.calls import Endpoint
from tests.records.planting import plant_edges, plant_records

Plant = Callable[[str], None]


@pytest.fixture
def endpoint(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint that recorded two steps, an edit by tags, an action and its link."""
    monkeypatch.setenv("BRAID_DB_URL", database_url)
    endpoint = Endpoint(database_url)
    data = {"name": "scan", "uris": "file:///a/scan.h5", "tags": {"loss": 1}}
    first = endpoint.step(
        step_name="Collect", run_id="run-1", output_record_defs=data, idempotency_key="first"
    )
    endpoint.step(
        step_name="Analyse",
        previous_step_output=first,
        input_record_ids=first,
        inputs_from_referenced_outputs=True,
        output_record_defs={"name": "model", "kind": "model"},
        other_predecessor_record_ids=[777],
        if_missing="mark",
        idempotency_key="second",
    )
    action = endpoint.action(command="/bin/true", idempotency_key="third")
    endpoint.link(record_id=1, invalidation_action_id=action["invalidation_action_id"])
    yield endpoint
    endpoint.close()
    home().store.close()


@pytest.fixture
def plant(endpoint: Endpoint) -> Iterator[Plant]:
    """Return what runs SQL that no use case runs, and that no key stops."""
    engine = create_engine(endpoint.url, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def unguarded(connection: Connection) -> None:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))

    def run(sql: str) -> None:
        with engine.begin() as connection:
            for statement in sql.split(";"):
                assert connection.execute(text(statement)).rowcount != 0, statement

    yield run
    engine.dispose()


def change(url: str, *statements: str) -> None:
    """Run SQL in one transaction."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def faults(url: str) -> dict[str, int]:
    store = Store(url, create=False)
    report = check_database(store)
    store.close()
    assert report.is_sound == (not any(one.faults for one in report.checks))
    return {one.name: one.faults for one in report.checks if one.faults}


def test_what_the_functions_recorded_is_sound(endpoint: Endpoint) -> None:
    assert faults(endpoint.url) == {}


def test_edits_restores_recalls_and_what_is_born_invalid_are_sound(endpoint: Endpoint) -> None:
    data, model = endpoint.made(name="n", uris="file:///a/n"), endpoint.made(name="m", kind="model")
    store = Store(endpoint.url, create=False)
    store.write(lambda tx: edit_record(tx, DEFAULT_RULES, data, Change(name="other")))
    store.write(lambda tx: update_record(tx, DEFAULT_RULES, model, sha256="0" * 64))
    store.write(lambda tx: restore_version(tx, model, 1))
    wrong = Targets((Reference(data),))
    store.write(lambda tx: invalidate(tx, wrong, cause="wrong"), alone=True)
    endpoint.step(input_record_ids=[data], output_record_defs={"name": "born"})
    store.close()
    assert faults(endpoint.url) == {}


def test_a_link_that_was_told_to_be_missing_is_a_note_and_no_fault(endpoint: Endpoint) -> None:
    store = Store(endpoint.url, create=False)
    report = check_database(store)
    store.close()
    assert report.is_sound
    [note] = report.notes
    assert "without links that were missing" in note
    assert "777" in note


_RECALL = """INSERT INTO recall (recall_id, uid, version_id, cause, follow_order, cascades,
    created_at)
VALUES (1, 'f47ac10b58cc4372a5670e02b2c3d479', {version}, 'wrong', false, true,
    '2026-01-01 00:00:00Z')"""
_REACHED = "INSERT INTO invalidation VALUES (1, {version}, 'data', '2026-01-01 00:00:00Z')"
_RUN = """INSERT INTO action_run (action_run_id, uid, recall_id, invalidation_action_id, record_id,
version_id, state, attempt, interruptions, created_at) SELECT 1,
'f47ac10b58cc4372a5670e02b2c3d479', 1, invalidation_action_id, 1, 1, 'owed', 0, 0, created_at
FROM invalidation_action"""
_DATA = "SELECT record_id FROM record WHERE kind = 'data'"
_SECOND = """INSERT INTO version (version_id, uid, record_id, number, content_id, name, created_at)
SELECT 90, 'f47ac10b58cc4372a5670e02b2c3d479', record_id, 2, {content}, name, created_at
FROM version WHERE record_id = ({record}); UPDATE record SET current_version_id = 90
WHERE record_id = ({record})"""
_STEP = "SELECT max(record_id) FROM record WHERE kind = 'step'"
_MODEL = "SELECT record_id FROM record WHERE kind = 'model'"
_EDGE = """INSERT INTO derivation SELECT {derived}, {predecessor}, '{role}', NULL, created_at
FROM database_info"""

FAULTS: dict[str, tuple[str, ...]] = {
    "foreign-keys": (
        "UPDATE identity SET record_id = 99",
        "UPDATE record_action SET record_id = 99",
        "UPDATE record SET run_id = 'gone' WHERE run_id IS NOT NULL",
    ),
    "version-numbers": (f"UPDATE version SET number = 2 WHERE record_id = ({_DATA})",),
    "current-version": (
        f"UPDATE record SET current_version_id = 99 WHERE record_id = ({_DATA})",
        "UPDATE record SET current_version_id = 1 WHERE record_id <> 1 AND kind = 'step'",
        _SECOND.format(content=90, record=_DATA)
        + f"; UPDATE record SET current_version_id = record_id WHERE record_id = ({_DATA})",
    ),
    "contents": (
        "UPDATE version SET content_id = 1 WHERE version_id = 2",
        _SECOND.format(content=f"({_STEP})", record=_DATA),
    ),
    "activities": (_SECOND.format(content=90, record=_STEP),),
    "nodes": (
        _SECOND.format(content="record_id", record=_DATA)
        + f"; {_EDGE.format(derived=f'({_MODEL})', predecessor=90, role='derived')}",
        _SECOND.format(content="record_id", record=_DATA)
        + f"; {_EDGE.format(derived=90, predecessor=f'({_STEP})', role='derived')}",
    ),
    "generated-once": (
        _EDGE.format(derived=f"({_MODEL})", predecessor=f"({_DATA})", role="generated"),
    ),
    "tags": (
        "UPDATE tag SET since = 0",
        "UPDATE tag SET since = 2",
        "UPDATE tag SET until = 1",
        "UPDATE tag SET until = 2",
    ),
    "uris": ("UPDATE uri SET since = 5", "UPDATE uri SET until = 9"),
    "recalls": (
        _RECALL.format(version=f"({_MODEL})"),
        f"{_RECALL.format(version=f'({_DATA})')}; {_REACHED.format(version=f'({_DATA})')}",
    ),
    "action-runs": (
        "; ".join(sql.format(version=f"({_MODEL})") for sql in (_RECALL, _REACHED, _RUN)),
    ),
    "no-circle": (
        _EDGE.format(derived=f"({_DATA})", predecessor=f"({_MODEL})", role="derived"),
        _EDGE.format(derived=f"({_DATA})", predecessor=f"({_DATA})", role="followed"),
    ),
    "receipts": (
        "UPDATE receipt SET result = NULL",
        "UPDATE receipt SET result = '[]'",
        """UPDATE receipt SET result = '{"output_record_ids": [99]}'""",
        """UPDATE receipt SET result = '{"input_versions": {"1": [1, 7]}}'""",
        "DELETE FROM record_action; DELETE FROM invalidation_action",
    ),
}
PLANTED = [
    pytest.param(name, sql, id=f"{name}-{nth}")
    for name, several in FAULTS.items()
    for nth, sql in enumerate(several)
]


@pytest.mark.parametrize(("name", "sql"), PLANTED)
def test_a_planted_fault_is_found(endpoint: Endpoint, plant: Plant, name: str, sql: str) -> None:
    plant(sql.replace(":", "\\:"))
    assert name in faults(endpoint.url)


def test_a_record_without_any_version_is_found(endpoint: Endpoint, plant: Plant) -> None:
    plant(f"DELETE FROM version WHERE record_id = ({_DATA})")
    assert {"version-numbers", "current-version", "foreign-keys"} <= set(faults(endpoint.url))


def test_a_sequence_that_is_behind_its_rows_is_found(postgresql_url: str) -> None:
    store = Store(postgresql_url)
    store.write(lambda tx: plant_records(tx, [Kind.DATA]))
    store.close()
    change(postgresql_url, "ALTER SEQUENCE version_number RESTART")
    assert faults(postgresql_url) == {"new-numbers": 1}


def test_an_index_that_lost_its_rows_is_found(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    data, model = store.write(lambda tx: plant_records(tx, [Kind.DATA, Kind.MODEL]))
    store.write(lambda tx: plant_edges(tx, [(data, model, Role.DERIVED)]))
    store.close()
    empty = "SELECT rootpage FROM sqlite_master WHERE name = 'receipt_age'"
    index = "UPDATE sqlite_master SET rootpage = ({}) WHERE name = 'derivation_down'"
    change(sqlite_url, "PRAGMA writable_schema = ON", index.format(empty))
    assert "integrity" in faults(sqlite_url)


def test_an_index_that_was_never_built_is_found(postgresql_url: str) -> None:
    Store(postgresql_url).read(lambda tx: None)
    index = "SELECT oid FROM pg_class WHERE relname = 'uri_record'"
    change(postgresql_url, f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = ({index})")
    assert faults(postgresql_url) == {"integrity": 1}


def test_a_circle_is_found_wherever_it_is_and_named_in_its_order() -> None:
    chance = random.Random(4)
    for _ in range(300):
        pairs = [sorted(chance.sample(range(12), 2)) for _ in range(15)]
        edges = {(before, after) for before, after in pairs}
        assert find_circle(sorted(edges)) == []
        circle = chance.sample(range(12), chance.randint(1, 5))
        closed = list(zip(circle, circle[1:] + circle[:1], strict=True))
        found = find_circle(sorted(edges | set(closed)))
        assert found
        steps = set(zip(found, found[1:] + found[:1], strict=True))
        assert steps <= edges | set(closed)


def test_a_long_chain_is_no_circle_and_needs_no_depth() -> None:
    chain = [(number, number + 1) for number in range(100_000)]
    assert find_circle(chain) == []
    assert len(find_circle([*chain, (100_000, 0)])) == 100_001


def test_the_command_tells_programs_what_is_wrong(endpoint: Endpoint, plant: Plant) -> None:
    sound = CliRunner().invoke(main, ["db", "check", "--format", "json"])
    answer: dict[str, Any] = json.loads(sound.stdout)
    assert (sound.exit_code, answer["sound"], len(answer["notes"])) == (0, True, 1)
    plant("UPDATE tag SET since = 2")
    wrong = CliRunner().invoke(main, ["db", "check"])
    assert wrong.exit_code == 1
    [line] = [line for line in wrong.stdout.splitlines() if "WRONG" in line]
    assert line.startswith("tags")
    assert "record 3" in line or "record 2" in line or "record 1" in line
