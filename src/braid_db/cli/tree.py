"""A lineage as a tree of lines."""

from __future__ import annotations

from collections.abc import Iterator

from braid_db.views import Direction, Lineage, RecordView

_DEEPEST_GUIDES = 30
"""Beyond this depth lines are no longer indented further, but say how deep they are."""

Name = tuple[int, int]
Branches = dict[Name, dict[Name, str]]
Path = tuple[bool, ...]
"""For each level whether more follows on it; of deep ones only the last levels."""


def tree_lines(lineage: Lineage) -> Iterator[str]:
    """Yield the lines of a tree that begins with the record that was asked about.

    What is reached in more than one way stands below the first one only; elsewhere it is marked.
    """
    records = {_name(node.record): node.record for node in lineage.nodes}
    branches = _branches(lineage)
    drawn: set[Name] = set()
    yield str(lineage.start)
    waiting = _below(branches, _name(lineage.start), (), 1)
    while waiting:
        name, role, path, depth = waiting.pop()
        again = " (see above)" if name in drawn and name in branches else ""
        yield f"{_guides(path, depth)}{role}: {records[name]}{again}"
        if name not in drawn:
            drawn.add(name)
            waiting += _below(branches, name, path, depth + 1)


def _below(
    branches: Branches, name: Name, path: Path, depth: int
) -> list[tuple[Name, str, Path, int]]:
    """Return what stands below a record, last first."""
    path = path[-_DEEPEST_GUIDES:]
    below = sorted(branches.get(name, {}).items(), reverse=True)
    return [(child, role, (*path, nth > 0), depth) for nth, (child, role) in enumerate(below)]


def _branches(lineage: Lineage) -> Branches:
    """Return what stands next to each record in the lineage's direction, with the roles."""
    branches: Branches = {}
    for edge in lineage.edges:
        predecessor = edge.predecessor_id, edge.predecessor_version
        derived = edge.derived_id, edge.derived_version
        is_up = lineage.direction is Direction.UP
        near, far = (derived, predecessor) if is_up else (predecessor, derived)
        beside = branches.setdefault(near, {})
        beside[far] = f"{beside[far]}, {edge.role}" if far in beside else edge.role.value
    return branches


def _guides(path: Path, depth: int) -> str:
    *above, more = path
    deep = f"({depth}) " if depth > len(path) else ""
    guides = "".join("│   " if follows else "    " for follows in above)
    return f"{guides}{'├── ' if more else '└── '}{deep}"


def _name(record: RecordView) -> Name:
    return record.record_id, record.version
