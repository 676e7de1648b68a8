"""The laws of recalls, each a question to what one history left behind at each moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from braid_db.recall.views import Reached
from tests.recall.histories.meant import Meant, roots_of
from tests.recall.histories.model import Expected, expect
from tests.recall.histories.reaching import reach
from tests.recall.histories.telling import Moment, Telling, pick
from tests.recall.histories.world import Derivation, Recall, Reinstate, Step, Transfer, Update
from tests.records.histories.laws.asking import hold
from tests.records.histories.rows import Rows, alike, ranks

Law = Callable[[Telling], None]


def a_version_is_shown_as_valid_while_no_standing_recall_reaches_it(telling: Telling) -> None:
    for moment, expected in _each(telling):
        for (record_id, number), is_valid in moment.shown.items():
            content = moment.rows.versions_of(record_id)[number].content_id
            hold(is_valid == (not expected.causes(content)), f"{record_id}.{number}: {is_valid}")


def a_recall_is_made_of_what_was_meant(telling: Telling) -> None:
    for before, moment in pairwise(telling.moments):
        if isinstance(moment.happening, Recall) and moment.refused is None:
            made = [moment.recalled.recalls[view.recall_id].root for view in moment.answer]
            hold(made == roots_of(telling, before, moment.happening), f"recalled {made}")


def a_recall_is_refused_where_it_is_not_clear_what_is_meant_and_nowhere_else(
    telling: Telling,
) -> None:
    for before, moment in pairwise(telling.moments):
        if isinstance(moment.happening, Recall):
            refusals = Meant(telling, before, moment.happening).refusals
            refused = moment.refused
            is_right = type(refused) in refusals if refusals else refused is None
            hold(is_right, f"refused was {moment.refused!r}, and not by {refusals}")


def a_recall_reaches_all_that_came_of_it_and_nothing_else(telling: Telling) -> None:
    for moment, expected in _each(telling):
        for recall, reached in expected.reached.items():
            found = {content for one, content in moment.recalled.ways if one == recall}
            hold(found == reached.keys(), f"recall {recall} reaches {found}, not {set(reached)}")
        known = {recall for recall, _ in moment.recalled.ways}
        hold(known <= expected.reached.keys(), "a recall is there that nobody made")


def a_correction_is_left_alone_by_the_recall_of_its_mistake(telling: Telling) -> None:
    """Only what it was made of reaches it, as DESIGN section 6 says."""
    corrections: set[int] = set()
    for moment in telling.moments:
        if isinstance(moment.happening, Update) and moment.happening.is_correction:
            made = moment.answer
            if made is not None and moment.refused is None:
                corrections.add(_content(moment.rows, made.record_id, made.version))
        edges = {
            edge
            for edge in moment.rows.edges
            if not (edge.role == "revision" and edge.derived in corrections)
        }
        for recall in moment.recalled.recalls.values():
            without = reach(edges, recall.root, follow_order=recall.follow_order)
            for content in corrections - without.keys():
                is_reached = (recall.recall_id, content) in moment.recalled.ways
                hold(not is_reached, f"{content} was condemned by recall {recall.recall_id}")


def the_best_way_is_told_of_what_is_reached(telling: Telling) -> None:
    for moment, expected in _each(telling):
        for (recall, content), way in moment.recalled.ways.items():
            best = expected.reached.get(recall, {}).get(content, way)
            hold(way == best, f"recall {recall} reaches {content} by {way}, not {best}")


def what_is_told_to_come_from_something_recalled_is_reached(telling: Telling) -> None:
    """Whenever it is told; this law trusts what was told, and not the derivations that it left."""
    told: set[tuple[int, int]] = set()
    for moment in telling.moments:
        told |= set(_told_derivations(telling, moment))
        causes: dict[int, set[int]] = {}
        for recall, content in moment.recalled.ways:
            if moment.recalled.recalls[recall].is_standing:
                causes.setdefault(content, set()).add(recall)
        for predecessor, derived in told:
            missing = causes.get(predecessor, set()) - causes.get(derived, set())
            hold(not missing, f"{derived} came from {predecessor}, and is not reached by {missing}")


def the_preview_is_the_outcome(telling: Telling) -> None:
    for before, moment, earlier, now in _changes(telling):
        view = moment.preview
        if not isinstance(moment.happening, Recall) or moment.refused is not None:
            continue
        assert view is not None
        made = sorted(now.roots.keys() - earlier.roots.keys())
        ways: dict[int, list[str]] = {}
        for recall, content in moment.recalled.ways:
            if recall in made:
                ways.setdefault(content, []).append(moment.recalled.ways[recall, content])
        best = {content: min(found, key=_rank) for content, found in ways.items()}
        rows = before.rows
        hold(_contents(rows, view.reached.items) == best, "another reach was foreseen")
        hold(view.reached.total == len(best), "another number was foreseen")
        hold(dict(view.by_way) == dict(Counter(best.values())), "other ways were foreseen")
        kinds = Counter(rows.kinds[rows.by_id[content].record_id] for content in best)
        hold(dict(view.by_kind) == dict(kinds), "other kinds were foreseen")
        hold(sum(view.by_run.values()) == len(best), "other runs were foreseen")
        revised = {content: way for content, way in best.items() if way == "revision"}
        hold(_contents(rows, view.by_revision.items) == revised, "other revisions were foreseen")
        bad = {content: best[content] for content in best if earlier.causes(content)}
        hold(_contents(rows, view.invalid_already.items) == bad, "other invalid ones")
        roots = [rows.versions_of(one.record_id)[one.version].content_id for one in view.roots]
        hold(roots == [now.roots[recall][0] for recall in made], "other roots were foreseen")
        runs = Counter(run.action_id for run in moment.recalled.runs if run.recall_id in made)
        foreseen = {one.invalidation_action_id: one.runs for one in view.actions}
        hold(foreseen == dict(runs), f"{foreseen} was foreseen of the actions {runs}")


def the_preview_lists_what_only_the_order_would_reach(telling: Telling) -> None:
    for before, moment in pairwise(telling.moments):
        if isinstance(moment.happening, Recall) and moment.preview is not None:
            edges = before.rows.edges
            roots = roots_of(telling, before, moment.happening)
            follow = moment.happening.follow_order
            reached = {c for one in roots for c in reach(edges, one, follow_order=follow)}
            in_order = {c for one in roots for c in reach(edges, one, follow_order=True)}
            found = _contents(before.rows, moment.preview.only_by_order.items).keys()
            hold(found == in_order - reached, "something else is reached only by order")


def an_action_is_owed_once_for_each_recall_and_content_that_it_is_linked_to(
    telling: Telling,
) -> None:
    for moment, expected in _each(telling):
        keys = [(run.recall_id, run.action_id, run.content_id) for run in moment.recalled.runs]
        hold(len(keys) == len(set(keys)), "an action is owed twice")
        hold(set(keys) == expected.owed.keys(), f"owed is {keys}, not {list(expected.owed)}")
        for run in moment.recalled.runs:
            record_id = moment.rows.by_id[run.content_id].record_id
            hold(run.record_id == record_id, "an action is owed for another record")


def what_is_owed_runs_once_and_never_after_its_recall_is_taken_back(telling: Telling) -> None:
    for moment, expected in _each(telling):
        for recall in expected.roots:
            runs = [run for run in moment.recalled.runs if run.recall_id == recall]
            states = Counter(run.state for run in runs)
            wanted = Counter(state for key, state in expected.owed.items() if key[0] == recall)
            hold(states == wanted, f"the runs of recall {recall} are {states}, not {wanted}")
            hold(all(run.attempt == (run.state == "done") for run in runs), "started otherwise")


def a_result_lists_why_its_inputs_are_invalid(telling: Telling) -> None:
    for before, moment, _, now in _changes(telling):
        if not isinstance(moment.happening, Step | Transfer) or moment.refused is not None:
            continue
        listed = {
            (_content(moment.rows, one["record_id"], one["version"]), one["recall_id"])
            for one in moment.answer["invalid_inputs"]
        }
        wanted = set(_invalid_inputs(before, moment, now))
        hold(listed == wanted, f"{listed} is listed as invalid, not {wanted}")


def taking_back_tells_what_is_valid_again(telling: Telling) -> None:
    for _, moment, earlier, now in _changes(telling):
        if not isinstance(moment.happening, Reinstate) or not moment.answer:
            continue
        for told in moment.answer[-1:]:
            reached = earlier.reached[told.recall.recall_id]
            again = [content for content in reached if not now.causes(content)]
            hold(told.valid_again == len(again), f"{told.valid_again} are told to be valid again")
            hold(told.still_invalid == len(reached) - len(again), "others are still invalid")
            mine = [k for k in earlier.owed if k[0] == told.recall.recall_id]
            ended = [key for key in mine if earlier.owed[key] == "owed"]
            hold(len(told.cancelled) == len(ended), "others are told to be cancelled")
            hold(len(told.begun) == sum(earlier.owed[key] == "done" for key in mine), "begun")


def both_databases_recall_the_same(one: Telling, other: Telling) -> None:
    """Hold two recordings of one history against each other."""
    for here, there in zip(one.moments, other.moments, strict=True):
        hold(type(here.refused) is type(there.refused), "refused on one of two databases")
        hold(alike(here.rows) == alike(there.rows), "the rows differ")
        hold(_alike(one, here) == _alike(other, there), "the recalls differ")


LAWS: tuple[Law, ...] = (
    a_version_is_shown_as_valid_while_no_standing_recall_reaches_it,
    a_recall_is_made_of_what_was_meant,
    a_recall_is_refused_where_it_is_not_clear_what_is_meant_and_nowhere_else,
    a_recall_reaches_all_that_came_of_it_and_nothing_else,
    a_correction_is_left_alone_by_the_recall_of_its_mistake,
    the_best_way_is_told_of_what_is_reached,
    what_is_told_to_come_from_something_recalled_is_reached,
    the_preview_is_the_outcome,
    the_preview_lists_what_only_the_order_would_reach,
    an_action_is_owed_once_for_each_recall_and_content_that_it_is_linked_to,
    what_is_owed_runs_once_and_never_after_its_recall_is_taken_back,
    a_result_lists_why_its_inputs_are_invalid,
    taking_back_tells_what_is_valid_again,
)


def _each(telling: Telling) -> Iterator[tuple[Moment, Expected]]:
    return zip(telling.moments, expect(telling), strict=True)


def _changes(telling: Telling) -> Iterator[tuple[Moment, Moment, Expected, Expected]]:
    for (before, earlier), (moment, now) in pairwise(_each(telling)):
        yield before, moment, earlier, now


def _rank(way: str) -> int:
    return ("data", "revision", "order").index(way)


def _content(rows: Rows, record_id: int, number: int) -> int:
    return rows.versions_of(record_id)[number].content_id


def _contents(rows: Rows, reached: tuple[Reached, ...]) -> dict[int, str]:
    return {_content(rows, one.record.record_id, one.record.version): one.way for one in reached}


def _listed(moment: Moment, side: str) -> list[int]:
    """Return the contents that a result lists."""
    found = []
    for record_id in moment.answer[f"{side}_record_ids"]:
        numbers = moment.answer[f"{side}_versions"].get(str(record_id), 1)
        for number in [numbers] if isinstance(numbers, int) else numbers:
            found.append(_content(moment.rows, record_id, number))
    return found


def _told_derivations(telling: Telling, moment: Moment) -> Iterator[tuple[int, int]]:
    """Yield what a happening said of what came from what, as contents."""
    told = moment.happening
    if moment.refused is not None or moment.answer is None:
        return
    if isinstance(told, Derivation):
        yield moment.answer
    elif isinstance(told, Step):
        step = moment.rows.content_of(moment.answer["flow_state_record_id"])
        yield from ((content, step) for content in _listed(moment, "input"))
        yield from ((step, content) for content in _listed(moment, "output"))
    elif isinstance(told, Transfer) and told.arrives and len(told.pairs) == 1:
        ends = zip(_listed(moment, "input"), _listed(moment, "output"), strict=True)
        yield from ends
    elif isinstance(told, Update) and not told.is_correction:
        made = _content(moment.rows, moment.answer.record_id, moment.answer.version)
        before = telling.moments[telling.moments.index(moment) - 1]
        for number in told.sources:
            yield from ((content, made) for content in _current(before, number))


def _invalid_inputs(before: Moment, moment: Moment, now: Expected) -> Iterator[tuple[int, int]]:
    """Yield why what a step or transfer used is invalid: contents and recalls."""
    told = moment.happening
    assert isinstance(told, Step | Transfer)
    used = set(_listed(moment, "input"))
    if isinstance(told, Step) and told.beside is not None:
        used |= _current(before, told.beside)
    for content in used:
        yield from ((content, recall) for recall in now.causes(content))
    for content in (set() if told.after is None else _current(before, told.after)) - used:
        for recall in now.causes(content):
            if not used or now.roots[recall][1]:
                yield content, recall


def _current(moment: Moment, number: int) -> set[int]:
    """Return the content that the record of a number has; none where there is no record."""
    records = sorted(moment.rows.kinds)
    if not records:
        return set()
    record_id = pick(records, number)
    return {moment.rows.by_id[moment.rows.current[record_id]].content_id}


def _alike(telling: Telling, moment: Moment) -> object:
    """Return recalls without their ids, so that two databases' can be compared."""
    rank = ranks(moment.rows)
    place = {v.version_id: (rank[v.record_id], v.number) for v in moment.rows.versions}
    number = {recall: n for n, recall in enumerate(sorted(moment.recalled.recalls))}
    ways = moment.recalled.ways.items()
    runs = [
        (number[r.recall_id], telling.actions.index(r.action_id), place[r.content_id], r.state)
        for r in moment.recalled.runs
    ]
    return (
        [(place[r.root], *r[2:]) for r in moment.recalled.recalls.values()],
        sorted((number[recall], place[content], way) for (recall, content), way in ways),
        sorted(runs),
        {(rank[record_id], n): valid for (record_id, n), valid in moment.shown.items()},
    )
