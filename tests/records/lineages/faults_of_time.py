"""Faults in what is answered as of a time: what shows that was not so, or not known, by then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import true

from braid_db.records import lineage
from braid_db.store import Transaction, reading, recording, validity
from braid_db.store import lineage as sql
from braid_db.store.statements import Statement
from braid_db.views import Direction
from tests.recall.histories.world import (
    Derivation,
    Edit,
    File,
    Recall,
    Reinstate,
    Step,
    Transfer,
    Update,
)
from tests.records.lineages import laws
from tests.records.lineages.asking import Question
from tests.records.lineages.faults import (
    FAULTS,
    FILE,
    RESULT,
    SECOND,
    USE,
    WRITE,
    WRITER,
    Patch,
    breaks,
    compile_anew,
    in_reach,
)

__all__ = ["FAULTS"]

AS_OF = laws.what_is_answered_as_of_a_time_is_what_was_answered_then


@breaks(AS_OF, (WRITE, Step(writes=(File(1),)), Derivation(FILE, SECOND)), Question(RESULT))
def what_was_told_to_be_derived_later_shows(patch: Patch) -> None:
    in_reach(patch, lambda real, *given, as_of, **told: real(*given, **told))


@breaks(AS_OF, (WRITE, USE, Derivation(FILE, SECOND)), Question(RESULT))
def how_two_came_from_each_other_is_told_as_it_is_now(patch: Patch) -> None:
    real = sql.edges_among
    patch.setattr(sql, "edges_among", lambda tx, contents, *_, **told: real(tx, contents, **told))


@breaks(AS_OF, (WRITE, Edit(FILE)), Question(WRITER, direction=Direction.DOWN))
def a_content_is_shown_as_it_is_described_now(patch: Patch) -> None:
    real = reading.describing_versions
    patch.setattr(reading, "describing_versions", lambda tx, contents, _: real(tx, contents))


@breaks(AS_OF, (WRITE, Recall(FILE)), Question(FILE))
def what_was_recalled_later_was_invalid(patch: Patch) -> None:
    real = reading.version_rows
    patch.setattr(reading, "version_rows", lambda tx, versions, *_: real(tx, versions))


@breaks(AS_OF, (WRITE, Recall(FILE), Reinstate(0)), Question(FILE))
def what_was_taken_back_later_was_valid(patch: Patch) -> None:
    patch.setattr(validity, "or_", lambda stands, _: stands)
    compile_anew(patch)


@breaks(AS_OF, (WRITE, Step(reads=(File(0, grade=0),))), Question(FILE))
def tags_that_were_added_later_show(patch: Patch) -> None:
    real = reading.tag_rows
    patch.setattr(reading, "tag_rows", lambda tx, versions, _: real(tx, versions))


@breaks(AS_OF, (WRITE, Step(reads=(File(0, mirror=0),))), Question(FILE))
def uris_that_were_added_later_show(patch: Patch) -> None:
    real = reading.uri_rows
    patch.setattr(reading, "uri_rows", lambda tx, versions, _: real(tx, versions))


@breaks(AS_OF, (WRITE, Update(FILE)), Question(FILE))
def the_version_that_is_current_now_was_current_then(patch: Patch) -> None:
    real = lineage.asked_about
    patch.setattr(lineage, "asked_about", lambda tx, one, number, _: real(tx, one, number, None))


LATE_CHECKSUM = Step(reads=(File(0, state=0),))
LATE_SIZE = Step(reads=(File(0, is_sized=True),))
TASK = 2
LATE_TIMES = Transfer(0, ((0, 4),), is_timed=True)


def _all_details_show(patch: Patch) -> None:
    patch.setattr(reading, "_known", lambda detail, _: detail)
    compile_anew(patch)


@breaks(AS_OF, (WRITE, LATE_CHECKSUM), Question(FILE))
def a_checksum_that_was_told_later_shows(patch: Patch) -> None:
    _all_details_show(patch)


@breaks(AS_OF, (WRITE, LATE_SIZE), Question(FILE))
def a_size_that_was_told_later_shows(patch: Patch) -> None:
    _all_details_show(patch)


@breaks(AS_OF, (Transfer(0, ((0, 4),)), LATE_TIMES), Question(TASK))
def times_that_were_told_later_show(patch: Patch) -> None:
    _all_details_show(patch)


@breaks(AS_OF, (WRITE, LATE_CHECKSUM), Question(FILE))
def nobody_notes_that_a_checksum_is_told_late(patch: Patch) -> None:
    real = Transaction.write

    def write(tx: Transaction, statement: Statement, rows: Any) -> None:
        if statement is not recording.NOTE_LATE["sha256"]:
            real(tx, statement, rows)

    patch.setattr(Transaction, "write", write)


@breaks(AS_OF, (LATE_TIMES, LATE_TIMES), Question(TASK))
def what_is_told_again_was_not_known_before(patch: Patch) -> None:
    whatever: Any = SimpleNamespace(name="started_at", is_=lambda _: true())
    patch.setitem(recording.NOTE_LATE, "started_at", recording._note_late(whatever))
