"""Laws of records: their identity, their versions, and what is told of them."""

from __future__ import annotations

import json

from tests.records.histories.laws.asking import (
    each_listed,
    hold,
    kept_on_step,
    record_of,
    said_in,
)
from tests.records.histories.recording import Recording
from tests.records.histories.rows import Rows, Version
from tests.records.histories.world import WRITTEN, By, Told


def a_file_is_one_record_whatever_its_spelling(recording: Recording) -> None:
    """Every mention of a file is the same record; what has no URI is a new one each time."""
    known: dict[int, int] = {}
    loose: list[int] = []
    for _, side, told, record_id, _ in each_listed(recording):
        if told is None:
            loose.append(record_id)
        else:
            first = known.setdefault(told.file, record_id)
            hold(first == record_id, f"file {told.file} is {side} as a second record")
    steps = {recording.step_of(number) for number in range(len(recording.calls))}
    happenings = {call.happening for call in recording.calls}
    hold(len(steps) == len(happenings), "a step is not one record of its own")
    every = [*known.values(), *loose, *steps]
    hold(len(set(every)) == len(every), "different things are one record")
    hold(set(every) == recording.last.kinds.keys(), "a record was made that nobody told of")


def versions_count_from_one_and_the_newest_is_current(recording: Recording) -> None:
    """Numbers have no gaps; each content is a version of its own record, and no later one."""
    for rows in recording.rows:
        for record_id, current in rows.current.items():
            versions = rows.versions_of(record_id)
            hold(list(versions) == list(range(1, len(versions) + 1)), "a number is left out")
            hold(versions[len(versions)].version_id == current, "the newest is not current")
            for version in versions.values():
                content = rows.by_id.get(version.content_id)
                hold(content and content.record_id == record_id, "a content of another record")
                hold(content and content.content_id == content.version_id, "a content that is none")
                hold(content and content.number <= version.number, "a content of a later version")


def an_edit_changes_the_description_of_the_same_content(recording: Recording) -> None:
    """A version of the content before differs from it in what it says, and only in that."""
    for before, after in zip(recording.rows, recording.rows[1:], strict=False):
        for edit in after.versions:
            if edit.content_id != edit.version_id and edit.version_id not in before.by_id:
                _is_an_edit(before, after, edit)


def _is_an_edit(before: Rows, after: Rows, edit: Version) -> None:
    record_id, number = edit.record_id, edit.number
    last = after.versions_of(record_id)[number - 1]
    hold(edit.content_id == last.content_id, "an edit goes back to an old content")
    hold(edit.content_id in before.by_id, "new content is edited by the call that brought it")
    hold(edit.sha256 is None, "an edit has a checksum of its own")
    said = [said_in(after, record_id, n) for n in (number - 1, number)]
    hold(said[0] != said[1], "an edit changed nothing")


def every_version_reads_as_it_did(recording: Recording) -> None:
    """Later calls change no version; to the current one they may add a tag's key or a URI."""
    for before, after in zip(recording.rows, recording.rows[1:], strict=False):
        hold(before.kinds.items() <= after.kinds.items(), "a record became another kind")
        for version in before.versions:
            record_id, number = version.record_id, version.number
            now = after.by_id[version.version_id]
            same = now[:5] == version[:5] and version.sha256 in (None, now.sha256)
            hold(same, f"version {number} became another")
            is_current = before.current[record_id] == version.version_id
            tags, later = before.tags_at(record_id, number), after.tags_at(record_id, number)
            kept = {key: value for key, value in later.items() if key in tags or not is_current}
            hold(kept == tags, f"the tags of version {number} became others")
            uris, more = before.uris_at(record_id, number), after.uris_at(record_id, number)
            hold(more[: len(uris)] == uris, f"the URIs of version {number} became others")
            hold(is_current or more == uris, f"version {number} got URIs when it was not current")
            places = after.places_at(record_id, number)
            hold(places == list(range(len(places))), f"version {number} has URIs without order")


