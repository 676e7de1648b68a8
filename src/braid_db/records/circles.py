"""Looking for a circle among all derivations, in a time and a memory that grow as their number."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


def find_circle(edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return the contents of one circle, each derived from the one before it; empty if none.

    What has no predecessor left is taken away until nothing is left, or only circles and what
    comes of them. A content from which nothing was derived is in no circle, and takes no room:
    the others take three numbers each, and every derivation two.

    :param edges: ``(predecessor, derived)`` in the order of the predecessors.
    """
    nodes, starts, derived = array("q"), array("q"), array("q")
    for predecessor, after in edges:
        if not nodes or nodes[-1] != predecessor:
            nodes.append(predecessor)
            starts.append(len(derived))
        derived.append(after)
    starts.append(len(derived))
    places = array("q", (_place(nodes, content) for content in derived))
    waits_for = array("q", bytes(8 * len(nodes)))
    for place in places:
        if place >= 0:
            waits_for[place] += 1
    _take_away(starts, places, waits_for)
    return [nodes[place] for place in _circle_among(starts, places, waits_for)]


def _place(nodes: array[int], content: int) -> int:
    """Return where a content stands among those from which something was derived; else -1."""
    place = bisect_left(nodes, content)
    return place if place < len(nodes) and nodes[place] == content else -1


def _take_away(starts: array[int], places: array[int], waits_for: array[int]) -> None:
    free = array("q", (place for place, count in enumerate(waits_for) if count == 0))
    while free:
        place = free.pop()
        for after in places[starts[place] : starts[place + 1]]:
            if after >= 0:
                waits_for[after] -= 1
                if waits_for[after] == 0:
                    free.append(after)


def _circle_among(starts: array[int], places: array[int], waits_for: array[int]) -> list[int]:
    """Return a circle among what still waits: back from any of it one comes to a circle."""
    before = {
        after: place
        for place, count in enumerate(waits_for)
        if count > 0
        for after in places[starts[place] : starts[place + 1]]
        if after >= 0
    }
    if not before:
        return []
    place, seen = next(iter(before)), dict[int, int]()
    while place not in seen:
        seen[place] = len(seen)
        place = before[place]
    return list(seen)[seen[place] :][::-1]
