"""The laws of lineage, each a question to what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from braid_db.views import Direction, RecordView
from tests.records.histories.laws.asking import hold
from tests.records.lineages.asking import MOST_WAYS, Inquiry
from tests.records.lineages.plain import Plain

Law = Callable[[Inquiry], None]


def a_lineage_tells_how_far_all_is_that_is_reached(inquiry: Inquiry) -> None:
    plain, question, lineage = inquiry.plain, inquiry.question, inquiry.then.lineage
    true = _reached(inquiry)
    found = {plain.content_of(node.record): node.distance for node in lineage.nodes}
    hold(len(found) == len(lineage.nodes), "a content is there twice")
    hold(found.items() <= true.items(), f"found {found} of {true}")
    if not (question.kinds or question.only_valid or question.limit):
        hold(found == true, f"found only {found} of {true}")
    distances = [node.distance for node in lineage.nodes]
    hold(distances == sorted(distances), "what is farther comes first")
    hold(lineage.is_cut == (len(true) < len(_reached(inquiry, is_bounded=False))), "another cut")


def a_lineage_shows_the_nearest_of_what_was_asked_for(inquiry: Inquiry) -> None:
    """Whatever lies between; of what is equally far, what was recorded first."""
    plain, question, lineage = inquiry.plain, inquiry.question, inquiry.then.lineage
    true = _reached(inquiry)
    fitting = [
        content
        for content in sorted(true, key=lambda content: (true[content], content))
        if not (question.kinds and plain.kind(content) not in question.kinds)
        if not (question.only_valid and content in plain.invalid)
    ]
    shown = {plain.content_of(node.record) for node in lineage.nodes}
    hold(shown == set(fitting[: question.limit]), f"{shown} is shown of {fitting}")
    hold(lineage.total == len(fitting), f"{lineage.total} are told of {len(fitting)}")


def a_lineage_shows_the_derivations_between_what_is_shown(inquiry: Inquiry) -> None:
    plain, lineage = inquiry.plain, inquiry.then.lineage
    shown = {plain.content_of(node.record) for node in lineage.nodes}
    found = [
        (
            plain.content((edge.predecessor_id, edge.predecessor_version)),
            plain.content((edge.derived_id, edge.derived_version)),
            edge.role.value,
        )
        for edge in lineage.edges
    ]
    all_shown = shown | {plain.content(inquiry.one)}
    true = [tuple(edge) for edge in plain.among(all_shown, by_data=inquiry.question.by_data)]
    hold(sorted(found) == sorted(true), f"{found} is shown of {true}")


def a_content_is_shown_as_it_was_described_last(inquiry: Inquiry) -> None:
    """But what is asked about as it was asked for; and valid while nothing recalled reaches it."""
    plain, then = inquiry.plain, inquiry.then
    asked = {plain.content(inquiry.one): inquiry.one}
    both = {plain.content(inquiry.other): inquiry.other} | asked
    of_one = [*_views(then.lineage), *_views(then.story)]
    of_both = _views(then.ways)
    for view, named in (*((v, asked) for v in of_one), *((v, both) for v in of_both)):
        content = plain.content_of(view)
        right = named.get(content) or plain.describing(content)
        hold((view.record_id, view.version) == right, f"{content} is shown by {view}")
    for view in (*of_one, *of_both, *_views(then.common)):
        content = plain.content_of(view)
        version = plain.rows.versions_of(view.record_id)[view.version]
        hold(view.valid == (content not in plain.invalid), f"{view} is valid: {view.valid}")
        hold((view.name, view.kind) == (version.name, plain.kind(content)), f"otherwise: {view}")


def the_ways_between_two_are_all_that_there_are_the_shortest_first(inquiry: Inquiry) -> None:
    plain, most = inquiry.plain, inquiry.question.limit or MOST_WAYS
    one, other = plain.content(inquiry.one), plain.content(inquiry.other)
    true = plain.ways(one, other) or plain.ways(other, one)
    found = [
        tuple((plain.content_of(step.record), step.role or "") for step in way)
        for way in inquiry.then.ways
    ]
    hold(len(set(found)) == len(found) == min(most, len(true)), f"{found} of {true}")
    hold(set(found) <= set(true), f"{found} are none of {true}")
    hold([len(way) for way in found] == [len(way) for way in true[:most]], "shorter ones come last")


def what_two_have_in_common_is_what_both_came_from_the_nearest_first(inquiry: Inquiry) -> None:
    plain, question, common = inquiry.plain, inquiry.question, inquiry.then.common
    one, other = (
        plain.distances(plain.content(named), Direction.UP)
        for named in (inquiry.one, inquiry.other)
    )
    both = sorted((one[c] + other[c], one[c], c, other[c]) for c in one.keys() & other.keys())
    true = [
        (content, near, far)
        for _, near, content, far in both
        if not question.kinds or plain.kind(content) in question.kinds
    ]
    found = [
        (plain.content_of(item.record), item.distance, item.other_distance) for item in common.items
    ]
    hold(found == true[: question.limit], f"{found} are in common, not {true}")
    hold(common.total == len(true), f"{common.total} are told of {len(true)}")


def a_story_tells_all_that_led_to_something_each_step_after_those_before(
    inquiry: Inquiry,
) -> None:
    plain, story = inquiry.plain, inquiry.then.story
    reached = plain.distances(plain.content(inquiry.one), Direction.UP)
    edges = plain.among(reached)
    given = reached.keys() - {edge.derived for edge in edges} - {plain.content(inquiry.one)}
    hold(_sorted(plain, story.given) == sorted(given), f"{story.given} is given, not {given}")
    derived = [
        (plain.content_of(a), plain.content_of(b), role.value) for a, b, role in story.derived
    ]
    alone = [tuple(edge) for edge in edges if edge.role in ("derived", "revision")]
    hold(sorted(derived) == sorted(alone), f"{derived} came without a step, not {alone}")
    told = [plain.content_of(step.step) for step in story.steps]
    hold(sorted(told) == sorted(filter(plain.is_activity, reached)), f"{told} are the steps")
    for number, step in enumerate(story.steps):
        here = told[number]
        used = {edge.predecessor for edge in edges if edge.derived == here}
        made = {e.derived for e in edges if e.predecessor == here and e.role == "generated"}
        hold(_sorted(plain, step.used) == sorted(used), f"{here} used {step.used}, not {used}")
        hold(_sorted(plain, step.made) == sorted(made), f"{here} made {step.made}, not {made}")
        hold(not _above(plain, reached, here) & {*told[number + 1 :]}, f"{here} is told too early")


def what_is_answered_as_of_a_time_is_what_was_answered_then(inquiry: Inquiry) -> None:
    """In every detail, also where one was told of a content only later."""
    for field in fields(inquiry.then):
        then, later = (getattr(answers, field.name) for answers in (inquiry.then, inquiry.later))
        hold(then == later, f"{field.name} was {then}, and is now said to have been {later}")


LAWS: tuple[Law, ...] = (
    a_lineage_tells_how_far_all_is_that_is_reached,
    a_lineage_shows_the_nearest_of_what_was_asked_for,
    a_lineage_shows_the_derivations_between_what_is_shown,
    a_content_is_shown_as_it_was_described_last,
    the_ways_between_two_are_all_that_there_are_the_shortest_first,
    what_two_have_in_common_is_what_both_came_from_the_nearest_first,
    a_story_tells_all_that_led_to_something_each_step_after_those_before,
    what_is_answered_as_of_a_time_is_what_was_answered_then,
)


def _reached(inquiry: Inquiry, *, is_bounded: bool = True) -> dict[int, int]:
    start, question = inquiry.plain.content(inquiry.one), inquiry.question
    true = inquiry.plain.distances(start, question.direction, by_data=question.by_data)
    del true[start]
    depth = question.depth if is_bounded else None
    return {content: far for content, far in true.items() if depth is None or far <= depth}


def _above(plain: Plain, reached: Mapping[int, int], content: int) -> set[int]:
    """Return all that leads to a content among others."""
    edges, found = plain.among(reached), {content}
    while more := {e.predecessor for e in edges if e.derived in found} - found:
        found |= more
    return found - {content}


def _sorted(plain: Plain, views: tuple[RecordView, ...]) -> list[int]:
    return sorted(map(plain.content_of, views))


def _views(answer: Any) -> Iterator[RecordView]:
    """Yield all records that an answer shows."""
    if isinstance(answer, RecordView):
        yield answer
    elif isinstance(answer, tuple | list):
        for part in answer:
            yield from _views(part)
    elif is_dataclass(answer):
        yield from _views([getattr(answer, field.name) for field in fields(answer)])
