"""Where a record came from and what came of it, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from braid_db.api import arguments
from braid_db.api.stored import Stored
from braid_db.model import Kind
from braid_db.records.lineage import get_lineage
from braid_db.records.paths import common_ancestors, find_paths
from braid_db.records.reasons import explain
from braid_db.views import Direction, Explanation, RecordView

if TYPE_CHECKING:
    from braid_db.api.record import BraidRecord
    from braid_db.api.session import Session


class Traceable(Stored):
    """What a record can be asked about its lineage.

    All of it is about the version that the object stands at. What is asked "as of" a time is what
    was recorded by then, and the records that are found answer as they were described then, and
    valid or not by the recalls of then; see :attr:`as_of`. What a call or session writes counts
    from when it began, so that such an answer is final once all that had begun by then have ended.
    """

    def ancestors(
        self,
        *,
        kinds: Kind | str | Sequence[Kind | str] = (),
        depth: int | None = None,
        only_valid: bool = False,
        as_of: datetime | None = None,
        by_data: bool = False,
        limit: int | None = None,
        session: Session | None = None,
    ) -> list[BraidRecord]:
        """Return all that this version came from, nearest first, each with its ``distance``.

        :param kinds: only records of these kinds, whatever lies between; of all when empty.
        :param depth: how many derivations to go at most, from 1; without end when omitted.
        :param only_valid: only what no recall reaches, whatever lies between.
        :param as_of: what was recorded by then, as it was then; a time without a zone is in UTC.
        :param by_data: whether the order of a flow's steps counts only where it is all that is
            known, as for a recall.
        :param limit: how many to return at most, of the nearest.
        :raises NotRecordedThen: if this version was recorded only later.
        :raises InvalidArgument: if an argument cannot be used.
        """
        return self._lineage(
            Direction.UP, kinds, depth, only_valid, as_of, limit, session, by_data=by_data
        )

    def descendants(
        self,
        *,
        kinds: Kind | str | Sequence[Kind | str] = (),
        depth: int | None = None,
        only_valid: bool = False,
        as_of: datetime | None = None,
        by_data: bool = False,
        limit: int | None = None,
        session: Session | None = None,
    ) -> list[BraidRecord]:
        """Return all that came of this version; see :meth:`ancestors`."""
        return self._lineage(
            Direction.DOWN, kinds, depth, only_valid, as_of, limit, session, by_data=by_data
        )

    def _lineage(
        self,
        direction: Direction,
        kinds: Sequence[Kind | str],
        depth: int | None,
        only_valid: bool,
        as_of: datetime | None,
        limit: int | None,
        session: Session | None,
        *,
        by_data: bool,
    ) -> list[BraidRecord]:
        chosen, then = arguments.kinds(kinds), self._time(as_of)
        deepest = arguments.count_or_none("depth", depth)
        most = arguments.count_or_none("limit", limit)
        valid = arguments.flag("only_valid", only_valid)
        data = arguments.flag("by_data", by_data)
        lineage = self._read(
            lambda tx, pin: get_lineage(
                tx, pin.record_id, version=pin.version, direction=direction, depth=deepest,
                kinds=chosen, only_valid=valid, as_of=then, by_data=data, limit=most,
                with_edges=False,
            ),
            session,
        )  # fmt: skip
        through = self._through(session)
        return [
            self._found(node.record, then, through, distance=node.distance)
            for node in lineage.nodes
        ]

    def paths_to(
        self,
        other: BraidRecord,
        *,
        as_of: datetime | None = None,
        limit: int = 10,
        session: Session | None = None,
    ) -> list[list[BraidRecord]]:
        """Return the ways between this version and that of another object, the shortest first.

        :param limit: how many to return at most: there may be more than can be counted.
        :returns: each way from the ancestor to its descendant, whichever of the two that is; its
            records have in ``role`` how each came from the one before. Empty where neither came
            from the other.
        :raises NotRecordedThen: if one of them was recorded only later.
        """
        self._check_other("other", other)
        most, then = arguments.count("limit", limit), self._time(as_of)
        ways = self._read(
            lambda tx, pin: find_paths(
                tx, pin.record_id, other.pinned.record_id, version=pin.version,
                other_version=other.pinned.version, as_of=then, limit=most,
            ),
            session,
            other,
        )  # fmt: skip
        through = self._through(session)
        return [
            [self._found(step.record, then, through, role=step.role) for step in way]
            for way in ways
        ]

    def common_ancestors(
        self,
        other: BraidRecord,
        *,
        kinds: Kind | str | Sequence[Kind | str] = (),
        as_of: datetime | None = None,
        limit: int | None = None,
        session: Session | None = None,
    ) -> list[BraidRecord]:
        """Return what this version and that of another object both came from, the nearest first.

        Where one came from the other, that is common to both.

        :param kinds: only records of these kinds; of all when empty.
        :param limit: how many to return at most.
        :returns: each with its ``distance`` from this version, and its ``other_distance``.
        :raises NotRecordedThen: if one of them was recorded only later.
        """
        self._check_other("other", other)
        chosen, then = arguments.kinds(kinds), self._time(as_of)
        most = arguments.count_or_none("limit", limit)
        page = self._read(
            lambda tx, pin: common_ancestors(
                tx, pin.record_id, other.pinned.record_id, version=pin.version,
                other_version=other.pinned.version, kinds=chosen, as_of=then, limit=most,
            ),
            session,
            other,
        )  # fmt: skip
        through = self._through(session)
        return [
            self._found(
                one.record, then, through,
                distance=one.distance, other_distance=one.other_distance,
            )
            for one in page.items
        ]  # fmt: skip

    def why(
        self,
        *,
        as_of: datetime | None = None,
        limit: int | None = None,
        session: Session | None = None,
    ) -> Explanation:
        """Return how this version came about; print it for the story.

        :param limit: of how many of the nearest records to tell at most.
        :raises NotRecordedThen: if it was recorded only later.
        """
        then, most = self._time(as_of), arguments.count_or_none("limit", limit)
        return self._read(
            lambda tx, pin: explain(tx, pin.record_id, version=pin.version, as_of=then, limit=most),
            session,
        )

    def _time(self, as_of: datetime | None) -> datetime | None:
        """Return as of when something is asked: what is found as of a time goes on from there."""
        return arguments.moment("as_of", as_of) or self.as_of

    def _found(
        self,
        view: RecordView,
        as_of: datetime | None,
        through: Session | None,
        *,
        distance: int | None = None,
        other_distance: int | None = None,
        role: str | None = None,
    ) -> BraidRecord:
        """Return an object for what was found, and how it was."""
        found = self.of_view(self._database(), view, session=through, as_of=as_of)
        found.distance, found.other_distance, found.role = distance, other_distance, role
        return found
