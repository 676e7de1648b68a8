"""The plain model: what the recall of a content reaches, by going from content to content."""

from __future__ import annotations

from collections.abc import Collection

from tests.records.histories.rows import Edge

DATA, REVISION, ORDER = WAYS = ("data", "revision", "order")


def reach(edges: Collection[Edge], root: int, *, follow_order: bool) -> dict[int, str]:
    """Return all that the recall of a content reaches, each with the best way to it.

    DESIGN.md section 6: data, then revisions, then the order of steps, which counts only where a
    step did not tell what it used, unless it is to be followed everywhere.
    """
    known = {edge.derived for edge in edges if edge.role in ("used", "informed", "transferred")}
    onward: dict[int, list[Edge]] = {}
    for edge in edges:
        in_order = edge.role == "followed" and not follow_order and edge.derived in known
        if edge.role != "transferred" and not in_order:
            onward.setdefault(edge.predecessor, []).append(edge)
    found = {root: DATA}
    for worst, way in enumerate(WAYS):
        waiting = list(found)
        while waiting:
            for edge in onward.get(waiting.pop(), ()):
                if edge.derived not in found and WAYS.index(_way(edge)) <= worst:
                    found[edge.derived] = way
                    waiting.append(edge.derived)
    return found


def _way(edge: Edge) -> str:
    return {"revision": REVISION, "followed": ORDER}.get(edge.role, DATA)
