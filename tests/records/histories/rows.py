"""What one history left in the tables, read past the code that wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from braid_db.store import tables

ACTIVITIES = ("step", "transfer")


class Version(NamedTuple):
    version_id: int
    record_id: int
    number: int
    content_id: int
    name: str
    sha256: str | None
    created_at: datetime


class Edge(NamedTuple):
    """A derivation between two contents."""

    predecessor: int
    derived: int
    role: str


class Said(NamedTuple):
    """A tag or URI of a record, from one version until another.

    :ivar value: type and text of a tag; the URI.
    """

    record_id: int
    key: str
    value: tuple[int, str]
    since: int
    until: int | None

    def holds_in(self, number: int) -> bool:
        return self.since <= number and (self.until is None or number < self.until)


@dataclass(frozen=True)
class Mark:
    """Where the rows of a history begin: the last ids before it."""

    record_id: int
    version_id: int


def mark(connection: Connection) -> Mark:
    """Return the last ids that are in use."""
    ids = (tables.record.c.record_id, tables.version.c.version_id)
    return Mark(*(connection.scalar(select(func.coalesce(func.max(key), 0))) for key in ids))


@dataclass(frozen=True)
class Rows:
    """The rows of one history at one moment.

    :ivar kinds: of the records, by their ids.
    :ivar current: the current version's id, by the record's.
    """

    kinds: dict[int, str]
    current: dict[int, int]
    versions: tuple[Version, ...]
    edges: frozenset[Edge]
    tags: tuple[Said, ...]
    uris: tuple[Said, ...]

    @cached_property
    def _by_record(self) -> dict[int, dict[int, Version]]:
        found: dict[int, dict[int, Version]] = {}
        for version in self.versions:
            found.setdefault(version.record_id, {})[version.number] = version
        return found

    @cached_property
    def by_id(self) -> dict[int, Version]:
        return {version.version_id: version for version in self.versions}

    def versions_of(self, record_id: int) -> dict[int, Version]:
        """Return a record's versions by their numbers, ascending."""
        return self._by_record.get(record_id, {})

    def contents_of(self, record_id: int) -> dict[int, Version]:
        """Return the versions of a record that brought a content in, by the content's id."""
        versions = self.versions_of(record_id).values()
        return {v.content_id: v for v in versions if v.content_id == v.version_id}

    def is_current(self, record_id: int, content_id: int) -> bool:
        return self.by_id[self.current[record_id]].content_id == content_id

    def content_of(self, record_id: int) -> int:
        """Return the one content of a step or transfer."""
        return self.versions_of(record_id)[1].content_id

    def predecessors(self, content_id: int, role: str, record_id: int) -> set[int]:
        """Return the contents of a record that lead into a content."""
        contents = self.contents_of(record_id)
        found = (e.predecessor for e in self._into.get(content_id, ()) if e.role == role)
        return contents.keys() & set(found)

    def derived(self, content_id: int, role: str, record_id: int) -> set[int]:
        """Return the contents of a record that a content leads into."""
        contents = self.contents_of(record_id)
        found = (e.derived for e in self._out_of.get(content_id, ()) if e.role == role)
        return contents.keys() & set(found)

    def makers(self, content_id: int) -> set[int]:
        """Return the steps and transfers that made a content."""
        return {e.predecessor for e in self._into.get(content_id, ()) if e.role == "generated"}

    def leads_to(self, start: int, goal: int) -> bool:
        """Return whether a content is reached from another, by one derivation or more."""
        waiting, found = [start], set()
        while waiting:
            for edge in self._out_of.get(waiting.pop(), ()):
                if edge.derived not in found:
                    found.add(edge.derived)
                    waiting.append(edge.derived)
        return goal in found

    @cached_property
    def _into(self) -> dict[int, list[Edge]]:
        found: dict[int, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.derived, []).append(edge)
        return found

    @cached_property
    def _out_of(self) -> dict[int, list[Edge]]:
        found: dict[int, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.predecessor, []).append(edge)
        return found

    def tags_at(self, record_id: int, number: int) -> dict[str, set[tuple[int, str]]]:
        """Return the values of a version's tags."""
        found: dict[str, set[tuple[int, str]]] = {}
        for tag in self.tags:
            if tag.record_id == record_id and tag.holds_in(number):
                found.setdefault(tag.key, set()).add(tag.value)
        return found

    def uris_at(self, record_id: int, number: int) -> list[str]:
        """Return the URIs of a version, in order."""
        held = [u for u in self.uris if u.record_id == record_id and u.holds_in(number)]
        return [text for _, text in sorted(uri.value for uri in held)]

    def places_at(self, record_id: int, number: int) -> list[int]:
        """Return the places of a version's URIs."""
        held = [u for u in self.uris if u.record_id == record_id and u.holds_in(number)]
        return sorted(uri.value[0] for uri in held)


def read_rows(connection: Connection, since: Mark) -> Rows:
    """Read what was written since a mark."""
    records = _rows(connection, tables.record, since, "record_id", "kind", "current_version_id")
    told = ("record_id", "since", "until")
    return Rows(
        kinds={record_id: kind for record_id, kind, _ in records},
        current={record_id: current for record_id, _, current in records},
        versions=tuple(
            sorted(
                Version(*row) for row in _rows(connection, tables.version, since, *Version._fields)
            )
        ),
        edges=frozenset(
            Edge(*row)
            for row in connection.execute(
                select(
                    *(tables.derivation.c[n] for n in ("predecessor_id", "derived_id", "role"))
                ).where(tables.derivation.c.derived_id > since.version_id)
            )
        ),
        tags=tuple(
            Said(record_id, key, (kind, text), start, end)
            for record_id, start, end, key, kind, text in _rows(
                connection, tables.tag, since, *told, "key", "type", "value"
            )
        ),
        uris=tuple(
            Said(record_id, "uri", (position, text), start, end)
            for record_id, start, end, position, text in _rows(
                connection, tables.uri, since, *told, "position", "uri"
            )
        ),
    )


def _rows(connection: Connection, table: Table, since: Mark, *names: str) -> list[Any]:
    query = select(*(table.c[name] for name in names)).order_by(*table.primary_key)
    return list(connection.execute(query.where(table.c.record_id > since.record_id)))


def ranks(rows: Rows) -> dict[int, int]:
    """Return the rank of each record by its id: numbers that are not used make no difference."""
    return {record_id: rank for rank, record_id in enumerate(sorted(rows.kinds))}


def alike(rows: Rows) -> object:
    """Return rows with their ids by rank, so that two databases' can be compared."""
    rank = ranks(rows)
    place = {v.version_id: (rank[v.record_id], v.number) for v in rows.versions}
    versions = sorted(
        (place[v.version_id], place[v.content_id], v.name, v.sha256 or "") for v in rows.versions
    )
    edges = sorted((place[e.predecessor], place[e.derived], e.role) for e in rows.edges)
    said = sorted(
        (rank[s.record_id], _without_ids(s.key, rank), s.value, s.since, s.until or 0)
        for s in (*rows.tags, *rows.uris)
    )
    records_alike = [(rank[r], rows.kinds[r], place[rows.current[r]]) for r in sorted(rows.kinds)]
    return records_alike, versions, edges, said


def _without_ids(key: str, rank: dict[int, int]) -> str:
    """Return a tag's key without the record id that it names, where it names one."""
    before, *rest = key.split(".")
    if before == "as_defined":
        rest[0] = str(rank[int(rest[0])])
    return ".".join((before, *rest))
