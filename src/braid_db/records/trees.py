"""Adding records together with what was derived from them, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from braid_db.identity import IdentityRules
from braid_db.model import NO_REFERENCES, Definition, References, RunContext
from braid_db.records.adding import link, tell_or_make
from braid_db.records.contents import Content
from braid_db.records.objects import values_of_tags
from braid_db.records.predecessors import Predecessors, ids_of
from braid_db.records.recorder import Recorder
from braid_db.records.views import get_record
from braid_db.store import Transaction
from braid_db.store.statements import Row
from braid_db.views import RecordView

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput


class Node(NamedTuple):
    """One record to be added.

    :param parent: the place in the list of the one that it was derived from; an earlier one.
    :param derived_from: other records that it was derived from.
    """

    said: Definition
    parent: int | None = None
    derived_from: References = NO_REFERENCES


class Added(NamedTuple):
    """One record that was added, as it is now.

    :param tags: key, type and text of each value.
    :param causes: the recalls that it was born into.
    """

    view: RecordView
    tags: Sequence[Row]
    causes: Sequence[InvalidInput]


def add_tree(
    tx: Transaction,
    rules: IdentityRules,
    context: RunContext,
    nodes: Sequence[Node],
    *,
    mark_missing: bool = False,
) -> list[Added]:
    """Add records, each after what it was derived from, and return them in the same order.

    :param mark_missing: whether references that lead nowhere are noted instead of refused.
    :raises BraidError: if one of them cannot be recorded; nothing is written then.
    """
    recorder = Recorder(tx, rules, context)
    said = [node.said for node in nodes]
    recorder.prepare(said, inputs=said, changed=ids_of(*(node.derived_from for node in nodes)))
    added: list[Content] = []
    for node in nodes:
        content = tell_or_make(recorder, node.said)
        earlier = Predecessors(recorder, mark=mark_missing)
        earlier.read(node.derived_from)
        sources = [added[node.parent]] if node.parent is not None else []
        for source in [*sources, *earlier.contents(node.derived_from)]:
            content = link(recorder, source, content)
        recorder.descriptions.add_new_tags(content.entity, earlier.tags())
        added.append(content)
    recorder.derive_from_folders()
    recorder.contents.spread_invalid(added)
    return [_added(tx, content) for content in added]


def _added(tx: Transaction, content: Content) -> Added:
    record_id, number = content.entity.record_id, content.number
    view = get_record(tx, record_id, number)
    tags = list(values_of_tags(tx, record_id, number))
    if view.valid:
        return Added(view, tags, ())
    from braid_db.recall.causes import standing_causes  # Needed by no other call.

    return Added(view, tags, standing_causes(tx, [content]))
