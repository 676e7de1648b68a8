"""The plain model: which contents a recall is made of, and when it is not clear which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from braid_db.errors import BraidError, RunNotFound
from braid_db.recall.errors import AmbiguousContent, NothingToRecall
from tests.recall.histories.reaching import reach
from tests.recall.histories.telling import FILES, Moment, Telling, pick
from tests.recall.histories.world import GRADES, Recall, Step
from tests.records.histories.rows import Rows, Version

STRING = 1
"""The type of a tag that is kept as its text and not as JSON."""


class Meant:
    """What a recall means at a moment.

    :ivar named: the contents that it names: by a record or a URI.
    :ivar selected: those that a tag or run selects, of which those are left out that the recall of
        another one reaches.
    :ivar refusals: why it must be refused; any of these, if there are some.
    """

    def __init__(self, telling: Telling, before: Moment, told: Recall) -> None:
        self._telling, self._before, self._told = telling, before, told
        self._rows = before.rows
        self.named: set[int] = set()
        self.selected: set[int] = set()
        self.refusals: set[type[BraidError]] = set()
        if told.uri is not None:
            self._choose(self.named, self._with_uri(told.uri))
        if told.grade is not None:
            self._choose(self.selected, self._with_grade(pick(GRADES, told.grade)))
        if told.run is not None or not self._rows.kinds:
            self._choose_run(told.run or 0)
        elif (told.uri, told.grade) == (None, None):
            self._choose_record()

    def _choose_record(self) -> None:
        record_id = pick(sorted(self._rows.kinds), self._told.record)
        versions = self._rows.versions_of(record_id)
        if self._told.version is not None:
            self.named.add(pick(list(versions.values()), self._told.version).content_id)
        else:
            self._choose(self.named, self._rows.contents_of(record_id))

    def _choose_run(self, run: int) -> None:
        moments = self._telling.moments[: self._telling.moments.index(self._before) + 1]
        steps = {
            moment.answer["flow_state_record_id"]
            for moment in moments
            if isinstance(moment.happening, Step) and moment.refused is None
            if moment.happening.run == run
        }
        if steps:
            self._choose(self.selected, map(self._rows.content_of, steps))
        else:
            self.refusals.add(RunNotFound)

    def _choose(self, chosen: set[int], contents: Iterable[int]) -> None:
        """Choose those contents that were recorded in time, of each record one if it is unclear."""
        fitting = [self._rows.by_id[content] for content in contents]
        fitting = [version for version in fitting if self._is_in_time(version)]
        records = {version.record_id for version in fitting}
        told = self._told
        is_clear = told.all_versions or told.since is not None or told.until is not None
        if not fitting:
            self.refusals.add(NothingToRecall)
        elif len(fitting) > len(records) and not is_clear:
            self.refusals.add(AmbiguousContent)
        chosen |= {version.content_id for version in fitting}

    def _is_in_time(self, version: Version) -> bool:
        times = sorted(one.created_at for one in self._rows.versions)
        since, until = self._told.since, self._told.until
        is_early = since is not None and version.created_at < pick(times, since)
        return not (is_early or (until is not None and version.created_at >= pick(times, until)))

    def _with_uri(self, uri: int) -> Iterator[int]:
        """Yield what a URI identifies, and what is described by it."""
        is_of_file = uri // FILES < 2
        text = self._telling.spelled(uri % FILES if is_of_file else uri)
        for content, newest in _newest(self._rows):
            uris = self._rows.uris_at(newest.record_id, newest.number)
            if text in uris or (
                is_of_file and self._rows.uris_at(newest.record_id, 1)[:1] == [text]
            ):
                yield content

    def _with_grade(self, grade: object) -> Iterator[int]:
        for content, newest in _newest(self._rows):
            values = self._rows.tags_at(newest.record_id, newest.number).get(
                self._telling.grade, ()
            )
            if any(_is_same(_value(*value), grade) for value in values):
                yield content


def _newest(rows: Rows) -> Iterator[tuple[int, Version]]:
    """Yield each content with the newest version that stands for it."""
    for content in {version.content_id for version in rows.versions}:
        standing = [version for version in rows.versions if version.content_id == content]
        yield content, max(standing, key=lambda version: version.number)


def _value(kind: int, text: str) -> object:
    return text if kind == STRING else json.loads(text)


def _is_same(one: object, other: object) -> bool:
    """Return whether two values are one: 1 and 1.0 are, 1 and true are not."""
    are_numbers = all(type(value) in (int, float) for value in (one, other))
    return one == other and (are_numbers or type(one) is type(other))


def roots_of(telling: Telling, before: Moment, told: Recall) -> list[int]:
    """Return the contents that recalls are made of, in their order."""
    meant = Meant(telling, before, told)
    below = {
        content
        for root in meant.named | meant.selected
        for content in reach(before.rows.edges, root, follow_order=told.follow_order)
        if content != root
    }
    return sorted(meant.named | (meant.selected - below))
