"""What a recall is aimed at: records, a tag's value, a URI or a run, resolved to contents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from braid_db.model import Reference, Tag


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be recalled: all that any of these selects.

    A record with more than one content needs a version, ``all_versions`` or a time, as the wrong
    content may not be the newest. Recorded in a time are contents that came in then, whatever
    the number of their record's contents.

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
