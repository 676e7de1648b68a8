"""Why contents are invalid: the recalls that stand and reach them."""

from __future__ import annotations

from collections.abc import Iterable

from braid_db.model import NO_RUN, Reference
from braid_db.recall.views import InvalidInput
from braid_db.records.contents import Content, Contents
from braid_db.records.predecessors import check_origin
from braid_db.store import Transaction
from braid_db.store import standing as sql
from braid_db.views import RecordView


def standing_causes(
    tx: Transaction, contents: Iterable[Content], *, following_order: bool = False
) -> list[InvalidInput]:
    """Return why contents are invalid: one entry for each standing recall that reaches one.

    :param contents: as a call resolved them; each is named by the version that it was asked for.
    :param following_order: only recalls that follow the order of steps everywhere.
    :returns: in the order of the contents, then of the recalls; empty if all are valid.
    """
    asked = list(contents)
    found: dict[int, list[sql.CauseRow]] = {}
    for row in sql.causes_of(tx, [content.content_id for content in asked]):
        if row.follow_order or not following_order:
            found.setdefault(row.content_id, []).append(row)
    return [
        InvalidInput(
            record_id=content.entity.record_id,
            version=content.number,
            cause=row.cause,
            recall_id=row.recall_id,
        )
        for content in asked
        for row in found.get(content.content_id, ())
    ]


def causes_of_references(tx: Transaction, references: Iterable[Reference]) -> list[InvalidInput]:
    """Return why records are invalid: one entry for each standing recall that reaches one.

    :param references: what is asked about; what is named twice is told once.
    :raises BraidError: if one leads nowhere, or to another database.
    """
    wanted = list(dict.fromkeys(references))
    for reference in wanted:
        check_origin(reference, tx.database)
    contents = Contents(tx, NO_RUN)
    contents.ask(reference.record_id for reference in wanted)()
    named = [contents.of_reference(reference) for reference in wanted]
    asked = {(content.content_id, content.number): content for content in named}
    return standing_causes(tx, asked.values())


def causes_of_views(tx: Transaction, views: Iterable[RecordView]) -> list[InvalidInput]:
    """Return why versions that are shown are invalid: an entry for each standing recall of each.

    :returns: in the order of records, versions and recalls; empty if all are valid.
    """
    asked = [(view.record_id, view.version) for view in views if not view.valid]
    return [
        InvalidInput(record_id=record_id, version=number, cause=cause, recall_id=recall_id)
        for record_id, number, recall_id, cause in sql.causes_of_versions(tx, asked)
    ]
