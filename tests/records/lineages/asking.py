"""What is asked about lineage at each moment of a history, and once more at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from braid_db.model import Kind, Reference
from braid_db.records.lineage import get_lineage
from braid_db.records.paths import common_ancestors, find_paths
from braid_db.records.reasons import explain
from braid_db.store import Transaction
from braid_db.views import CommonAncestor, Direction, Explanation, Lineage, Page, PathStep
from tests.recall.histories.calls import tell_each
from tests.recall.histories.rows import Recalled, mark_recalls, read_recalled
from tests.recall.histories.telling import Database, pick
from tests.recall.histories.world import History
from tests.records.histories.rows import Rows, mark, read_rows
from tests.records.lineages.graphs import Graph, plant
from tests.records.lineages.plain import Named, Plain

MOST_WAYS = 1000


@dataclass(frozen=True)
class Question:
    """What is asked of two records, each named by any number, of which the remainder counts.

    :ivar version: of the first record; the current one where it is None.
    """

    record: int = 0
    version: int | None = None
    other: int = 0
    other_version: int | None = None
    direction: Direction = Direction.UP
    depth: int | None = None
    kinds: tuple[Kind, ...] = ()
    only_valid: bool = False
    by_data: bool = False
    limit: int | None = None


_numbers = st.integers(0, 15)
_seldom = st.one_of(st.none(), st.none(), _numbers)
questions = st.builds(
    Question,
    record=_numbers,
    version=_seldom,
    other=_numbers,
    other_version=_seldom,
    direction=st.sampled_from(Direction),
    depth=st.one_of(st.none(), st.integers(1, 4)),
    kinds=st.one_of(st.just(()), st.lists(st.sampled_from(Kind), max_size=4).map(tuple)),
    only_valid=st.booleans(),
    by_data=st.booleans(),
    limit=st.one_of(st.none(), st.integers(1, 4)),
)


@dataclass(frozen=True)
class Answers:
    """What was answered, of a record and of how it and another one came from each other."""

    lineage: Lineage
    ways: list[tuple[PathStep, ...]]
    common: Page[CommonAncestor]
    story: Explanation


@dataclass(frozen=True)
class Inquiry:
    """One question, asked at one moment.

    :ivar plain: what was recorded by then.
    :ivar one: the version that was asked about.
    :ivar other: another one, for ways and common ancestors.
    :ivar then: the answers of that moment.
    :ivar later: those that were given at the end, as of that moment.
    """

    plain: Plain
    question: Question
    one: Named
    other: Named
    then: Answers
    later: Answers


def inquire(told: History | Graph, asked: Sequence[Question], database: Database) -> list[Inquiry]:
    """Ask about a graph, or about each moment of a history, one question after the other."""
    if isinstance(told, Graph):
        moment = _planted(told, database)
        begun = [_ask_now(database, *moment, question) for question in asked]
    else:
        begun = [
            _ask_now(database, telling.last.rows, telling.last.recalled, pick(asked, number))
            for number, telling in enumerate(tell_each(told, database))
            if telling.records
        ]
    return [one.ended(database) for one in begun]


def _planted(graph: Graph, database: Database) -> tuple[Rows, Recalled]:
    since = mark(database.connection), mark_recalls(database.connection)
    database.store.write(lambda tx: plant(tx, graph))
    rows = read_rows(database.connection, since[0])
    return rows, read_recalled(database.connection, since[1])


@dataclass(frozen=True)
class _Begun:
    """A question that was asked, and is to be asked once more as of that moment.

    :ivar named: the record asked about and the other one, each with the version that was named.
    """

    plain: Plain
    question: Question
    named: tuple[Reference, Reference]
    then: Answers
    at: datetime

    def ended(self, database: Database) -> Inquiry:
        later = database.store.read(lambda tx: _answers(tx, self.question, *self.named, self.at))
        one, other = (self.plain.version(named.record_id, named.version) for named in self.named)
        return Inquiry(self.plain, self.question, one, other, self.then, later)


def _ask_now(database: Database, rows: Rows, recalled: Recalled, question: Question) -> _Begun:
    standing = {recall for recall, row in recalled.recalls.items() if row.is_standing}
    invalid = frozenset(content for recall, content in recalled.ways if recall in standing)
    named = (
        _named(rows, question.record, question.version),
        _named(rows, question.other, question.other_version),
    )
    then, at = database.store.read(lambda tx: (_answers(tx, question, *named), tx.now))
    return _Begun(Plain(rows, invalid), question, named, then, at)


def _named(rows: Rows, record: int, version: int | None) -> Reference:
    record_id = pick(sorted(rows.kinds), record)
    numbers = list(rows.versions_of(record_id))
    return Reference(record_id, None if version is None else pick(numbers, version))


def _answers(
    tx: Transaction,
    question: Question,
    one: Reference,
    other: Reference,
    as_of: datetime | None = None,
) -> Answers:
    about_one: dict[str, Any] = {"version": one.version, "as_of": as_of}
    about_both: dict[str, Any] = {"other_version": other.version} | about_one
    chosen: dict[str, Any] = {"kinds": question.kinds, "limit": question.limit}
    lineage = get_lineage(
        tx,
        one.record_id,
        direction=question.direction,
        depth=question.depth,
        only_valid=question.only_valid,
        by_data=question.by_data,
        **chosen,
        **about_one,
    )
    ids = one.record_id, other.record_id
    ways = find_paths(tx, *ids, limit=question.limit or MOST_WAYS, **about_both)
    common = common_ancestors(tx, *ids, **chosen, **about_both)
    return Answers(lineage, ways, common, explain(tx, one.record_id, **about_one))
