"""What the reading side asks of the tables: records as they are shown, runs, and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, column, exists, func, literal_column, select

from braid_db.store.edges import each_id, in_groups, listed
from braid_db.store.statements import Row, Statement
from braid_db.store.tables import (
    DETAILS,
    alembic_version,
    derivation,
    late_detail,
    recall,
    record,
    run,
    tag,
    uri,
    version,
)
from braid_db.store.transaction import Transaction
from braid_db.store.types import UtcTime
from braid_db.store.validity import is_invalid

# SQLite takes 32,766 parameters and PostgreSQL 65,535; beyond a thousand nothing is gained.
_AT_ONCE = 1000

_content = version.alias("content")
_current = version.alias("current")
_earlier = version.alias("earlier")
_asked = each_id("asked")


class VersionRow(NamedTuple):
    """One version of a record with what its record and its content say."""

    version_id: int
    record_id: int
    number: int
    content_id: int
    name: str
    author: str | None
    created_at: datetime
    kind: str
    uid: str
    run_id: str | None
    sha256: str | None
    size_bytes: int | None
    started_at: datetime | None
    ended_at: datetime | None
    versions: int
    is_invalid: bool


class RunRow(NamedTuple):
    """One execution of a flow, and how many records were made in it."""

    run_id: str
    flow_id: str | None
    started_by: str | None
    created_at: datetime
    records: int


_KEYS = select(version.c.version_id, version.c.content_id)

CURRENT_VERSION = Statement(
    _KEYS.join(record, record.c.current_version_id == version.c.version_id).where(
        record.c.record_id == bindparam("id")
    ),
    "id",
)
"""The ids of the current version of a record and of its content; so the next one."""

VERSION_BY_NUMBER = Statement(
    _KEYS.where(version.c.record_id == bindparam("id"), version.c.number == bindparam("number")),
    "id",
    "number",
)

SCHEMA = Statement(select(alembic_version.c.version_num))

COUNT_BY_KIND = Statement(
    select(record.c.kind, func.count()).group_by(record.c.kind).order_by(record.c.kind)
)

_COUNTED = {
    "versions": select(func.count()).select_from(version),
    "derivations": select(func.count()).select_from(derivation),
    "runs": select(func.count()).select_from(run),
    "standing_recalls": (
        select(func.count()).select_from(recall).where(recall.c.reinstated_at.is_(None))
    ),
}

SIZE_BYTES = {
    "sqlite": Statement(
        select(column("page_count") * column("page_size")).select_from(
            func.pragma_page_count().table_valued("page_count"),
            func.pragma_page_size().table_valued("page_size"),
        )
    ),
    "postgresql": Statement(select(func.pg_database_size(func.current_database()))),
}
"""How large a database is, in bytes, by the kind of database."""


def _versions(as_of: Any = None) -> Select[Any]:
    """Return the query for versions as they are, or as they were at a time."""
    newest: Any = _current.c.number
    if as_of is not None:
        newest = (
            select(func.max(_earlier.c.number))
            .where(_earlier.c.record_id == version.c.record_id, _earlier.c.created_at <= as_of)
            .scalar_subquery()
        )
    return (
        select(
            version.c.version_id,
            version.c.record_id,
            version.c.number,
            version.c.content_id,
            version.c.name,
            version.c.author,
            version.c.created_at,
            record.c.kind,
            record.c.uid,
            record.c.run_id,
            *(_known(_content.c[detail.name], as_of) for detail in DETAILS),
            newest.label("versions"),
            is_invalid(version.c.content_id, as_of).label("is_invalid"),
        )
        .select_from(_asked)
        .join(version, version.c.version_id == _asked.c.id)
        .join(record, record.c.record_id == version.c.record_id)
        .join(_content, _content.c.version_id == version.c.content_id)
        .join(_current, _current.c.version_id == record.c.current_version_id)
    )


def _known(detail: Any, as_of: Any) -> Any:
    """Return a detail of a content, if it was known at a time."""
    if as_of is None:
        return detail
    told_later = exists().where(
        late_detail.c.version_id == _content.c.version_id,
        late_detail.c.detail == literal_column(f"'{detail.name}'"),
        late_detail.c.created_at > as_of,
    )
    return case((~told_later, detail)).label(detail.name)


def _uris(as_of: Any = None) -> Select[Any]:
    return (
        select(version.c.version_id, uri.c.uri)
        .select_from(_asked)
        .join(version, version.c.version_id == _asked.c.id)
        .join(uri, _holds(uri, as_of))
        .order_by(version.c.version_id, uri.c.position, uri.c.uri_id)
    )


def _tags(as_of: Any = None) -> Select[Any]:
    return (
        select(version.c.version_id, tag.c.key, tag.c.type, tag.c.value)
        .select_from(_asked)
        .join(version, version.c.version_id == _asked.c.id)
        .join(tag, _holds(tag, as_of))
        .order_by(version.c.version_id, tag.c.tag_id)
    )


def _later_versions(as_of: Any = None) -> Select[Any]:
    """Return the query for the versions that have a content and did not bring it, newest last."""
    query = (
        select(version.c.content_id, version.c.version_id)
        .select_from(_asked)
        .join(version, version.c.content_id == _asked.c.id)
        .where(version.c.content_id != version.c.version_id)
        .order_by(version.c.number)
    )
    return query if as_of is None else query.where(version.c.created_at <= as_of)


def _holds(table: Any, as_of: Any = None) -> Any:
    """Return the condition that a tag or URI holds in a version, and did at a time."""
    holds = (
        (table.c.record_id == version.c.record_id)
        & (table.c.since <= version.c.number)
        & (table.c.until.is_(None) | (table.c.until > version.c.number))
    )
    return holds if as_of is None else holds & (table.c.created_at <= as_of)


class _Dated:
    """One question about any number of ids, asked as of today or as of a time.

    :param query: makes it; given the time where there is one.
    """

    def __init__(self, query: Callable[..., Select[Any]]) -> None:
        self._now = Statement(query(), "asked")
        self._then = Statement(query(bindparam("as_of", type_=UtcTime)), "asked", "as_of")

    def rows(self, tx: Transaction, ids: Sequence[int], as_of: datetime | None) -> Iterator[Row]:
        for group in in_groups(ids):
            if as_of is None:
                yield from tx.rows(self._now, listed(group))
            else:
                yield from tx.rows(self._then, listed(group), as_of)


_VERSIONS, _URIS, _TAGS = _Dated(_versions), _Dated(_uris), _Dated(_tags)
_LATER_VERSIONS = _Dated(_later_versions)


def in_parts(tx: Transaction, query: Select[Any], key: Any, ids: Sequence[Any]) -> Iterator[Row]:
    """Yield the rows of a query for a list of ids of any length."""
    for start in range(0, len(ids), _AT_ONCE):
        yield from tx.select(query.where(key.in_(ids[start : start + _AT_ONCE])))


def version_rows(
    tx: Transaction, version_ids: Sequence[int], as_of: datetime | None = None
) -> dict[int, VersionRow]:
    """Return versions by their ids.

    :param as_of: what was so at a time: whether they were valid, and how many there were.
    """
    return {row[0]: VersionRow(*row) for row in _VERSIONS.rows(tx, version_ids, as_of)}


def uri_rows(
    tx: Transaction, version_ids: Sequence[int], as_of: datetime | None = None
) -> Iterator[Row]:
    """Yield ``(version_id, uri)`` for the URIs that hold in versions, in their order."""
    return _URIS.rows(tx, version_ids, as_of)


def tag_rows(
    tx: Transaction, version_ids: Sequence[int], as_of: datetime | None = None
) -> Iterator[Row]:
    """Yield ``(version_id, key, type, value)`` for the tags that hold in versions."""
    return _TAGS.rows(tx, version_ids, as_of)


def describing_versions(
    tx: Transaction, content_ids: Iterable[int], as_of: datetime | None = None
) -> dict[int, int]:
    """Return the version that shows each content: the newest that has it.

    An edit and a restore count alike. What a restore made current again is described by it from
    then on: it has what is added or edited afterwards, and a recall's tags and URIs mean it too.

    :param as_of: the one that did so at a time.
    """
    wanted = list(content_ids)
    later = _LATER_VERSIONS.rows(tx, wanted, as_of)
    return {content_id: content_id for content_id in wanted} | dict(later)


def list_runs(tx: Transaction, limit: int | None) -> tuple[list[RunRow], int]:
    """Return the newest runs, and how many there are."""
    rows = tx.select(_runs().order_by(run.c.created_at.desc(), run.c.run_id).limit(limit))
    return [RunRow(*row) for row in rows], _total(tx, select(run.c.run_id), len(rows), limit)


def find_run(tx: Transaction, run_id: str) -> RunRow | None:
    """Return one run; None where it is not recorded."""
    rows = tx.select(_runs().where(run.c.run_id == run_id))
    return RunRow(*rows[0]) if rows else None


def count_rows(tx: Transaction) -> dict[str, int]:
    """Return how many versions, derivations, runs and standing recalls there are."""
    return {what: tx.select(query)[0][0] for what, query in _COUNTED.items()}


def _runs() -> Select[Any]:
    in_run = select(func.count()).where(record.c.run_id == run.c.run_id).scalar_subquery()
    return select(*(run.c[name] for name in RunRow._fields[:4]), in_run.label("records"))


def _total(tx: Transaction, query: Select[Any], shown: int, limit: int | None) -> int:
    """Return how many rows a query has, which is known where all of them are shown."""
    if limit is None or shown < limit:
        return shown
    counted = tx.select(select(func.count()).select_from(query.subquery()))
    return int(counted[0][0])
