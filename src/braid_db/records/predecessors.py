"""References to earlier steps: resolved, refused, or noted as missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from braid_db.errors import (
    BraidError,
    InvalidReference,
    OtherDatabase,
    RecordNotFound,
    VersionNotFound,
    shown,
)
from braid_db.model import Reference, References, RunContext, Tag, TagType
from braid_db.records.contents import Content, Entity
from braid_db.records.recorder import Recorder
from braid_db.store import recording as sql

MISSING_TAG = "missing_predecessors"

T = TypeVar("T")


class Predecessors:
    """The references of one call.

    :param mark: whether a reference that leads nowhere is noted instead of refused.
    :ivar missing: a sentence for each that was noted.
    """

    def __init__(self, recorder: Recorder, *, mark: bool) -> None:
        self.recorder = recorder
        self.mark = mark
        self.missing: list[str] = []

    def read(self, *given: References) -> None:
        """Refuse or note what could not be read as a reference at all."""
        for references in given:
            for reason in references.missing:
                self._miss(InvalidReference(reason, can_be_marked=True))

    def _is_from_here(self, reference: Reference) -> bool:
        """Refuse or note a result of another database, whose ids mean other records."""
        try:
            check_origin(reference, self.recorder.tx.database)
        except OtherDatabase as error:
            self._miss(OtherDatabase(error.reason, can_be_marked=True))
            return False
        return True

    def previous(self, given: References, context: RunContext, *, latest: bool) -> References:
        """Return the step before: the one that is named, else the run's latest where asked for.

        A flow has no parallel states, so the run's latest step is the one before.
        """
        if given.found or not latest:
            return given
        row = self.recorder.tx.first(sql.LATEST_STEP, context.run_id)
        return given if row is None or row[0] is None else References((Reference(row[0]),))

    def contents(self, references: References) -> list[Content]:
        """Return the contents that references mean, without those that lead nowhere."""
        return self._each(references, self.recorder.contents.of_reference)

    def entities(self, references: References) -> list[Entity]:
        """Return the records that references name, whatever version they came from."""
        return self._each(
            references, lambda reference: self.recorder.contents.get(reference.record_id)
        )

    def tags(self) -> list[Tag]:
        """Return the tag that says which references were missing; none where all were there."""
        if not self.missing:
            return []
        return [Tag(MISSING_TAG, TagType.JSON, json.dumps(self.missing, ensure_ascii=False))]

    def _each(self, references: References, get: Callable[[Reference], T]) -> list[T]:
        found: list[T] = []
        for reference in references.found:
            if not self._is_from_here(reference):
                continue
            try:
                found.append(get(reference))
            except (RecordNotFound, VersionNotFound) as error:
                self._miss(error)
        return found

    def _miss(self, error: BraidError) -> None:
        if not self.mark:
            raise error
        self.missing.append(error.reason if isinstance(error, InvalidReference) else error.message)


def check_origin(reference: Reference, here: str) -> None:
    """Refuse a result of another database, whose ids mean other records.

    :param here: the uid of this database.
    :raises OtherDatabase: if that is not where the reference came from.
    """
    if reference.database not in (None, here):
        raise OtherDatabase(
            f"The result that names record {reference.record_id} came from the provenance "
            f"database {shown(reference.database)}, and this is {here}"
        )


def ids_of(*given: References) -> Iterable[int]:
    """Return the ids of all records that references name."""
    return {reference.record_id for references in given for reference in references.found}
