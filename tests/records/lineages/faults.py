"""Faults in what is answered about lineage, and the law that each of them breaks.

Each comes with what shows it: a graph or a history, and the question that is asked of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, takewhile
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, true

from braid_db.model import Kind, Role
from braid_db.records import lineage, paths, reasons
from braid_db.records.lineage import Asked
from braid_db.store import lineage as sql
from braid_db.store import reading, validity
from braid_db.store.reach import Reach
from braid_db.store.tables import derivation, version
from braid_db.views import CommonAncestor, Direction
from tests.recall.histories.world import (
    Edit,
    File,
    History,
    Step,
)
from tests.records.lineages import laws
from tests.records.lineages.asking import Question
from tests.records.lineages.graphs import NEW, Graph
from tests.records.lineages.laws import Law

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@dataclass(frozen=True)
class Fault:
    """A fault, the law that it breaks, and what shows it."""

    plant: Plant
    law: Law
    told: History | Graph
    question: Question

    @property
    def name(self) -> str:
        return self.plant.__name__


FAULTS: list[Fault] = []

CHAIN = Graph((Kind.DATA, Kind.STEP, Kind.DATA), (), ((0, 1, Role.USED), (1, 2, Role.GENERATED)))
TWO_ROLES = Graph((Kind.STEP, Kind.STEP), (), ((0, 1, Role.INFORMED), (0, 1, Role.FOLLOWED)))
TRANSFER = Graph(
    (Kind.DATA, Kind.TRANSFER, Kind.DATA),
    (),
    ((0, 1, Role.TRANSFERRED), (1, 2, Role.GENERATED)),
)
DETOUR = Graph(
    (Kind.DATA,) * 5,
    (),
    tuple((a, b, Role.DERIVED) for a, b in ((0, 1), (0, 2), (1, 4), (2, 3), (3, 4))),
)

# The records of histories: file 0 and the step that wrote it, file 1 and the step that made it.
WRITE = Step(writes=(File(0),))
USE = Step(reads=(File(0),), writes=(File(1),))
FILE, WRITER, RESULT = 0, 1, 2
SECOND = 1
"""File 1, among the records that may have been derived."""


def breaks(law: Law, by: History | Graph, asked: Question) -> Callable[[Plant], Plant]:
    """Name the law that a fault breaks.

    :param by: what shows it, where this is asked.
    """

    def keep(plant: Plant) -> Plant:
        FAULTS.append(Fault(plant, law, by, asked))
        return plant

    return keep


def compile_anew(patch: Patch) -> None:
    """Let versions be asked for by what the query for them is made of now."""
    patch.setattr(reading, "_VERSIONS", reading._Dated(reading._versions))


def in_reach(patch: Patch, change: Callable[..., Reach]) -> None:
    """Let a lineage reach something else: given what would reach it, and how it is asked."""
    real = lineage.reach
    patch.setattr(lineage, "reach", lambda *given, **told: change(real, *given, **told))


@breaks(laws.a_lineage_tells_how_far_all_is_that_is_reached, TRANSFER, Question(record=2))
def a_file_comes_from_all_that_was_transferred_with_it(patch: Patch) -> None:
    def reach(real: Any, tx: Any, *given: Any, **told: Any) -> Reach:
        found: Reach = real(tx, *given, **told)
        query = select(derivation.c.predecessor_id).where(
            derivation.c.derived_id.in_(list(found.contents)),
            derivation.c.role == Role.TRANSFERRED.value,
        )
        more = array("q", [content for (content,) in tx.select(query)])
        far = max(found.distances) + 1
        found.contents.extend(more)
        found.distances.extend([far] * len(more))
        return found

    in_reach(patch, reach)


@breaks(laws.a_lineage_tells_how_far_all_is_that_is_reached, CHAIN, Question(record=2))
def what_is_one_derivation_away_is_told_to_be_two(patch: Patch) -> None:
    def reach(real: Any, *given: Any, **told: Any) -> Reach:
        found = real(*given, **told)
        return Reach(found.contents, array("q", [2 * far for far in found.distances]))

    in_reach(patch, reach)


@breaks(
    laws.a_lineage_tells_how_far_all_is_that_is_reached,
    Graph(
        (Kind.DATA, Kind.STEP, Kind.STEP),
        (),
        ((0, 2, Role.USED), (1, 2, Role.FOLLOWED)),
    ),
    Question(record=2, by_data=True),
)
def the_order_of_steps_counts_always(patch: Patch) -> None:
    in_reach(patch, lambda real, *given, by_data, **told: real(*given, **told))


@breaks(laws.a_lineage_tells_how_far_all_is_that_is_reached, (WRITE, Edit(FILE)), Question(FILE))
def an_edit_cuts_a_content_off(patch: Patch) -> None:
    real = lineage.asked_about

    def asked_about(*given: Any) -> Asked:
        asked = real(*given)
        return Asked(asked.version_id, asked.version_id)

    patch.setattr(lineage, "asked_about", asked_about)


@breaks(
    laws.a_lineage_tells_how_far_all_is_that_is_reached,
    CHAIN,
    Question(record=1, direction=Direction.BOTH),
)
def both_ways_are_one_way(patch: Patch) -> None:
    patch.setitem(lineage._ONE_WAY, Direction.BOTH, (Direction.UP,))


def _fitting(patch: Patch, change: Callable[[Sequence[int], Sequence[int]], Iterable[int]]) -> None:
    """Show something else than what fits: out of all that is there, and what does."""
    real = lineage._fitting

    def fitting(tx: Any, contents: Iterable[int], *given: Any, **told: Any) -> Sequence[int]:
        asked = list(contents)
        return list(change(asked, real(tx, asked, *given, **told)))

    patch.setattr(lineage, "_fitting", fitting)


@breaks(
    laws.a_lineage_shows_the_nearest_of_what_was_asked_for,
    CHAIN,
    Question(record=2, kinds=(Kind.DATA,)),
)
def what_lies_beyond_another_kind_is_not_shown(patch: Patch) -> None:
    _fitting(patch, lambda asked, fit: takewhile(set(fit).__contains__, asked))


@breaks(
    laws.a_lineage_shows_the_nearest_of_what_was_asked_for,
    Graph((Kind.DATA, Kind.DATA), (), ((0, 1, Role.DERIVED),), ((0, True),)),
    Question(record=1, only_valid=True),
)
def what_is_invalid_is_shown_all_the_same(patch: Patch) -> None:
    _fitting(patch, lambda asked, _: asked)


@breaks(laws.a_lineage_shows_the_nearest_of_what_was_asked_for, CHAIN, Question(record=2, limit=1))
def a_limit_shows_the_farthest(patch: Patch) -> None:
    _fitting(patch, lambda _, fit: reversed(fit))


@breaks(laws.a_lineage_shows_the_derivations_between_what_is_shown, TWO_ROLES, Question(record=1))
def two_derivations_between_two_are_one(patch: Patch) -> None:
    real = sql.edges_among
    patch.setattr(
        sql,
        "edges_among",
        lambda *given, **told: {e[:2]: e for e in real(*given, **told)}.values(),
    )


@breaks(
    laws.a_content_is_shown_as_it_was_described_last,
    Graph((Kind.DATA, Kind.STEP), ((0, 0),), ((0, 1, Role.USED),)),
    Question(record=1),
)
def a_content_is_shown_as_it_was_told_first(patch: Patch) -> None:
    patch.setattr(reading, "describing_versions", lambda _, contents, *__: {c: c for c in contents})


@breaks(
    laws.a_content_is_shown_as_it_was_described_last,
    Graph((Kind.DATA, Kind.STEP), ((0, NEW), (0, 0), (0, 0)), ((0, 1, Role.USED),)),
    Question(record=1),
)
def nothing_after_another_content_describes_an_old_one(patch: Patch) -> None:
    def describing_versions(tx: Any, contents: Iterable[int], *_: Any) -> dict[int, int]:
        query = select(version.c.record_id, version.c.content_id, version.c.version_id)
        rows = tx.select(query.order_by(version.c.record_id, version.c.number))
        found: dict[int, int] = {}
        for (_, content), alike in groupby(rows, key=lambda row: tuple(row[:2])):
            found.setdefault(content, list(alike)[-1][2])
        return {content: found[content] for content in contents}

    patch.setattr(reading, "describing_versions", describing_versions)


@breaks(
    laws.a_content_is_shown_as_it_was_described_last,
    Graph((Kind.DATA,), ((0, 0),)),
    Question(version=0),
)
def what_is_asked_about_is_shown_as_it_is_now(patch: Patch) -> None:
    real = lineage.describe
    patch.setattr(
        lineage, "describe", lambda tx, named, shown, as_of: real(tx, {}, [*named, *shown], as_of)
    )


@breaks(
    laws.a_content_is_shown_as_it_was_described_last,
    Graph((Kind.DATA,), recalled=((0, False),)),
    Question(),
)
def what_was_recalled_once_is_never_valid_again(patch: Patch) -> None:
    patch.setattr(validity, "STANDS", true())
    compile_anew(patch)


@breaks(
    laws.the_ways_between_two_are_all_that_there_are_the_shortest_first,
    DETOUR,
    Question(record=4, other=0),
)
def ways_come_as_they_are_found(patch: Patch) -> None:
    found = SimpleNamespace(heappush=list.append, heappop=list.pop)
    patch.setattr(paths, "heapq", found)


@breaks(
    laws.the_ways_between_two_are_all_that_there_are_the_shortest_first,
    DETOUR,
    Question(record=0, other=4),
)
def one_way_is_enough(patch: Patch) -> None:
    real = paths._ways
    patch.setattr(paths, "_ways", lambda *given: islice(real(*given), 1))


@breaks(
    laws.the_ways_between_two_are_all_that_there_are_the_shortest_first,
    TWO_ROLES,
    Question(record=0, other=1),
)
def two_derivations_between_two_are_two_ways(patch: Patch) -> None:
    real = paths._onward

    def onward(*given: Any) -> Any:
        return {
            near: [(far, role) for far, roles in beyond for role in roles.split(", ")]
            for near, beyond in real(*given).items()
        }

    patch.setattr(paths, "_onward", onward)


@breaks(
    laws.the_ways_between_two_are_all_that_there_are_the_shortest_first,
    TRANSFER,
    Question(record=0, other=1),
)
def no_way_leads_into_a_transfer(patch: Patch) -> None:
    real = paths._onward
    patch.setattr(paths, "_onward", lambda edges, _: real(edges, 0))


@breaks(
    laws.what_two_have_in_common_is_what_both_came_from_the_nearest_first,
    CHAIN,
    Question(record=2, other=1),
)
def nothing_is_common_to_what_came_from_the_other(patch: Patch) -> None:
    real = paths.reach

    def reach(*given: Any, **told: Any) -> Reach:
        found = real(*given, **told)
        return Reach(found.contents[1:], found.distances[1:])

    patch.setattr(paths, "reach", reach)


@breaks(
    laws.what_two_have_in_common_is_what_both_came_from_the_nearest_first,
    CHAIN,
    Question(record=2, other=1),
)
def each_distance_is_told_of_the_other(patch: Patch) -> None:
    patch.setattr(
        paths, "CommonAncestor", lambda record, near, far: CommonAncestor(record, far, near)
    )


@breaks(
    laws.a_story_tells_all_that_led_to_something_each_step_after_those_before,
    Graph((Kind.STEP, Kind.STEP), ((0, NEW),), ((1, 2, Role.INFORMED),)),
    Question(record=0),
)
def steps_are_told_in_the_order_of_recording(patch: Patch) -> None:
    patch.setattr(reasons, "_in_order", lambda activities, *_: sorted(activities))


def _beside(patch: Patch, *, made_by: Iterable[Role]) -> None:
    def beside(edges: Iterable[Any]) -> Any:
        above: dict[Any, list[Any]] = {}
        below: dict[Any, list[Any]] = {}
        for edge in edges:
            ends = reasons._predecessor(edge), reasons._derived(edge)
            above.setdefault(ends[1], []).append(ends[0])
            if edge.role in made_by:
                below.setdefault(ends[0], []).append(ends[1])
        return above, below

    patch.setattr(reasons, "_beside", beside)


@breaks(
    laws.a_story_tells_all_that_led_to_something_each_step_after_those_before,
    TWO_ROLES,
    Question(record=1),
)
def what_was_used_in_two_ways_is_told_twice(patch: Patch) -> None:
    _beside(patch, made_by=(Role.GENERATED,))


@breaks(
    laws.a_story_tells_all_that_led_to_something_each_step_after_those_before,
    Graph((Kind.STEP, Kind.STEP), (), ((0, 1, Role.FOLLOWED),)),
    Question(record=1),
)
def a_step_made_those_that_followed_it(patch: Patch) -> None:
    _beside(patch, made_by=Role)
