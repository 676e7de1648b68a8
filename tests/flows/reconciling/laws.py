"""What has to be so of every run that is reconciled from its log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from braid_db.flows.instrumenting import instrument
from braid_db.steps.run_log import Reconciled
from tests.flows.instrumenting.laws import SECRETS, hold, loses_records
from tests.flows.instrumenting.strategies import Told
from tests.flows.instrumenting.world import REGISTERED, Ran, run
from tests.flows.reconciling.books import Book, read, steps, told_of
from tests.flows.tainting.values import is_whole, taint
from tests.functions.calls import Endpoint


@dataclass(frozen=True)
class Kept:
    """A run of a flow, and the database that it was to be recorded in.

    :param definition: as it was run.
    """

    definition: dict[str, Any]
    ran: Ran
    book: Book

    def reconcile(self) -> list[int]:
        """Reconcile the run, and return the records that are new."""
        return self.reconciled().new

    def reconciled(self) -> Reconciled:
        """Reconcile the run, and return what came of it."""
        return self.book.reconcile(read(self.ran.log, self.definition))


class Seen:
    """One flow, run without provenance, with each action recorded, and recorded at its end.

    :param new_book: gives an empty database, which what runs then records into.
    """

    def __init__(self, told: Told, new_book: Callable[[], Book]) -> None:
        self._told = told
        self._new_book = new_book
        self._run_id = str(uuid.uuid4())

    def _run(self, definition: dict[str, Any]) -> Kept:
        book = self._new_book()
        ran = run(definition, self._told.outcomes, run_id=self._run_id)
        return Kept(definition, ran, book)

    def _woven(self, mode: str) -> Kept:
        woven = instrument(self._told.definition, mode=mode, registered=REGISTERED)
        return self._run(woven.definition)

    @cached_property
    def plain(self) -> Kept:
        """The run that recorded nothing."""
        return self._run(self._told.definition)

    @cached_property
    def each(self) -> Kept:
        """The run of which each action was recorded after it ran."""
        return self._woven("each")

    @cached_property
    def once(self) -> Kept:
        """The run that was recorded at its end."""
        return self._woven("once")


def links_what_ran_as_it_ran(seen: Seen) -> None:
    """Each action follows the one that ran before it, and depends on those whose results it had.

    On no others, as far as reconciling says it: what the end of the run took for so, stays.
    """
    for kept in (seen.plain, seen.once):
        before = kept.book.endpoint.edges()
        place = {one: number for number, one in enumerate(kept.reconciled().record_ids)}
        after = kept.book.endpoint.edges()
        order, data = (_among(place, after, role) for role in ("followed", "informed"))
        new_order, new_data = order, data
        if kept is seen.once:
            new_order, new_data = (
                _among(place, after - before, role) for role in ("followed", "informed")
            )
        pairs = set(pairwise(range(len(place))))
        hold(new_order <= pairs <= order, f"{new_order} of {order}")
        for number, execution in enumerate(kept.ran.executions):
            given = {(one, number) for one in taint(execution)}
            hold(given <= data, f"{number} lacks {given - data}")
            told = {pair for pair in new_data if pair[1] == number}
            hold(told <= given or not is_whole(execution), f"{number} has nothing of {told}")


def _among(place: dict[int, int], edges: Any, role: str) -> set[tuple[int, int]]:
    """Return the edges of a role between the actions of a run, by their places."""
    return {
        (place[a], place[b])
        for (a, _), its, (b, _) in edges
        if its == role and a in place and b in place
    }


def equals_what_each_recorded(seen: Seen) -> None:
    """A run that recorded nothing, reconciled, has what mode *each* records."""
    seen.plain.reconcile()
    hold_the_same(seen.plain.book.endpoint, seen.each.book.endpoint, seen.plain.definition)


def hold_the_same(mine: Endpoint, its: Endpoint, definition: dict[str, Any]) -> None:
    """Break a law unless a database has what another one has that a flow recorded into itself.

    :param definition: the flow's.
    """
    versions, tags, edges = told_of(mine)
    its_versions, its_tags, expected = told_of(its)
    _same_records(versions, its_versions)
    hold(tags == its_tags, "tags")
    # Which way was taken to a join, and what no pointer led to, only the log of a run knows.
    more, less = edges - expected, expected - edges
    is_lost = not more or loses_records(definition)
    hold(is_lost and {role for _, role, _ in more | less} <= {"informed"}, f"{edges ^ expected}")
    hold(_runs(mine) == _runs(its), "run")


def _same_records(mine: list[Any], its: list[Any]) -> None:
    hold(len(mine) == len(its), "records")
    for one, other in zip(mine, its, strict=True):
        # Of an action that was not even begun, only the log knows the time.
        is_timed = other[4] is not None or other[2] not in ("step", "transfer")
        hold(one == other or (not is_timed and one[:4] == other[:4]), f"{one} and {other}")


def _runs(endpoint: Endpoint) -> list[Any]:
    # Here a flow without an id has one by its definition, and that was instrumented.
    return [(row.run_id, row.started_by) for row in endpoint.rows("run")]


def replaces_the_state(definition: dict[str, Any]) -> bool:
    """Return whether a state of a flow, or a Catch, writes over the whole of its state."""
    writers = [one for state in definition["States"].values() for one in writers_of(state)]
    return any(one.get("ResultPath", "$") == "$" for one in writers)


def writers_of(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what has a ResultPath of a state: it itself, and its Catchers."""
    if state["Type"] in ("Choice", "Wait", "Fail"):
        return []
    return [state, *state.get("Catch", [])]


