"""Histories that once left something wrong behind, as short as they get."""

from __future__ import annotations

from tests.records.histories import laws
from tests.records.histories.recording import Database, record
from tests.records.histories.world import Hand, History, Mention, Work


def test_a_uri_that_is_told_of_an_older_content_is_kept_with_the_step(database: Database) -> None:
    reading = Work(reads=(Mention(0),))
    told_late = Work(reads=(Mention(0, is_mirrored=True),), late=3)
    history = History((reading, told_late, Hand(0), reading))
    recording = record(history, database)
    assert [call.happening for call in recording.calls] == [0, 3, 1]
    laws.what_is_told_of_a_file_can_be_read(recording)


def test_new_content_with_another_tag_is_one_version(database: Database) -> None:
    first = Work(writes=(Mention(0, tags=(("frames", 1),)),))
    second = Work(writes=(Mention(0, tags=(("frames", 2),)),))
    recording = record(History((first, second)), database)
    laws.an_edit_changes_the_description_of_the_same_content(recording)
    record_id = recording.record_of(0)
    assert record_id is not None
    assert recording.results[1]["output_versions"] == {str(record_id): 2}
    assert list(recording.last.versions_of(record_id)) == [1, 2]
