"""What has to be so of every run that is reconciled from its log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.laws import SECRETS, hold
from tests.flows.instrumenting.strategies import Told
from tests.flows.instrumenting.world import REGISTERED, Ran, run
from tests.flows.reconciling.books import Book, read, steps, told_of
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
        return self.book.reconcile(read(self.ran.log, self.definition)).new


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
    more = edges - expected
    # What a state reads of earlier results is lost to a flow whose state was replaced meanwhile.
    is_lost = replaces_the_state(definition) and {role for _, role, _ in more} == {"informed"}
    hold(expected <= edges and (not more or is_lost), f"{edges ^ expected}")
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
    """After mode *each* nothing is missing, so that nothing is written."""
    before = seen.each.book.endpoint.everything()
    hold(seen.each.reconcile() == [], "new")
    hold(seen.each.book.endpoint.everything() == before, "changed")


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
    equals_what_each_recorded,
    adds_nothing_to_what_each_recorded,
    adds_what_is_missing,
    twice_changes_nothing,
    keeps_secrets,
)
