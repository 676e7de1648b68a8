"""Which actions of a run read and wrote which file, in the order in which they ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from braid_db.identity import IdentityRules
from braid_db.model import Definition, Kind
from braid_db.records.late import NOT_LATE, Late, Neighbours
from braid_db.records.steps import StepToRecord
from braid_db.records.transfers import TransferToRecord

Told = StepToRecord | TransferToRecord


class _Touch(NamedTuple):
    """An execution, by its place in the run, and what it did to one file."""

    place: int
    reads: bool
    writes: bool


class Timeline:
    """A run of which some executions have a record already.

    :param told: its executions, in the order in which they ran.
    :param known: the records that were there before, by the executions' places.
    """

    def __init__(
        self, rules: IdentityRules, told: Sequence[Told], known: Mapping[int, int]
    ) -> None:
        self._told = told
        self._known = known
        self._files: list[set[str]] = []
        self._touches: dict[str, list[_Touch]] = {}
        for place, one in enumerate(told if known else ()):
            read, written = (_named(rules, given) for given in (_read_by(one), _written_by(one)))
            self._files.append(read | written)
            for uri in read | written:
                touch = _Touch(place, uri in read, uri in written)
                self._touches.setdefault(uri, []).append(touch)

    def around(self, place: int, ids: Sequence[int]) -> Late:
        """Return what the run tells of an execution that has no record yet.

        :param ids: the records of those before it.
        """
        if not self._known:
            return NOT_LATE
        files = {uri: self._neighbours(uri, place, ids) for uri in self._files[place]}
        return Late(files, ended_at=self._told[place].times.ended_at)

    def _neighbours(self, uri: str, place: int, ids: Sequence[int]) -> Neighbours:
        before = [one for one in self._touches[uri] if one.place < place]
        after = [one for one in self._touches[uri] if one.place > place]
        writers = [one.place for one in after if one.writes]
        until = writers[0] if writers else len(self._told)
        readers = [one.place for one in after if one.reads and one.place <= until]
        known = self._known
        return Neighbours(
            written_by=next((ids[one.place] for one in reversed(before) if one.writes), None),
            read_by=next((ids[one.place] for one in reversed(before) if one.reads), None),
            readers=frozenset(known[one] for one in readers if one in known),
            next_writer=next((known[one] for one in writers if one in known), None),
        )


def _read_by(told: Told) -> Iterable[Definition]:
    if isinstance(told, TransferToRecord):
        return [item.source for item in told.items]
    return told.used


def _written_by(told: Told) -> Iterable[Definition]:
    if isinstance(told, TransferToRecord):
        return [item.destination for item in told.items] if told.generates else []
    return told.made


def _named(rules: IdentityRules, definitions: Iterable[Definition]) -> set[str]:
    """Return the canonical URIs that identify what is defined."""
    named = [one for one in definitions if one.uris and one.kind is not Kind.STEP]
    return set(filter(None, (rules.canonical(one.uris[0], one.host) for one in named)))
