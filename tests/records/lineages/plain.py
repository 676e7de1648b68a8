"""The plain model: what came from what, found by trying every derivation again and again."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from braid_db.views import Direction, RecordView
from tests.records.histories.rows import Edge, Rows

TRANSFERRED = "transferred"

Way = tuple[tuple[int, str], ...]
"""Contents, each with how it came from the one before; the first with nothing."""

Named = tuple[int, int]
"""A record and the number of a version."""


@dataclass(frozen=True)
class Plain:
    """What was recorded by one moment, and which contents recalls reached then."""

    rows: Rows
    invalid: frozenset[int]

    def version(self, record_id: int, number: int | None) -> Named:
        """Return which version is meant: the current one where none is named."""
        current = self.rows.by_id[self.rows.current[record_id]].number
        return record_id, number or current

    def content(self, named: Named) -> int:
        """Return what a version stands for."""
        return self.rows.versions_of(named[0])[named[1]].content_id

    def content_of(self, view: RecordView) -> int:
        """Return what is shown."""
        return self.content((view.record_id, view.version))

    def kind(self, content: int) -> str:
        return self.rows.kinds[self.rows.by_id[content].record_id]

    def is_activity(self, content: int) -> bool:
        return self.kind(content) in ("step", "transfer")

    def describing(self, content: int) -> Named:
        """Return the version that shows a content: the newest that has it."""
        record_id = self.rows.by_id[content].record_id
        versions = self.rows.versions_of(record_id)
        return record_id, max(n for n, one in versions.items() if one.content_id == content)

    def distances(
        self, start: int, direction: Direction, *, by_data: bool = False
    ) -> dict[int, int]:
        """Return all that is reached from a content, with the shortest way to each.

        A transfer comes from what was transferred, but nothing else does.
        """
        found = {start: 0}
        for way in (Direction.UP, Direction.DOWN):
            if direction in (way, Direction.BOTH):
                found |= self._one_way(start, is_up=way is Direction.UP, by_data=by_data)
        return found

    def _one_way(self, start: int, *, is_up: bool, by_data: bool) -> dict[int, int]:
        steps = [
            (edge.derived, edge.predecessor) if is_up else (edge.predecessor, edge.derived)
            for edge in self._edges(by_data=by_data)
            if edge.role != TRANSFERRED or (is_up and edge.derived == start)
        ]
        found, front = {start: 0}, {start}
        while front:
            front = {far for near, far in steps if near in front} - found.keys()
            found |= dict.fromkeys(front, max(found.values()) + 1)
        return found

    def _edges(self, *, by_data: bool) -> Iterator[Edge]:
        """Yield the derivations, by data without an order where something better is known."""
        told = {e.derived for e in self.rows.edges if e.role in ("used", "informed", TRANSFERRED)}
        for edge in self.rows.edges:
            if not (by_data and edge.role == "followed" and edge.derived in told):
                yield edge

    def among(self, contents: Container[int], *, by_data: bool = False) -> set[Edge]:
        """Return the derivations with both ends among some contents."""
        edges = self._edges(by_data=by_data)
        return {e for e in edges if e.derived in contents and e.predecessor in contents}

    def ways(self, first: int, last: int) -> list[Way]:
        """Return every way from a content to another one that came from it, the shortest first."""
        above = self.distances(last, Direction.UP)
        if first == last or first not in above:
            return []
        roles: dict[tuple[int, int], list[str]] = {}
        for edge in self.among(above):
            if edge.role != TRANSFERRED or edge.derived == last:
                roles.setdefault((edge.predecessor, edge.derived), []).append(edge.role)
        named = {ends: ", ".join(sorted(found)) for ends, found in roles.items()}
        return sorted(_ways_on(((first, ""),), last, named), key=len)


def _ways_on(way: Way, last: int, roles: Mapping[tuple[int, int], str]) -> Iterator[Way]:
    here = way[-1][0]
    if here == last:
        yield way
    for (near, far), role in roles.items():
        if near == here:
            yield from _ways_on((*way, (far, role)), last, roles)
