"""Laws of what calls mean: the contents that they read, write and name in results."""

from __future__ import annotations

from tests.records.histories.knowable import knowable_files
from tests.records.histories.laws.asking import (
    IDS,
    VERSIONS,
    contents_linked,
    each_listed,
    each_told,
    hold,
    record_of,
    step_content,
)
from tests.records.histories.recording import Recording, call_function
from tests.records.histories.rows import Edge, alike, ranks
from tests.records.histories.world import READ, WRITTEN, By, State, Told


def a_checksum_means_a_content_that_has_it(recording: Recording) -> None:
    """What is told with a checksum is a content with it, old where one was known."""
    for number, side, told in each_told(recording):
        if told.by is not By.CHECKSUM:
            continue
        contents = recording.last.contents_of(record_of(recording, told))
        linked = contents_linked(recording, number, told.file, side)
        sums = {contents[content].sha256 for content in linked}
        hold(sums == {told.state.sha256}, f"call {number} {side} {told.file} as other bytes")
        if not told.mention.is_listed_twice:
            look = _reads_the_newest if side == READ else _writes_the_newest_unwritten
            look(recording, number, told)


def _reads_the_newest(recording: Recording, number: int, told: Told) -> None:
    """Where contents had the checksum before, the newest of them is what was read."""
    record_id = record_of(recording, told)
    before = recording.rows[number].contents_of(record_id)
    equal = [v for v in before.values() if v.sha256 == told.state.sha256]
    if equal:
        newest = {max(equal, key=lambda version: version.number).version_id}
        linked = contents_linked(recording, number, told.file, READ)
        hold(linked == newest, f"call {number} read another content with the checksum it told")


def _writes_the_newest_unwritten(recording: Recording, number: int, told: Told) -> None:
    """Where contents had the checksum and no writer, the newest gets one: unless it came of it."""
    record_id, rows = record_of(recording, told), recording.rows[number]
    free = [
        version
        for content, version in rows.contents_of(record_id).items()
        if version.sha256 == told.state.sha256 and not rows.makers(content)
    ]
    if free:
        newest = max(free, key=lambda version: version.number).version_id
        linked = contents_linked(recording, number, told.file, WRITTEN)
        after, step = recording.rows[number + 1], step_content(recording, number)
        is_circle = after.leads_to(newest, step)
        hold(is_circle or linked == {newest}, f"call {number} did not write what was read")


def the_lineage_of_what_can_be_known_is_the_true_one(recording: Recording) -> None:
    """Contents stand for the states of files one to one, with the derivations between them."""
    files = knowable_files(recording.history)
    nodes: dict[State, int] = {}
    for number, side, told in each_told(recording):
        if told.file in files:
            linked = contents_linked(recording, number, told.file, side)
            hold(len(linked) == 1, f"call {number} {side} {len(linked)} contents of {told.file}")
            [content] = linked
            known = nodes.setdefault(told.state, content)
            hold(known == content, f"call {number} {side} another content of {told.file}")
    hold(len(set(nodes.values())) == len(nodes), "two true contents are one")
    _has_no_more_contents(recording, files, nodes)
    _has_true_derivations(recording, files, nodes)


def _has_no_more_contents(recording: Recording, files: set[int], nodes: dict[State, int]) -> None:
    for file in files:
        record_id = recording.record_of(file)
        assert record_id is not None
        contents = recording.last.contents_of(record_id)
        known = {content for state, content in nodes.items() if state.file == file}
        hold(contents.keys() == known, f"file {file} has contents that it never had")


def _has_true_derivations(recording: Recording, files: set[int], nodes: dict[State, int]) -> None:
    expected = set()
    for number, call in enumerate(recording.calls):
        reads = [nodes[told.state] for told in call.reads if told.file in files]
        writes = [nodes[told.state] for told in call.writes if told.file in files]
        step = step_content(recording, number)
        how = "transferred" if call.work.is_transfer else "used"
        expected |= {Edge(content, step, how) for content in reads}
        expected |= {Edge(step, content, "generated") for content in writes}
        if call.work.is_transfer:
            pairs = zip(reads, writes, strict=bool(call.writes))
            expected |= {Edge(source, copy, "derived") for source, copy in pairs}
    known = set(nodes.values())
    found = {e for e in recording.last.edges if {e.predecessor, e.derived} & known}
    hold(found == expected, f"missing {expected - found}, and never told {found - expected}")


def a_result_names_the_contents_that_were_recorded(recording: Recording) -> None:
    """Its ids and versions are what the step used and made, now and when it is followed later."""
    for number, side, told, record_id, version in each_listed(recording):
        if told is not None:
            named = recording.last.versions_of(record_id)[version].content_id
            linked = contents_linked(recording, number, told.file, side)
            hold(named in linked, f"result {number} names a content that was not {side}")
    for number in range(len(recording.calls)):
        for side in (READ, WRITTEN):
            is_followed(recording, number, side)


def is_followed(recording: Recording, number: int, side: str) -> None:
    """Name a result in a new step, by the document that stands in a flow's state."""
    result = recording.results[number]
    reference = {"status": "SUCCEEDED", "details": {"result": [result]}}
    probe = call_function(
        "add_record_for_action_step",
        {
            "input_record_ids": reference,
            "inputs_from_referenced_outputs": side == WRITTEN,
            "previous_step_output": result,
        },
    )
    rows = recording.read_now()
    step = rows.content_of(probe["flow_state_record_id"])
    hold(
        Edge(step_content(recording, number), step, "followed") in rows.edges,
        "another step followed",
    )
    for _, at, _, record_id, version in each_listed(recording, number):
        if at != side:
            continue
        meant = rows.versions_of(record_id)[version].content_id
        used = rows.predecessors(step, "used", record_id)
        hold(used == {meant}, f"result {number} leads to another content of record {record_id}")


def both_databases_hold_the_same(one: Recording, other: Recording) -> None:
    """The same history gives the same rows and results, but for ids, times and the database."""
    for number, (row, same) in enumerate(zip(one.rows, other.rows, strict=True)):
        hold(alike(row) == alike(same), f"the rows differ after {number} calls")
    for number in range(len(one.calls)):
        hold(_alike(one, number) == _alike(other, number), f"result {number} differs")


def _alike(recording: Recording, number: int) -> object:
    rank, result = ranks(recording.last), recording.results[number]
    return [
        rank[recording.step_of(number)],
        *([rank[record_id] for record_id in result[IDS[side]]] for side in IDS),
        *({rank[int(key)]: n for key, n in result[VERSIONS[side]].items()} for side in IDS),
    ]
