"""What a recall is aimed at: records, a tag's value, a URI or a run, resolved to contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from braid_db.errors import InvalidArgument, shown
from braid_db.identity import IdentityRules, digest
from braid_db.model import Reference, Tag, TagType
from braid_db.recall.errors import AmbiguousContent, NothingToRecall
from braid_db.records.predecessors import check_origin
from braid_db.records.views import get_run, get_version_id, iso
from braid_db.store import Transaction, reading
from braid_db.store import selections as sql
from braid_db.store.recording import FIND_IDENTITY
from braid_db.store.selections import ContentRow

DEFAULT_RULES = IdentityRules()


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be recalled: all that any of these selects.

    A record with more than one content that fits needs a version, ``all_versions`` or a time, as
    the wrong content may not be the newest. In a time are the contents that were recorded then.

    Of what tags and runs select, only that gets a recall which nothing else of it leads to; these
    recalls reach the rest.

    :param records: records by id, with the version that is meant where it is known.
    :param tags: contents that are described by one of these values of a tag.
    :param uris: what goes by one of these URIs.
    :param runs: what the steps and transfers of these runs did; what they only used is not meant.
    :param since: the beginning of the time, aware; open where it is None.
    :param until: its end, aware, which is not in it.
    """

    records: tuple[Reference, ...] = ()
    tags: tuple[Tag, ...] = ()
    uris: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    all_versions: bool = False
    since: datetime | None = None
    until: datetime | None = None


def resolve(
    tx: Transaction, targets: Targets, rules: IdentityRules, *, follow_order: bool
) -> list[int]:
    """Return the contents that are to be recalled, each by a recall of its own, in their order.

    :raises AmbiguousContent: if a record has more than one content that fits, and none is chosen.
    :raises NothingToRecall: if nothing fits a target.
    :raises BraidError: if a target does not exist.
    """
    check(targets)
    named = set(_named(tx, targets)) | set(_by_uris(tx, targets, rules))
    selected = set(_by_tags(tx, targets)) | set(_by_runs(tx, targets))
    below = _below(tx, named | selected, selected, follow_order=follow_order)
    return sorted(named | (selected - below))


def check(targets: Targets) -> None:
    """Refuse targets that name nothing at all, or times that may mean any hour.

    :raises InvalidArgument: if they do.
    """
    if not (targets.records or targets.tags or targets.uris or targets.runs):
        raise InvalidArgument("targets", "empty", "a record, a tag's value, a URI or a run")
    for name in ("since", "until"):
        time = getattr(targets, name)
        if time is not None and time.tzinfo is None:
            raise InvalidArgument(name, f"{time}, a time in no time zone", "one with its zone")


def _below(
    tx: Transaction, contents: Iterable[int], selected: set[int], *, follow_order: bool
) -> set[int]:
    """Return what recalls of contents would reach besides, where anything was selected."""
    ordered = sorted(contents)
    if not selected or len(ordered) < 2:
        return set()
    return sql.find_below(tx, ordered, follow_order=follow_order)


def _named(tx: Transaction, targets: Targets) -> Iterator[int]:
    """Yield the contents of records that are named by their ids."""
    for reference in targets.records:
        check_origin(reference, tx.database)
        record_id, version = reference.record_id, reference.version
        version_id = get_version_id(tx, record_id, version)
        if version is not None:
            yield content_of(tx, version_id)
        else:
            rows = sql.contents_of_records(tx, [record_id])
            yield from _chosen(targets, rows, f"record {record_id} in the time that was given")


def content_of(tx: Transaction, version_id: int) -> int:
    """Return the content that a version stands for."""
    return reading.version_rows(tx, [version_id])[version_id].content_id


def _by_uris(tx: Transaction, targets: Targets, rules: IdentityRules) -> Iterator[int]:
    for uri in targets.uris:
        told = PurePath(uri).as_uri() if uri.startswith("/") else uri
        canonical = rules.canonical(told)
        found = tx.rows(FIND_IDENTITY, digest(canonical)) if canonical else []
        rows = sql.contents_of_records(tx, [record_id for (record_id,) in found])
        rows += sql.contents_with_uri(tx, list({told, canonical or told}))
        yield from _chosen(targets, rows, f"the URI {shown(uri)}")


def _by_tags(tx: Transaction, targets: Targets) -> Iterator[int]:
    for wanted in targets.tags:
        rows = [
            row
            for row, kind, text in sql.contents_with_tag(tx, wanted)
            if wanted.is_same_value(Tag(wanted.key, TagType(kind), text))
        ]
        yield from _chosen(targets, rows, f"the tag {shown(wanted.key)} = {shown(wanted.text)}")


def _by_runs(tx: Transaction, targets: Targets) -> Iterator[int]:
    for run_id in targets.runs:
        get_run(tx, run_id)
        rows = sql.activities_of_run(tx, run_id)
        yield from _chosen(targets, rows, f"the steps and transfers of run {shown(run_id)}")


def _chosen(targets: Targets, rows: Iterable[ContentRow], wanted: str) -> Iterator[int]:
    """Yield the contents of each record that are meant.

    :param wanted: what selected them, for a person to read.
    """
    fitting = _by_record(row for row in rows if _is_in_time(targets, row.created_at))
    if not fitting:
        raise NothingToRecall(wanted)
    is_chosen = targets.all_versions or targets.since or targets.until
    for record_id, contents in fitting.items():
        if len(contents) > 1 and not is_chosen:
            numbers = [(row.number, iso(row.created_at)) for row in contents]
            raise AmbiguousContent(record_id, numbers)
        yield from (row.content_id for row in contents)


def _by_record(rows: Iterable[ContentRow]) -> Mapping[int, Sequence[ContentRow]]:
    found: dict[int, list[ContentRow]] = {}
    for row in sorted(set(rows)):
        found.setdefault(row.record_id, []).append(row)
    return found


def _is_in_time(targets: Targets, time: datetime) -> bool:
    is_early = targets.since is not None and time < targets.since
    return not (is_early or (targets.until is not None and time >= targets.until))