def adds_nothing_to_what_each_recorded(seen: Seen) -> None:
    """After mode *each* nothing is missing, so that nothing is written.

    But for data that came through what no pointer could be carried through.
    """
    before = seen.each.book.endpoint.everything()
    hold(seen.each.reconcile() == [], "new")
    after = seen.each.book.endpoint.everything()
    is_lost = loses_records(seen.each.definition)
    for table, rows in before.items():
        added = set(after[table]) - set(rows)
        may_be = table == "derivation" and is_lost
        hold(
            after[table] == rows or (may_be and len(after[table]) == len(rows) + len(added)), table
        )


def adds_what_is_missing(seen: Seen) -> None:
    """After mode *once* each action that ran has one record, and what was there is as it was."""
    endpoint, run_id = seen.once.book.endpoint, seen.once.ran.run.run_id
    before, known = endpoint.everything(), steps(endpoint, run_id)
    new = seen.once.reconcile()
    after, records = endpoint.everything(), steps(endpoint, run_id)
    ran = seen.once.ran.executions
    hold(len(records) == len(ran), f"{len(records)} records of {len(ran)}")
    hold(sorted(new) == sorted(set(records) - set(known)), "new")
    for table in ("version", "tag", "derivation", "receipt"):
        hold(set(before[table]) <= set(after[table]), f"{table} of before")


def twice_changes_nothing(seen: Seen) -> None:
    """What was reconciled once is reconciled."""
    for kept in (seen.plain, seen.once):
        kept.reconcile()
        before = kept.book.endpoint.everything()
        hold(kept.reconcile() == [], "new again")
        hold(kept.book.endpoint.everything() == before, "changed again")


def keeps_secrets(seen: Seen) -> None:
    """Nothing that the flow keeps private is told."""
    for kept in (seen.plain, seen.each, seen.once):
        told = json.dumps(read(kept.ran.log, kept.definition).steps)
        hold(not [secret for secret in SECRETS if secret in told], "secrets")


LAWS = (
    links_what_ran_as_it_ran,
    equals_what_each_recorded,
    adds_nothing_to_what_each_recorded,
    adds_what_is_missing,
    twice_changes_nothing,
    keeps_secrets,
)
