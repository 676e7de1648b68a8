"""Laws of what leads where."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from tests.records.histories.laws.asking import (
    LawBroken,
    contents_linked,
    each_listed,
    hold,
    record_of,
    seen_before,
    step_content,
)
from tests.records.histories.recording import Recording
from tests.records.histories.rows import ACTIVITIES, Edge
from tests.records.histories.world import FOLDERS, READ, WRITTEN, By, Call, folder_of


def nothing_descends_from_itself(recording: Recording) -> None:
    """The graph of contents has no circle, after any call."""
    for rows in recording.rows:
        graph: dict[int, set[int]] = {}
        for edge in rows.edges:
            graph.setdefault(edge.derived, set()).add(edge.predecessor)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            raise LawBroken(f"contents {error.args[1]} descend from themselves") from None


def no_derivation_is_lost(recording: Recording) -> None:
    """What leads where as told is there, between the records that were told of, for ever."""
    for before, after in zip(recording.rows, recording.rows[1:], strict=False):
        hold(before.edges <= after.edges, "a derivation has gone")
    for number, call in enumerate(recording.calls):
        step = step_content(recording, number)
        for _, side, told, record_id, _ in each_listed(recording, number):
            if told is not None:
                linked = contents_linked(recording, number, told.file, side)
            else:
                linked = recording.last.predecessors(step, "used", record_id)
            hold(linked, f"call {number} lost what it {side}")
        _has_its_order(recording, number, call)
        _has_its_copies(recording, number, call)
        _has_its_folders(recording, number, call)


def _has_its_order(recording: Recording, number: int, call: Call) -> None:
    roles = ["followed"] if call.work.is_transfer else ["followed", "informed"]
    for role, earlier in zip(roles, call.after, strict=False):
        edge = Edge(step_content(recording, earlier), step_content(recording, number), role)
        hold(edge in recording.last.edges, f"call {number} lost what it came after")


def _has_its_copies(recording: Recording, number: int, call: Call) -> None:
    for source, copy in zip(call.reads, call.writes, strict=False):
        if call.work.is_transfer:
            copies = contents_linked(recording, number, copy.file, WRITTEN)
            record_id = record_of(recording, copy)
            sources = contents_linked(recording, number, source.file, READ)
            found = (recording.last.derived(s, "derived", record_id) & copies for s in sources)
            hold(any(found), f"transfer {number} lost which source became {copy.file}")


def _has_its_folders(recording: Recording, number: int, call: Call) -> None:
    """A transferred folder comes from its known files, a file first seen in it from the folder."""
    rows, known = recording.last, seen_before(recording, number)
    for told in call.reads:
        if told.by is By.TASK:
            continue
        record_id = record_of(recording, told)
        if told.file in FOLDERS and call.work.is_transfer:
            within = [file for file in known - {told.file} if folder_of(file) == told.file]
            for content in contents_linked(recording, number, told.file, READ):
                for file in within:
                    part = recording.record_of(file)
                    assert part is not None
                    hold(rows.predecessors(content, "derived", part), f"folder without {file}")
        elif told.file not in known and folder_of(told.file) in known:
            folder = recording.record_of(folder_of(told.file))
            first = rows.versions_of(record_id)[1].content_id
            assert folder is not None
            hold(rows.predecessors(first, "derived", folder), f"{told.file} without its folder")


def activities_have_one_content_and_make_only_entities(recording: Recording) -> None:
    """Steps and transfers never get a second content; what they make is made by them alone."""
    rows = recording.last
    for record_id, kind in rows.kinds.items():
        if kind in ACTIVITIES:
            hold(len(rows.contents_of(record_id)) == 1, f"a {kind} has a second content")
    makers: dict[int, set[int]] = {}
    for edge in rows.edges:
        if edge.role == "generated":
            derived = rows.kinds[rows.by_id[edge.derived].record_id]
            maker = rows.kinds[rows.by_id[edge.predecessor].record_id]
            hold(derived not in ACTIVITIES, f"a {derived} was generated")
            hold(maker in ACTIVITIES, f"a {maker} generated something")
            makers.setdefault(edge.derived, set()).add(edge.predecessor)
    hold(all(len(found) == 1 for found in makers.values()), "two steps made the same content")


def a_refused_call_writes_nothing(recording: Recording) -> None:
    """A step is no output; who names it as one is refused with all that the call tells."""
    for number, is_refused in recording.refused.items():
        hold(is_refused, f"the step of call {number} was made by another")
    names = {version.name for version in recording.last.versions}
    hold("besides" not in names, "a refused call left something behind")


def a_transfer_that_is_recorded_again_adds_nothing(recording: Recording) -> None:
    """Recorded again as it was, it is the same task with the same contents."""
    for number, call in enumerate(recording.calls):
        if call.is_again and call.work.arrives_at_first:
            before, after = recording.rows[number], recording.rows[number + 1]
            first = next(n for n, c in enumerate(recording.calls) if c.happening == call.happening)
            hold(before == after, f"call {number} wrote something again")
            same = recording.step_of(first) == recording.step_of(number)
            hold(same, f"call {number} is a second record of its task")
