"""Records whose versions are tested: made as flows make them, changed as people change them."""

from __future__ import annotations

from typing import Any, NamedTuple

from braid_db.identity import IdentityRules
from braid_db.model import Definition, Kind, Reference, References
from braid_db.records.described import Change
from braid_db.records.steps import StepToRecord, record_step
from braid_db.records.versions import Written, edit_record, restore_version, update_record
from braid_db.records.views import get_record
from braid_db.steps.tags import read_tags
from braid_db.store import Store
from braid_db.store.tables import derivation, version
from braid_db.views import RecordView

RULES = IdentityRules("beamline")


class Edge(NamedTuple):
    """A derivation; each end is a record and the version that brought the content in."""

    predecessor: tuple[int, int]
    derived: tuple[int, int]
    role: str


class Laboratory:
    """A database with what tests do to its records."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def make(self, *uris: str, kind: Kind = Kind.DATA, tags: Any = None, **told: Any) -> int:
        """Record a step that made a record, and return the record's id."""
        return self.step(made=Definition(None, kind, uris, read_tags("tags", tags), **told))[1]

    def step(self, *used: int, made: Definition | None = None) -> tuple[int, int]:
        """Record a step; return its id and that of what it made, or 0."""
        told = StepToRecord(
            Definition("step", Kind.STEP),
            inputs=References(tuple(map(Reference, used))),
            made=() if made is None else (made,),
        )
        result: Any = self.store.write(lambda tx: record_step(tx, RULES, told))
        return result["flow_state_record_id"], next(iter(result["output_record_ids"]), 0)

    def edit(self, record_id: int, change: Change | None = None, **told: Any) -> Written:
        """Describe a record otherwise."""
        told_tags = read_tags("tags", told.pop("tags", None)) or None
        how = {name: told.pop(name) for name in Change.__slots__ if name in told}
        meant = change or Change(tags=told_tags, **how)
        return self.store.write(lambda tx: edit_record(tx, RULES, record_id, meant, **told))

    def update(self, record_id: int, **told: Any) -> Written:
        """Give a record new content."""
        return self.store.write(lambda tx: update_record(tx, RULES, record_id, **told))

    def restore(self, record_id: int, number: int, **told: Any) -> Written:
        """Make an old version current again."""
        return self.store.write(lambda tx: restore_version(tx, record_id, number, **told))

    def show(self, record_id: int, number: int | None = None) -> RecordView:
        """Return one version of a record."""
        return self.store.read(lambda tx: get_record(tx, record_id, number))

    def edges(self) -> set[Edge]:
        """Return all derivations."""
        rows = self.store.read(lambda tx: tx.select(version.select()))
        names = [column.name for column in version.c]
        versions = [dict(zip(names, row, strict=True)) for row in rows]
        node = {one["version_id"]: (one["record_id"], one["number"]) for one in versions}
        found = self.store.read(lambda tx: tx.select(derivation.select()))
        return {Edge(node[before], node[after], role) for after, before, role, *_ in found}
