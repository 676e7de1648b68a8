"""Flows of others and our use cases fail with provenance as without, wherever they can fail."""

from __future__ import annotations

import ast
import random
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument
from tests.effort import costly
from tests.flows.instrumenting.published_runs import (
    Failure,
    Flow,
    Run,
    published_flows,
    run,
    without_chance,
)
from tests.flows.instrumenting.world import REGISTERED
from tests.flows.reconciling.books import book, read
from tests.functions.calls import Endpoint

FLOWS = published_flows()
HOWS = {"Action": ("failed", "refused", "late"), "AwaitWebInput": ("unanswered",)}
ROUNDS = 2
"""So many executions of a state fail, each in a run of its own."""

UNCATCHABLE = ("States.Runtime", "States.NoChoiceMatched")
"""What ends a run where no state of it can be led on to; only its log tells of it."""


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_flow_fails_with_provenance_as_without_and_what_ran_is_recorded(
    sqlite_endpoint: Endpoint, name: str, mode: str
) -> None:
    flow = FLOWS[name]
    woven = instrument(flow.definition, mode=mode, registered=REGISTERED).definition
    for failures, plain in ways(flow, f"{name} {mode}"):
        recorded = run(woven, flow.given, plain.done.run_id, flow.result, failures)
        goes_the_same_way(plain, recorded)
        is_dead = plain.done.error in UNCATCHABLE
        if mode == "each":
            each_is_recorded(sqlite_endpoint, plain, failures, ids_of(sqlite_endpoint, plain))
        else:
            assert len(recorded.here.calls) == (bool(plain.actions) and not is_dead)
            assert_last_is_recorded(sqlite_endpoint, plain, is_dead=is_dead)
        with book(sqlite_endpoint.url) as reconciled:
            found = reconciled.reconcile(read(recorded.log, woven))
        assert mode == "once" or found.new == []
        assert sorted(found.record_ids) == ids_of(sqlite_endpoint, plain)
        each_is_recorded(sqlite_endpoint, plain, failures, found.record_ids, found.new)


def ways(flow: Flow, name: str) -> Iterator[tuple[list[Failure], Run]]:
    """Yield what fails on a way through a flow, and the run that took it.

    One execution fails, and then a second one where only that failure led to it.
    """
    good = gone(flow, [])
    chance = random.Random(name)
    firsts = list(possible(flow, good))
    for failure in chance.sample(firsts, costly(len(firsts)) if firsts else 0):
        first = gone(flow, [failure])
        yield [failure], first
        for second in possible(flow, first):
            if second.state not in good.trace:
                yield [failure, second], gone(flow, [failure, second])


def possible(flow: Flow, ran: Run) -> Iterator[Failure]:
    """Yield what can fail on the way that a run took."""
    for state, times in Counter(filter(ran.may_fail.__contains__, ran.trace)).items():
        for how in HOWS[flow.definition["States"][state]["Type"]]:
            for execution in range(1, min(times, ROUNDS) + 1):
                yield Failure(state, how, execution)


def gone(flow: Flow, failures: list[Failure]) -> Run:
    """Return a run without provenance."""
    return run(flow.definition, flow.given, str(uuid.uuid4()), flow.result, failures)


def goes_the_same_way(plain: Run, recorded: Run) -> None:
    """The run goes the same way to the same end, and leaves the same."""
    assert recorded.trace == plain.trace
    assert recorded.actions == plain.actions
    assert (recorded.done.status, recorded.done.error) == (plain.done.status, plain.done.error)
    assert recorded.users_state() == plain.users_state()
    assert cause_of(recorded) == cause_of(plain)


def cause_of(ran: Run) -> Any:
    """Return why a run failed, by its log; a Fail state can only tell it as a text."""
    cause = ran.log[-1]["details"].get("cause")
    if isinstance(cause, str) and cause.startswith("{"):
        cause = ast.literal_eval(cause)
    if isinstance(cause, str):
        return cause.replace("braid_db, ", "")  # of all that stands in the state
    return without_chance(cause)


def each_is_recorded(
    endpoint: Endpoint,
    plain: Run,
    failures: list[Failure],
    ids: list[int],
    new: Collection[int] = (),
) -> None:
    """Each action that ran has one record, of what came of it, linked to the one before.

    :param ids: the records, in the order of the actions.
    :param new: those that were added later, and changed nothing of what stood there.
    """
    hows = {(one.state, one.execution): one.how for one in failures}
    times: Counter[str] = Counter()
    executed = [state for state in plain.trace if state in plain.acting]
    assert len(ids) == len(executed)
    for record_id, state in zip(ids, executed, strict=True):
        times[state] += 1
        how, found = hows.get((state, times[state])), endpoint.record(record_id)
        assert found.name == f"Action Step {state}" or found.kind == "transfer"
        is_task_going_on = found.kind == "transfer" and how == "late"
        assert is_task_going_on or (found.tags["status"] == "FAILED") == (how is not None)
    into = {(a, b) for (a, _), role, (b, _) in endpoint.edges() if role == "followed" and b in ids}
    pairs = set(pairwise(ids))
    assert into == pairs if not new else {(a, b) for a, b in pairs if b in new} <= into


def assert_last_is_recorded(endpoint: Endpoint, plain: Run, *, is_dead: bool) -> None:
    """What ended a run is the last of the records that it made at its end."""
    ended_by = plain.done.failed_state
    if ended_by in plain.acting and not is_dead:
        last = endpoint.record(ids_of(endpoint, plain)[-1])
        assert last.name == f"Action Step {ended_by}" or last.kind == "transfer"


def ids_of(endpoint: Endpoint, ran: Run) -> list[int]:
    """Return the steps and transfers of a run, in the order of their records."""
    rows = endpoint.rows("record")
    own = [row for row in rows if row.run_id == ran.done.run_id]
    return sorted(row.record_id for row in own if row.kind in ("step", "transfer"))
