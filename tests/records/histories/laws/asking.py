"""What the laws ask of a recording again and again, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.records.histories.recording import Recording
from tests.records.histories.rows import Rows
from tests.records.histories.world import READ, WRITTEN, Told

Law = Callable[[Recording], None]

IDS = {READ: "input_record_ids", WRITTEN: "output_record_ids"}
VERSIONS = {READ: "input_versions", WRITTEN: "output_versions"}


class LawBroken(AssertionError):
    """A history left something behind that a law of the data model does not allow."""


def hold(condition: object, broken: str) -> None:
    """Make sure of a part of a law.

    :param broken: what is so where it does not hold.
    """
    if not condition:
        raise LawBroken(broken)


def each_told(recording: Recording) -> Iterator[tuple[int, str, Told]]:
    for number, call in enumerate(recording.calls):
        for side in (READ, WRITTEN):
            for told in call.told(side):
                yield number, side, told


def each_listed(
    recording: Recording, only: int | None = None
) -> Iterator[tuple[int, str, Told | None, int, int]]:
    """Yield what results list: call, side, what it stands for, record id and version."""
    numbers = range(len(recording.calls)) if only is None else (only,)
    for number in numbers:
        result = recording.results[number]
        for side, tolds in zip((READ, WRITTEN), recording.listed[number], strict=True):
            hold(len(result[IDS[side]]) == len(tolds), f"result {number} lists another number")
            for record_id, told in zip(result[IDS[side]], tolds, strict=True):
                yield number, side, told, record_id, result[VERSIONS[side]].get(str(record_id), 1)


def record_of(recording: Recording, told: Told) -> int:
    record_id = recording.record_of(told.file)
    assert record_id is not None
    return record_id


def step_content(recording: Recording, number: int) -> int:
    return recording.last.content_of(recording.step_of(number))


def contents_linked(recording: Recording, number: int, file: int, side: str) -> set[int]:
    """Return the contents of a file that a call's step read or wrote."""
    record_id, step = recording.record_of(file), step_content(recording, number)
    assert record_id is not None
    if side == WRITTEN:
        return recording.last.derived(step, "generated", record_id)
    role = "transferred" if recording.calls[number].work.is_transfer else "used"
    return recording.last.predecessors(step, role, record_id)


def said_in(rows: Rows, record_id: int, number: int) -> object:
    name = rows.versions_of(record_id)[number].name
    return name, rows.tags_at(record_id, number), rows.uris_at(record_id, number)


def kept_on_step(
    recording: Recording, number: int, record_id: int
) -> dict[str, set[tuple[int, str]]]:
    """Return what a step said of a record differently, by name, kind or tag's key."""
    rows, prefix = recording.rows[number + 1], f"as_defined.{record_id}."
    tags = rows.tags_at(recording.step_of(number), 1)
    kept = {key.removeprefix(prefix): tags[key] for key in tags if key.startswith(prefix)}
    return {key.removeprefix("tags."): kept[key] for key in kept}


def seen_before(recording: Recording, number: int) -> set[int]:
    return {told.file for call in recording.calls[:number] for told in call.all_told}
