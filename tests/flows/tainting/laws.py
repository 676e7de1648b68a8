"""What has to be so of the data dependencies of a run, however they were found."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select

from braid_db.flows.instrumenting import instrument
from braid_db.store.tables import derivation, version
from tests.flows.instrumenting.laws import hold
from tests.flows.instrumenting.strategies import Told
from tests.flows.instrumenting.world import INPUT, REGISTERED, Execution, Ran, run
from tests.flows.reconciling.books import read, steps
from tests.flows.tainting.strategies import BEGIN
from tests.flows.tainting.values import is_whole, taint
from tests.functions.calls import Endpoint


@dataclass
class Traced:
    """One flow, run without provenance and with it."""

    told: Told
    endpoint: Endpoint

    @cached_property
    def plain(self) -> Ran:
        """The run that recorded nothing."""
        return _run(self.told.definition, self.told, str(uuid.uuid4()))

    @cached_property
    def told_by_log(self) -> list[set[int]]:
        """Whose results each action was given, as the run's log tells."""
        return after(self.plain.log, self.told.definition)

    @cached_property
    def each(self) -> tuple[Ran, list[set[int]]]:
        """The run of which each action was recorded, and what its records depend on."""
        woven = instrument(self.told.definition, mode="each", registered=REGISTERED)
        run_id = str(uuid.uuid4())
        ran = _run(woven.definition, self.told, run_id)
        ids = steps(self.endpoint, run_id)
        hold(len(ids) == len(ran.executions), f"{len(ids)} records of {len(ran.executions)}")
        place = {record_id: number for number, record_id in enumerate(ids)}
        found: list[set[int]] = [set() for _ in ids]
        for one, other in self.endpoint.select(_informed(run_id)):
            found[place[other]].add(place[one])
        return ran, found


def _run(definition: Any, told: Told, run_id: str) -> Ran:
    return run(definition, told.outcomes, run_input={**INPUT, **BEGIN}, run_id=run_id)


def _informed(run_id: str) -> Any:
    """Return the query for which record of a run was made of which."""
    source, made = version.alias(), version.alias()
    return (
        select(source.c.record_id, made.c.record_id)
        .join(derivation, derivation.c.predecessor_id == source.c.version_id)
        .join(made, derivation.c.derived_id == made.c.version_id)
        .where(derivation.c.run_id == run_id, derivation.c.role == "informed")
    )


def after(log: list[Any], definition: Any) -> list[set[int]]:
    """Return the executions that a log says each was made of, by their numbers."""
    return [set(step["after"]) for step in read(log, definition).steps]


def the_log_loses_nothing(seen: Traced) -> None:
    """Whoever's result an action was given, the log tells it."""
    _no_less(seen.plain.executions, seen.told_by_log)


def the_log_tells_no_more(seen: Traced) -> None:
    """And nobody else's: not of another round, another way, or of what was overwritten."""
    _no_more(seen.plain.executions, seen.told_by_log)


def a_log_with_gaps_loses_nothing(seen: Traced) -> None:
    """Nor where the log names the actions alone, as nobody knows all that the service's names."""
    log = [one for one in seen.plain.log if one["code"].startswith(("Action", "Flow"))]
    _no_less(seen.plain.executions, after(log, seen.told.definition))


def records_lose_nothing(seen: Traced) -> None:
    """Whoever's result an action was given, its record is linked to that one's."""
    _no_less(*_of_each(seen))


def records_tell_no_more(seen: Traced) -> None:
    """And to nobody else's, where the flow has one way."""
    _no_more(*_of_each(seen))


def _of_each(seen: Traced) -> tuple[list[Execution], list[set[int]]]:
    ran, found = seen.each
    return ran.executions, found


def _no_less(executions: list[Execution], found: list[set[int]]) -> None:
    hold(len(executions) == len(found), "executions")
    for number, (execution, known) in enumerate(zip(executions, found, strict=True)):
        lost = taint(execution) - known
        hold(not lost, f"{execution.state}, execution {number}, was given results of {lost}")


def _no_more(executions: list[Execution], found: list[set[int]]) -> None:
    for number, (execution, known) in enumerate(zip(executions, found, strict=True)):
        more = known - taint(execution) if is_whole(execution) else set()
        hold(not more, f"{execution.state}, execution {number}, has nothing of {more}")


LAWS = (
    the_log_loses_nothing,
    the_log_tells_no_more,
    a_log_with_gaps_loses_nothing,
    records_lose_nothing,
)
LAWS_OF_ONE_WAY = (*LAWS, records_tell_no_more)
"""What has to be so where a flow has no Choice, loop or Catch."""
