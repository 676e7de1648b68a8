"""The remote functions as an endpoint has them, and what a database holds after they ran."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, func, select

from braid_db.compute import sources
from braid_db.errors import BraidError
from braid_db.records.views import get_record
from braid_db.resources import functions_folder
from braid_db.store import Store
from braid_db.store.tables import derivation, metadata, version
from braid_db.views import RecordView

NAMES = (
    "add_invalidation_action_to_record",
    "add_record_for_action_step",
    "add_records",
    "add_transfer_request",
    "check_records",
    "create_invalidation_action",
    "invalidate_record",
    "record_flow_run",
)

Result = dict[str, Any]
Node = tuple[int, int]

FOREIGN_WORDS = ("pydantic", "psycopg", "sqlalchemy", "Traceback", "validation error", "Errno")
"""What an error's text would hold if a driver or a library had written it."""


def whole(name: str) -> Callable[..., Result]:
    """Return a remote function, compiled from its file's text."""
    return sources.load(sources.read_file(functions_folder() / f"{name}.py"))


def alone(name: str) -> Callable[..., Result]:
    """Return a remote function, compiled from the text of its ``def`` alone."""
    text = sources.read_text(functions_folder() / f"{name}.py")
    return sources.load(sources.definition_alone(name, text))


class Endpoint:
    """A worker's side of the remote functions, and its database.

    :ivar step: ``add_record_for_action_step``.
    :ivar transfer: ``add_transfer_request``.
    :ivar action: ``create_invalidation_action``.
    :ivar records: ``add_records``.
    :ivar link: ``add_invalidation_action_to_record``.
    :ivar check: ``check_records``.
    :ivar recall: ``invalidate_record``.
    :ivar flow_run: ``record_flow_run``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.step = whole("add_record_for_action_step")
        self.transfer = whole("add_transfer_request")
        self.action = whole("create_invalidation_action")
        self.records = whole("add_records")
        self.link = whole("add_invalidation_action_to_record")
        self.check = whole("check_records")
        self.recall = whole("invalidate_record")
        self.flow_run = whole("record_flow_run")
        # One connection for all reading, as a server takes longer to accept one than to answer.
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._store: Store | None = None

    def step_id(self, **arguments: Any) -> int:
        """Record a step and return its id."""
        record_id: int = self.step(**arguments)["flow_state_record_id"]
        return record_id

    def used(self, **definition: Any) -> int:
        """Record a step that used what is defined, and return the used record's id."""
        [record_id] = self.step(input_record_defs=definition)["input_record_ids"]
        return int(record_id)

    def made(self, **definition: Any) -> int:
        """Record a step that made what is defined, and return the made record's id."""
        [record_id] = self.step(output_record_defs=definition)["output_record_ids"]
        return int(record_id)

    def record(self, record_id: int, number: int | None = None) -> RecordView:
        """Return one version of a record as the reading side shows it."""
        if self._store is None:
            self._store = Store(self.url, create=False)
        return self._store.read(lambda tx: get_record(tx, record_id, number))

    def select(self, query: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the tables."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return [tuple(row) for row in self._connection.execute(query)]

    def rows(self, table: str) -> list[SimpleNamespace]:
        """Return all rows of a table."""
        found = metadata.tables[table]
        names = [column.name for column in found.c]
        return [
            SimpleNamespace(**dict(zip(names, row, strict=True)))
            for row in self.select(found.select())
        ]

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has, all at one moment."""
        # What a killed process had sent to a server may still be carried out after its death.
        counts = {
            table.name: select(func.count()).select_from(table).scalar_subquery()
            for table in metadata.sorted_tables
        }
        [row] = self.select(select(*counts.values()))
        return dict(zip(counts, row, strict=True))

    def everything(self) -> dict[str, list[str]]:
        """Return all rows of all tables, in an order of their own."""
        return {
            table.name: sorted(map(repr, self.select(table.select())))
            for table in metadata.sorted_tables
        }

    def edges(self) -> set[tuple[Node, str, Node]]:
        """Return all derivations; a node is a record and the version that brought the content."""
        before, after = version.alias(), version.alias()
        rows = self.select(
            select(
                before.c.record_id,
                before.c.number,
                derivation.c.role,
                after.c.record_id,
                after.c.number,
            )
            .join(before, before.c.version_id == derivation.c.predecessor_id)
            .join(after, after.c.version_id == derivation.c.derived_id)
        )
        return {((a, n), role, (b, m)) for a, n, role, b, m in rows}

    def into(self, record_id: int, number: int = 1) -> set[tuple[Node, str]]:
        """Return what one content was derived from."""
        return {(node, role) for node, role, to in self.edges() if to == (record_id, number)}

    @contextmanager
    def held(self, lock: str, seconds: float) -> Iterator[None]:
        """Hold a lock on PostgreSQL for a while, from before what is done until it goes on."""
        with self._engine.connect() as holder:
            holder.exec_driver_sql("BEGIN")
            holder.exec_driver_sql(lock)
            timer = threading.Timer(seconds, lambda: holder.exec_driver_sql("COMMIT"))
            timer.start()
            yield
            timer.join()

    def close(self) -> None:
        """Close the connections that read."""
        for opened in (self._store, self._connection):
            if opened is not None:
                opened.close()


def refused(endpoint: Endpoint, call: Callable[[], object], code: str | None = None) -> str:
    """Make sure that a call is refused by one clear line and writes nothing; return the line."""
    before = endpoint.everything()
    with pytest.raises(BraidError) as caught:
        call()
    assert endpoint.everything() == before
    line = str(caught.value)
    assert line.encode()
    assert len(line.splitlines()) == 1, line
    assert line.isprintable()
    assert len(line) < 1000
    assert line.endswith(f"[{caught.value.code}]")
    assert not [word for word in FOREIGN_WORDS if word in line], line
    assert code in (None, caught.value.code), line
    return line


def document(*results: Any, status: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """Return the status document of a Compute action, as it stands in a flow's state."""
    outputs = [{"task_id": f"task-{n}", "output": item} for n, item in enumerate(results)]
    return {
        "action_id": "tg_5c1f3b0e-5b7f-4c0e-9f6e-0d5f7a1e2b3c",
        "status": status,
        "details": {"result": list(results), "results": outputs},
        "creator_id": "urn:globus:auth:identity:1f3b0e5c",
        "start_time": "2026-03-01T10:00:00.000001+00:00",
        "completion_time": "2026-03-01T10:00:02+00:00",
        **more,
    }


def nested(depth: int, innermost: Any = None) -> list[Any]:
    """Return lists within lists."""
    inside = innermost
    for _ in range(depth):
        inside = [inside]
    return inside


def is_acyclic(edges: set[tuple[Node, str, Node]]) -> bool:
    """Return whether no content is its own ancestor."""
    waits_for: dict[Node, set[Node]] = defaultdict(set)
    for before, _, after in edges:
        waits_for[after].add(before)
        waits_for[before]
    while free := [node for node, before in waits_for.items() if not before]:
        for node in free:
            del waits_for[node]
        for before in waits_for.values():
            before.difference_update(free)
    return not waits_for
