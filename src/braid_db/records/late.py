"""Activities that are told late: when those that came after them in their run have records already.

A flow that records itself may lose a record: the database is away for a minute, and the flow goes
on. Its log tells later what is missing. By then the current content of a file says nothing: a late
reader read what was there before others wrote it, and a late writer made what others have read
since. But a run's actions ran one after the other, and what each of them read and wrote is told by
its log. So for each file that a late activity names, the run itself says which content it means:

- It **read** what the last one before it in the run wrote; where none wrote it, what the last one
  read. Where the first to touch it is only known to have come after, it is the content before the
  one that was then written; if that was the record's first, a content is put before it.
- It **wrote** what those after it have read, up to the next one that wrote the same, if nothing
  else is known to have made that: the reader was recorded before the writer. Else its content is a
  new one, and those readers, who took an older content for the one that they read, are derived
  from the new one as well. What they are known to have read before stays, as recording never takes
  anything back: a recall may then reach too much, and never too little.
- A content that is put **before** others is no news: the record's next version stands for what
  was current before, so that whoever reads the file from then on reads what was written last.

What other runs did meanwhile is known by the times of their steps alone, and only to tell that
they read after the writer had ended. Where checksums are told they decide, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from braid_db.model import Role
from braid_db.store import recording as sql
from braid_db.store.statements import Row

if TYPE_CHECKING:
    from braid_db.records.contents import Content, Contents, Entity


class Neighbours(NamedTuple):
    """Who else in the run of a late activity has read or written one file.

    :param written_by: the last one before it that wrote the file.
    :param read_by: the last one before it that read it.
    :param readers: those after it that read it, up to the next one that wrote it; only those that
        were recorded before.
    :param next_writer: the first one after it that wrote it and was recorded before.
    """

    written_by: int | None = None
    read_by: int | None = None
    readers: frozenset[int] = frozenset()
    next_writer: int | None = None


class Late(NamedTuple):
    """What its run tells of an activity that is told late.

    :param files: the neighbours of each file that it names, by canonical URI.
    :param files_by_record: the same by the records of the files, once they are known.
    :param ended_at: when it ended itself, to compare those of other runs with.
    """

    files: Mapping[str, Neighbours] = {}
    files_by_record: Mapping[int, Neighbours] = {}
    ended_at: datetime | None = None

    def by_record(self, record_ids: Mapping[str, int]) -> Late:
        """Return the same by the records of the files.

        :param record_ids: by canonical URI.
        """
        known = {record_ids[uri]: near for uri, near in self.files.items() if uri in record_ids}
        return self._replace(files_by_record=known)


NOT_LATE = Late()


def find_read(contents: Contents, entity: Entity, sha256: str | None) -> Content | None:
    """Return the content that a late activity read; None where its run does not tell it."""
    near = contents.late.files_by_record.get(entity.record_id)
    if near is None:
        return None
    row = _touched_before(contents, entity, near)
    if row is not None:
        return contents.known(entity, row)
    made = _made_by(contents, entity, near.next_writer)
    if made is None:
        return None
    row = contents.tx.first(sql.CONTENT_BEFORE, entity.record_id, made[1])
    if row is not None:
        return contents.known(entity, row)
    return contents.content_before(entity, sha256)


def _touched_before(contents: Contents, entity: Entity, near: Neighbours) -> Row | None:
    if near.written_by is not None:
        return _made_by(contents, entity, near.written_by)
    if near.read_by is not None:
        row = contents.tx.first(sql.READ_BY, entity.record_id, near.read_by)
        return None if row is None else row[:3]
    return None


def _made_by(contents: Contents, entity: Entity, maker: int | None) -> Row | None:
    if maker is None:
        return None
    return contents.tx.first(sql.MADE_BY, entity.record_id, maker)


def is_overwritten(contents: Contents, entity: Entity) -> bool:
    """Return whether others are known to have written a file since a late activity did."""
    near = contents.late.files_by_record.get(entity.record_id)
    return near is not None and _made_by(contents, entity, near.next_writer) is not None


def find_unmade(contents: Contents, entity: Entity, sha256: str | None) -> Row | None:
    """Return the content that those after a late writer read and nothing made, if there is one.

    Its other readers have to be later too, as nobody reads what is not written yet.
    """
    near = contents.late.files_by_record.get(entity.record_id)
    if near is None or not near.readers:
        return None
    rows = contents.tx.rows(sql.READERS_OF_UNWRITTEN, entity.record_id)
    for (*content, known), found in groupby(rows, key=lambda row: row[:4]):
        readers = [row[4:] for row in found]
        may_be = sha256 is None or known in (None, sha256)
        is_read = any(reader in near.readers for reader, _ in readers)
        is_after = _is_after(near.readers, contents.late.ended_at)
        if may_be and is_read and all(is_after(*reader) for reader in readers):
            return tuple(content)
    return None


def _is_after(
    later: frozenset[int], ended_at: datetime | None
) -> Callable[[int, datetime | None], bool]:
    def is_after(record_id: int, started_at: datetime | None) -> bool:
        if record_id in later:
            return True
        return started_at is not None and ended_at is not None and started_at >= ended_at

    return is_after


def tell_readers(contents: Contents, made: Content) -> None:
    """Derive from what a late activity wrote all that is known to have read it."""
    near = contents.late.files_by_record.get(made.entity.record_id)
    for reader in sorted(near.readers) if near is not None else ():
        rows = contents.tx.rows(sql.READ_BY, made.entity.record_id, reader)
        if any(row[0] == made.content_id for row in rows):
            continue
        for old, _, _, role in rows[:1]:
            contents.tx.need_to_be_alone()
            for derived, way in _derived(contents, old, reader, Role(role)):
                contents.derive_unless_before(made, derived, way)


def _derived(
    contents: Contents, old: int, reader: int, role: Role
) -> Iterator[tuple[Content, Role]]:
    """Yield what a reader is known to have made of a content, and the reader itself first."""
    moved = contents.tx.rows(sql.MOVED_BY, old, reader) if role is Role.TRANSFERRED else []
    contents.ask([reader, *(record_id for _, _, record_id in moved)])()
    yield contents.current(contents.get(reader)), role
    for content_id, number, record_id in moved:
        yield contents.known(contents.get(record_id), (content_id, number, False)), Role.DERIVED
