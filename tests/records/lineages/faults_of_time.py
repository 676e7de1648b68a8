"""Faults in what is answered as of a time: what shows that was not so, or not known, by then."""

from __future__ import annotations

from braid_db.records import lineage
from braid_db.store import lineage as sql
from braid_db.store import reading, validity
from braid_db.views import Direction
from tests.recall.histories.world import Derivation, Edit, File, Recall, Reinstate, Step, Update
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
