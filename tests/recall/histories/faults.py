"""Faults to be planted in recalls and what they owe, and the laws that each of them breaks.

Each comes with a short history that shows it: to find one at random takes hundreds, as most
faults need a few things to come together.

SQL is built when it is first sent: a statement that is made anew while a function of its module
is another one has the fault in it, on either database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import BigInteger, bindparam, false, func, literal_column, select

from braid_db.identity import IdentityRules
from braid_db.model import Role, Tag
from braid_db.recall import actions, born, preview, reinstate, targets
from braid_db.recall.targets import Targets
from braid_db.records.contents import Contents
from braid_db.store import recalls as sql
from braid_db.store import selections, standing
from braid_db.store.selections import ContentRow
from braid_db.store.statements import Insert, Statement
from braid_db.store.tables import derivation, invalidation, recall, tag
from braid_db.store.types import UtcTime
from tests.recall.histories import calls, laws
from tests.recall.histories.laws import Law
from tests.recall.histories.telling import FILES
from tests.recall.histories.world import (
    Derivation,
    Edit,
    File,
    History,
    Link,
    Recall,
    Reinstate,
    Step,
    Transfer,
    Update,
)

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@dataclass(frozen=True)
class Fault:
    """A fault, a law that it breaks, and a history in which it does."""

    plant: Plant
    law: Law
    history: History

    @property
    def name(self) -> str:
        return f"{self.plant.__name__}-{self.law.__name__}"


FAULTS: list[Fault] = []

# Their records count on: file 0 and the step that wrote it, file 1 and the step that made it of
# the former.
WRITE = Step(writes=(File(0),))
USE = Step(reads=(File(0),), writes=(File(1),))
FILE, WRITER, RESULT = 0, 1, 2
RECALL_FILE = Recall(FILE, version=0)
RECALL_WRITER = Recall(WRITER, version=0)
BORN_LATER: History = (WRITE, RECALL_FILE, USE)
IN_ORDER_WITH_INPUTS = (WRITE, Step(reads=(File(1),), after=WRITER))


def _graded(*grades: int) -> History:
    """Return steps that each wrote a file of its own, with one of the grades."""
    return tuple(Step(writes=(File(n, grade=grade),)) for n, grade in enumerate(grades))


def breaks(*broken: Law, by: History) -> Callable[[Plant], Plant]:
    """Name the laws that a fault breaks.

    :param by: a history that shows it.
    """

    def keep(plant: Plant) -> Plant:
        FAULTS.extend(Fault(plant, law, by) for law in broken)
        return plant

    return keep


def anew(patch: Patch, *names: str) -> None:
    """Make statements of recalls anew, each out of what it is made of now."""
    built = {"CASCADE": sql._cascade, "SPREAD": sql._spread}
    for name in names:
        statement = getattr(sql, name)
        patch.setattr(sql, name, Statement(built[name], *statement.takes))


@breaks(
    laws.a_recall_reaches_all_that_came_of_it_and_nothing_else,
    laws.the_preview_is_the_outcome,
    laws.a_version_is_shown_as_valid_while_no_standing_recall_reaches_it,
    by=(*IN_ORDER_WITH_INPUTS, RECALL_WRITER),
)
def a_recall_follows_the_order_of_steps_everywhere(patch: Patch) -> None:
    patch.setattr(sql, "is_followed", lambda _: derivation.c.role != Role.TRANSFERRED.value)
    anew(patch, "CASCADE")


@breaks(
    laws.a_recall_reaches_all_that_came_of_it_and_nothing_else,
    by=(WRITE, Step(after=WRITER), RECALL_WRITER),
)
def order_is_never_all_that_is_known(patch: Patch) -> None:
    patch.setattr(sql, "is_order_all_that_is_known", lambda _: literal_column("(1 = 0)"))
    anew(patch, "CASCADE")


@breaks(
    laws.a_recall_reaches_all_that_came_of_it_and_nothing_else,
    by=(WRITE, Transfer(0, ((0, 4),)), RECALL_FILE),
)
def a_recall_follows_what_was_transferred_into_its_task(patch: Patch) -> None:
    roles = (*sql.BY_DATA, Role.TRANSFERRED)
    patch.setattr(sql, "BY_DATA", roles)
    anew(patch, "CASCADE")


@breaks(
    laws.what_is_told_to_come_from_something_recalled_is_reached,
    laws.a_recall_reaches_all_that_came_of_it_and_nothing_else,
    by=BORN_LATER,
)
def what_comes_of_something_invalid_is_born_valid(patch: Patch) -> None:
    patch.setattr(Contents, "_note_invalid", lambda *_: None)


@breaks(laws.what_is_told_to_come_from_something_recalled_is_reached, by=BORN_LATER)
def what_came_of_it_before_stays_valid(patch: Patch) -> None:
    patch.setattr(sql, "is_followed", lambda _: literal_column("(1 = 0)"))
    anew(patch, "SPREAD")


@breaks(
    laws.the_best_way_is_told_of_what_is_reached,
    by=(WRITE, USE, Update(FILE), RECALL_FILE, Derivation(RESULT, FILE)),
)
def a_better_way_that_is_told_later_is_not_noticed(patch: Patch) -> None:
    def known_rank(recall_id: Any, content: Any) -> Any:
        known = invalidation.alias("known")
        is_known = (known.c.recall_id == recall_id, known.c.version_id == content)
        best = select(sql._constant(0)).where(*is_known)
        return func.coalesce(best.scalar_subquery(), sql._constant(len(sql.RANKS)))

    patch.setattr(sql, "_known_rank", known_rank)
    anew(patch, "SPREAD")


@breaks(laws.the_best_way_is_told_of_what_is_reached, by=(WRITE, Update(FILE), USE, RECALL_FILE))
def the_last_derivation_tells_the_way(patch: Patch) -> None:
    patch.setattr(sql, "_worse", lambda one, other: other)
    anew(patch, "CASCADE")


@breaks(
    laws.a_version_is_shown_as_valid_while_no_standing_recall_reaches_it,
    by=(WRITE, RECALL_FILE, Reinstate(0)),
)
def taking_back_changes_nothing(patch: Patch) -> None:
    change = recall.update().where(recall.c.recall_id == bindparam("id"))
    told = {"invalidated_by": bindparam("who"), "cause": func.coalesce(bindparam("why"), "wrong")}
    same = change.values(created_at=bindparam("at", type_=UtcTime), **told)
    patch.setattr(standing, "TAKE_BACK", Statement(same, *standing.TAKE_BACK.takes))


@breaks(laws.a_recall_is_made_of_what_was_meant, by=(WRITE, USE, Recall(run=0)))
@breaks(
    laws.a_recall_is_made_of_what_was_meant,
    by=(*_graded(0), Step(reads=(File(0),), writes=(File(1, grade=0),)), Recall(grade=0)),
)
def all_that_is_selected_is_recalled_by_itself(patch: Patch) -> None:
    patch.setattr(targets, "_below", lambda *_, **__: set())


@breaks(laws.a_recall_is_made_of_what_was_meant, by=(*_graded(0, 2), Recall(grade=0)))
def the_value_of_a_tag_is_not_looked_at(patch: Patch) -> None:
    def contents_with_tag(tx: Any, wanted: Tag) -> Any:
        query = selections._described(tag).where(tag.c.key == wanted.key)
        return [(ContentRow(*row), wanted.type, wanted.text) for row in tx.select(query)]

    patch.setattr(selections, "contents_with_tag", contents_with_tag)


@breaks(laws.a_recall_is_made_of_what_was_meant, by=(*_graded(0, 1), Recall(grade=0)))
def numbers_of_two_types_differ(patch: Patch) -> None:
    real = Tag.is_same_value
    patch.setattr(Tag, "is_same_value", lambda a, b: a.type == b.type and real(a, b))


@breaks(laws.a_recall_is_made_of_what_was_meant, by=(*_graded(4, 5), Recall(grade=4)))
def numbers_are_compared_as_doubles(patch: Patch) -> None:
    patch.setattr(Tag, "is_same_value", lambda *_: True)


@breaks(
    laws.a_recall_is_refused_where_it_is_not_clear_what_is_meant_and_nowhere_else,
    by=(*_graded(0), Edit(FILE, grade=1), Edit(FILE, grade=3), Recall(grade=0)),
)
def what_a_content_was_tagged_with_before_counts(patch: Patch) -> None:
    nothing = SimpleNamespace(where=lambda *_: false())
    patch.setattr(selections, "exists", lambda: nothing)


@breaks(
    laws.a_recall_is_refused_where_it_is_not_clear_what_is_meant_and_nowhere_else,
    by=(Step(writes=(File(0, mirror=0),)), Recall(uri=2 * FILES)),
)
def only_first_uris_are_known(patch: Patch) -> None:
    patch.setattr(selections, "contents_with_uri", lambda *_: [])


@breaks(
    laws.a_recall_is_refused_where_it_is_not_clear_what_is_meant_and_nowhere_else,
    by=(WRITE, Recall(uri=FILES)),
)
def a_uri_is_what_was_written(patch: Patch) -> None:
    patch.setattr(IdentityRules, "canonical", lambda _, uri, host=None: uri)


@breaks(
    laws.a_recall_is_made_of_what_was_meant,
    by=(*_graded(0, 0), Recall(grade=0, until=3)),
)
def a_time_has_its_end_in_it(patch: Patch) -> None:
    def is_in_time(chosen: Targets, time: datetime) -> bool:
        return not (chosen.until and time > chosen.until)

    patch.setattr(targets, "_is_in_time", is_in_time)


@breaks(
    laws.a_recall_is_refused_where_it_is_not_clear_what_is_meant_and_nowhere_else,
    by=(WRITE, Update(FILE), Recall(FILE, all_versions=False)),
)
def an_unclear_recall_means_all(patch: Patch) -> None:
    real = targets._chosen
    patch.setattr(
        targets, "_chosen", lambda told, *given: real(replace(told, all_versions=True), *given)
    )


@breaks(
    laws.a_correction_is_left_alone_by_the_recall_of_its_mistake,
    by=(WRITE, Update(FILE, is_correction=True), RECALL_FILE),
)
def a_correction_comes_from_its_mistake(patch: Patch) -> None:
    real: Any = calls.update_record
    patch.setattr(
        calls,
        "update_record",
        lambda *given, **told: real(*given, **(told | {"correction": False})),
    )


@breaks(
    laws.the_preview_is_the_outcome,
    by=(*IN_ORDER_WITH_INPUTS, replace(RECALL_WRITER, follow_order=True)),
)
@breaks(
    laws.the_preview_lists_what_only_the_order_would_reach,
    by=(*IN_ORDER_WITH_INPUTS, RECALL_WRITER),
)
def the_preview_never_follows_the_order(patch: Patch) -> None:
    real = preview._reach
    patch.setattr(
        preview, "_reach", lambda tx, roots, *, follow_order: real(tx, roots, follow_order=False)
    )


@breaks(laws.the_preview_is_the_outcome, by=(WRITE, Update(FILE), Link(FILE, 0), Recall(FILE)))
def the_preview_counts_an_action_once_for_all_recalls(patch: Patch) -> None:
    real = preview._actions

    def count(tx: Any, reach: Any) -> Any:
        reach.recalls = dict.fromkeys(reach.recalls, 1)
        return real(tx, reach)

    patch.setattr(preview, "_actions", count)


@breaks(
    laws.an_action_is_owed_once_for_each_recall_and_content_that_it_is_linked_to,
    by=(WRITE, RECALL_FILE, Link(FILE, 0)),
)
def an_action_that_is_linked_to_something_invalid_is_not_owed(patch: Patch) -> None:
    patch.setattr(actions, "owe_for_link", lambda *_: None)


@breaks(
    laws.an_action_is_owed_once_for_each_recall_and_content_that_it_is_linked_to,
    by=(WRITE, USE, Link(RESULT, 0), RECALL_FILE, USE),
)
def what_is_born_invalid_owes_nothing(patch: Patch) -> None:
    patch.setattr(born, "owe_for_contents", lambda *_: None)


@breaks(
    laws.what_is_owed_runs_once_and_never_after_its_recall_is_taken_back,
    laws.taking_back_tells_what_is_valid_again,
    by=(WRITE, Link(FILE, 0), RECALL_FILE, Reinstate(0)),
)
def taking_back_leaves_owed_what_is_owed(patch: Patch) -> None:
    patch.setattr(reinstate, "_cancel", lambda *_: [])


@breaks(
    laws.taking_back_tells_what_is_valid_again, by=(WRITE, RECALL_FILE, RECALL_FILE, Reinstate(0))
)
def what_other_recalls_reach_is_told_to_be_valid_again(patch: Patch) -> None:
    none = select(literal_column("0")).where(bindparam("id", type_=BigInteger) > 0)
    patch.setattr(standing, "COUNT_STILL_INVALID", Statement(none, "id"))


@breaks(
    laws.a_result_lists_why_its_inputs_are_invalid, by=(WRITE, RECALL_WRITER, Step(after=WRITER))
)
def only_recalls_of_inputs_by_data_are_listed(patch: Patch) -> None:
    real = born._invalid
    patch.setattr(born, "_invalid", lambda contents, inputs, _: real(contents, inputs, []))


@breaks(
    laws.a_result_lists_why_its_inputs_are_invalid,
    by=(WRITE, RECALL_FILE, Transfer(0, ((0, 4),), arrives=False)),
)
def nothing_is_listed_where_nothing_is_derived(patch: Patch) -> None:
    real = Contents.spread_invalid

    def spread(self: Contents, *given: Any) -> Any:
        return real(self, *given) if self._from_invalid else []

    patch.setattr(Contents, "spread_invalid", spread)


def postgresql_spreads_no_further(patch: Patch) -> None:
    """Plant what only a comparison of both databases shows."""
    real, is_followed = sql._spread, sql.is_followed

    def spread(insert: Insert) -> Any:
        if "postgresql" in insert.__module__:
            patch.setattr(sql, "is_followed", lambda _: literal_column("(1 = 0)"))
        built = real(insert)
        patch.setattr(sql, "is_followed", is_followed)
        return built

    patch.setattr(sql, "SPREAD", Statement(spread, *sql.SPREAD.takes))
