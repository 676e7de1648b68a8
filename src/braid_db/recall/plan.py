"""What to do after recalls: what is to be run again or given anew, in which order, and with what.

A content is in need of work while a recall reaches it and its record has no newer version that is
valid. What a step made comes anew by running that step again, a file that was transferred by
transferring it again, and anything else by a person's hand, or by whatever made it once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from braid_db.model import Kind, Role
from braid_db.recall.recalls import get_recall_row, recall_views
from braid_db.recall.views import Plan, PlannedUse, PlannedWork
from braid_db.records.views import views_of
from braid_db.store import Transaction, reading
from braid_db.store import plans as sql
from braid_db.store.plans import ContentRow, EdgeRow
from braid_db.views import Page, RecordView

_USES = (Role.USED, Role.INFORMED, Role.TRANSFERRED)
"""What a step or transfer has to have before it can run; an order alone gives it nothing."""


def make_plan(tx: Transaction, recall_ids: Sequence[int], *, limit: int | None = None) -> Plan:
    """Return what has to be done until all that recalls reach is valid again, as new versions.

    A step whose outputs all have newer, valid versions was repeated, and needs nothing more. One
    without outputs stays in the plan, as nothing would show that it was repeated.

    :param recall_ids: what a recall that was taken back reaches needs no work.
    :param limit: how much work to return at most, of what comes first; all when omitted.
    :raises RecallNotFound: if there is no such recall.
    """
    rows = [get_recall_row(tx, recall_id) for recall_id in dict.fromkeys(recall_ids)]
    standing = [row.recall_id for row in rows if row.reinstated_at is None]
    affected = _Affected(sql.reached_contents(tx, standing), sql.edges_into_reached(tx, standing))
    affected.add_transfers(sql.contents_named(tx, affected.makers_beside))
    affected.newest = sql.newest_valid_of_reached(tx, standing)
    work = [content_id for content_id in affected.in_order() if affected.is_work(content_id)]
    open_work = [content_id for content_id in work if not affected.is_done(content_id)]
    return Plan(
        recalls=tuple(recall_views(tx, rows)),
        work=Page(_shown(tx, affected, open_work[:limit]), len(open_work)),
        done=len(work) - len(open_work),
    )


class _Affected:
    """What recalls reach, and what it came from.

    Transfers of affected files are among it, though no recall of a file reaches them.

    :ivar uses: what each step or transfer needs, and each other content came from.
    :ivar outputs: what of it each step or transfer made.
    :ivar newest: the newest valid version of each record, where there is one.
    """

    def __init__(self, contents: Iterable[ContentRow], edges: Collection[EdgeRow]) -> None:
        self.contents = {row.content_id: row for row in contents}
        self.outputs: dict[int, list[int]] = {}
        self.uses: dict[int, list[EdgeRow]] = {}
        self.newest: Mapping[int, int] = {}
        self._edges = edges
        self._after: dict[int, set[int]] = {}
        self._made: set[int] = set()
        for edge in edges:
            self._take(edge)

    @property
    def makers_beside(self) -> set[int]:
        """What made something of it, and is not reached itself."""
        return self.outputs.keys() - self.contents.keys()

    def _take(self, edge: EdgeRow) -> None:
        self.uses.setdefault(edge.derived_id, []).append(edge)
        self._after.setdefault(edge.predecessor_id, set()).add(edge.derived_id)
        if edge.role == Role.GENERATED:
            self.outputs.setdefault(edge.predecessor_id, []).append(edge.derived_id)
            if edge.predecessor_id in self.contents:
                self._made.add(edge.derived_id)

    def add_transfers(self, makers: Iterable[ContentRow]) -> None:
        """Take those of the makers that are transfers in, each with the files in question only."""
        transfers = {row.content_id: row for row in makers if row.kind == Kind.TRANSFER}
        self.contents |= transfers
        for transfer_id in transfers:
            destinations = self.outputs[transfer_id]
            self._made.update(destinations)
            sources = dict.fromkeys(
                edge.predecessor_id
                for destination in destinations
                for edge in self.uses[destination]
                if edge.role == Role.DERIVED
            )
            for source in sources:
                self._take(EdgeRow(transfer_id, source, Role.TRANSFERRED.value))

    def is_work(self, content_id: int) -> bool:
        """Return whether somebody has to do something for a content, and not only for its maker."""
        return Kind(self.contents[content_id].kind).is_activity or content_id not in self._made

    def is_done(self, content_id: int) -> bool:
        """Return whether newer, valid versions stand in for a content, or for all that it made."""
        if not Kind(self.contents[content_id].kind).is_activity:
            return self.newer_version(self.contents[content_id]) is not None
        made = [self.contents[output] for output in self.outputs.get(content_id, ())]
        return bool(made) and all(self.newer_version(row) for row in made)

    def newer_version(self, row: ContentRow) -> int | None:
        """Return the newest version of a record that is valid, if it is newer than a content."""
        newest = self.newest.get(row.record_id, 0)
        return newest if newest > row.number else None

    def in_order(self) -> Iterator[int]:
        """Yield contents so that each comes after what it came from, else as they were recorded."""
        before = dict.fromkeys(self.contents, 0)
        for content_id in self.contents:
            for following in self._after.get(content_id, ()):
                before[following] += 1
        ready = [content_id for content_id, count in before.items() if not count]
        heapify(ready)
        while ready:
            content_id = heappop(ready)
            yield content_id
            for following in self._after.get(content_id, ()):
                before[following] -= 1
                if not before[following]:
                    heappush(ready, following)


def _shown(tx: Transaction, affected: _Affected, work: Sequence[int]) -> tuple[PlannedWork, ...]:
    """Return work as it is shown, with the records that each piece of it has to do with."""
    needs = {content_id: _needs(affected, content_id) for content_id in work}
    used = {content for needed in needs.values() for content in needed}
    made = {output for content_id in work for output in affected.outputs.get(content_id, ())}
    views = _views(tx, {*work, *used, *made})
    rows = {row.content_id: row for row in sql.contents_named(tx, used - affected.contents.keys())}
    affected.newest = {**affected.newest, **sql.newest_valid(tx, _records_of(rows.values()))}
    rows |= affected.contents
    flows = sql.flows_of_runs(tx, (views[one].run_id or "" for one in work))

    def use(content_id: int, role: Role) -> PlannedUse:
        view = views[content_id]
        newer = None if view.valid else affected.newer_version(rows[content_id])
        return PlannedUse(view, role, newer)

    return tuple(
        PlannedWork(
            record=views[content_id],
            flow_id=flows.get(views[content_id].run_id or ""),
            inputs=tuple(use(*needed) for needed in needs[content_id].items()),
            outputs=tuple(use(one, Role.GENERATED) for one in _outputs(affected, content_id)),
        )
        for content_id in work
    )


def _needs(affected: _Affected, content_id: int) -> dict[int, Role]:
    """Return what a piece of work was done with, in the order of recording."""
    is_step = Kind(affected.contents[content_id].kind).is_activity
    edges = affected.uses.get(content_id, ())
    return {
        edge.predecessor_id: Role(edge.role)
        for edge in sorted(edges, key=lambda edge: edge.predecessor_id)
        if not is_step or edge.role in _USES
    }


def _outputs(affected: _Affected, content_id: int) -> list[int]:
    return sorted(set(affected.outputs.get(content_id, ())))


def _records_of(rows: Iterable[ContentRow]) -> Iterator[int]:
    return (row.record_id for row in rows)


def _views(tx: Transaction, contents: Collection[int]) -> dict[int, RecordView]:
    """Return contents as they are described now."""
    versions = reading.describing_versions(tx, sorted(contents))
    views = views_of(tx, sorted(versions.values()))
    return {content_id: views[version_id] for content_id, version_id in versions.items()}