def what_is_told_of_a_file_can_be_read(recording: Recording) -> None:
    """It stands at the version that the result names; of inputs and older contents it may stand
    with the record as it is now, or with the step.
    """
    for number, side, told, record_id, version in each_listed(recording):
        if told is None or told.by not in (By.CHECKSUM, By.NAME):
            continue
        rows = recording.rows[number + 1]
        content = rows.versions_of(record_id)[version].content_id
        is_newest = side == WRITTEN and rows.is_current(record_id, content)
        if not recording.calls[number].work.is_transfer:
            _can_be_read(recording, number, told, (record_id, version), at_version=is_newest)


def _can_be_read(
    recording: Recording, number: int, told: Told, named: tuple[int, int], *, at_version: bool
) -> None:
    rows, said = recording.rows[number + 1], told.mention
    record_id, version = named
    moments = [recording.rows[number], rows]
    newest = [len(moment.versions_of(record_id)) or 1 for moment in moments]
    numbers = [version] if at_version else [version, *newest]
    kept = {} if at_version else kept_on_step(recording, number, record_id)
    for key, value in recording.tags_of(said):
        stands = [rows.tags_at(record_id, n).get(key, set()) for n in numbers]
        found = any(value in values for values in (*stands, kept.get(key, ())))
        is_right = stands == [{value}] if at_version else found
        hold(is_right, f"call {number} told of {key}, which stands nowhere")
    names = {rows.versions_of(record_id)[n].name for n in numbers}
    names |= {text for _, text in kept.get("name", ())}
    hold(said.name in (None, *names), f"call {number} told of a name that stands nowhere")
    if said.is_mirrored:
        uris = {uri for n in numbers for uri in rows.uris_at(record_id, n)}
        uris |= {uri for _, text in kept.get("uris", ()) for uri in json.loads(text)}
        hold(recording.mirror_of(told.file) in uris, f"call {number} told of a URI that is lost")


def an_input_edits_nothing(recording: Recording) -> None:
    """What a call only reads keeps its name, kind, tags and URIs; what differs is on the step."""
    for number, call in enumerate(recording.calls):
        before, after = recording.rows[number], recording.rows[number + 1]
        written = {told.file for told in call.writes}
        for told in call.reads:
            record_id = record_of(recording, told)
            if told.file not in written and record_id in before.kinds:
                _is_not_edited(before, after, record_id)
                if not call.work.is_transfer and told.by in (By.CHECKSUM, By.NAME):
                    _is_kept_on_step(recording, number, told)


def _is_not_edited(before: Rows, after: Rows, record_id: int) -> None:
    old, new = before.versions_of(record_id), after.versions_of(record_id)
    hold(before.kinds[record_id] == after.kinds[record_id], "an input changed a kind")
    added = [new[number] for number in new if number not in old]
    hold(all(v.version_id == v.content_id for v in added), "an input edited a record")
    hold({v.name for v in added} <= {old[len(old)].name}, "an input changed a name")
    tags, later = before.tags_at(record_id, len(old)), after.tags_at(record_id, len(new))
    hold({key: later.get(key) for key in tags} == tags, "an input changed a tag")
    uris, more = before.uris_at(record_id, len(old)), after.uris_at(record_id, len(new))
    hold(more[: len(uris)] == uris, "an input changed the URIs")


def _is_kept_on_step(recording: Recording, number: int, told: Told) -> None:
    record_id, before = record_of(recording, told), recording.rows[number]
    newest = before.versions_of(record_id)[len(before.versions_of(record_id))]
    kept, said = kept_on_step(recording, number, record_id), told.mention
    if said.name not in (None, newest.name):
        hold((1, said.name) in kept.get("name", ()), f"call {number} lost another name")
    if said.kind not in (None, before.kinds[record_id]):
        hold((1, said.kind) in kept.get("kind", ()), f"call {number} lost another kind")
    tags = before.tags_at(record_id, newest.number)
    for key, value in recording.tags_of(said):
        if key in tags and value not in tags[key]:
            hold(value in kept.get(key, ()), f"call {number} lost another value of {key}")
