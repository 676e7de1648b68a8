"""Where a history lets it be known which true content each call meant.

Two ways of telling leave nothing to guess about a file:

checksums
    Every call that names the file tells its checksum, or names an earlier result, which means a
    content by its version; and no two contents that are told of are the same bytes. Then the
    order of recording and changes by hand do not matter.
order
    The calls that name the file without naming a version are recorded in the order in which they
    truly read and wrote it; after what is told of first, each new content is first told by its
    writer, so that no hand changed what is told; and bytes that come twice are written each time
    with their checksum. Then checksums are not needed.

What is told wrongly of one file leads into the lineage of others, where it can look like a
circle. So a file counts as knowable if all files are that it is connected with, by steps, by
transfers or by the order of steps; and if that order is true. Folders stand for the files under
them, and the file that the model follows is not told from what the folder stands for: these are
left to the other laws.

Whatever is told of other files, a definition that carries a checksum means a content with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.records.histories.world import (
    FOLDERS,
    READ,
    WRITTEN,
    By,
    Call,
    History,
    Told,
    folder_of,
)

PINNED = (By.RESULT, By.TASK)

Node = tuple[str, int]


def knowable_files(history: History) -> set[int]:
    """Return the files of which it is known which content each call meant."""
    joined = _Joined()
    unclear: set[Node] = set()
    for call in history.calls:
        step = ("step", call.happening)
        for told in call.all_told:
            joined.join(step, ("file", told.file))
        for earlier in call.after:
            joined.join(step, ("step", history.calls[earlier].happening))
        if call.work.lies:
            unclear.add(step)
    files = {told.file for call in history.calls for told in call.all_told}
    folders = files.intersection(FOLDERS)
    unclear |= {
        ("file", file)
        for file in files
        if folder_of(file) in folders or not _is_clear(history.calls, file)
    }
    unclear_parts = {joined.part_of(node) for node in unclear}
    return {file for file in files if joined.part_of(("file", file)) not in unclear_parts}


def _is_clear(calls: Sequence[Call], file: int) -> bool:
    mentions = [
        (side, told)
        for call in calls
        for side in (READ, WRITTEN)
        for told in call.told(side)
        if told.file == file and told.by not in PINNED
    ]
    return _is_checksummed(told for _, told in mentions) or _is_in_order(mentions)


def _is_checksummed(mentions: Iterable[Told]) -> bool:
    found = list(mentions)
    states = {told.state for told in found}
    is_told = all(told.by is By.CHECKSUM for told in found)
    return is_told and len({state.token for state in states}) == len(states)


def _is_in_order(mentions: Sequence[tuple[str, Told]]) -> bool:
    seen: list[Told] = []
    for side, told in mentions:
        numbers = [earlier.state.number for earlier in seen]
        is_new = told.state.number not in numbers
        if told.state.number < max(numbers, default=0):
            return False
        if seen and is_new != (side == WRITTEN):
            return False
        seen.append(told)
    return not _has_unclear_bytes(mentions)


def _has_unclear_bytes(mentions: Sequence[tuple[str, Told]]) -> bool:
    """Return whether the same bytes came twice and were not written with their checksum."""
    first_told = {told.state: (side, told.by) for side, told in reversed(mentions)}
    tokens = [state.token for state in first_told]
    return any(
        tokens.count(state.token) > 1 and how != (WRITTEN, By.CHECKSUM)
        for state, how in first_told.items()
    )


class _Joined:
    """Which nodes are connected: disjoint sets."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}

    def part_of(self, node: Node) -> Node:
        while (parent := self._parent.setdefault(node, node)) != node:
            node = parent
        return node

    def join(self, one: Node, other: Node) -> None:
        self._parent[self.part_of(one)] = self.part_of(other)
