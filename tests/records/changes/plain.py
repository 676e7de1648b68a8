"""The plain model: what each version of each record says, written out whole for every version."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.records.changes.happenings import Described, Tags, Value

Content = tuple[int, int]
"""A record and the number of the version that brought the content in."""


@dataclass(frozen=True)
class Version:
    content: int
    name: str
    tags: dict[str, tuple[Value, ...]]
    uris: tuple[str, ...]


@dataclass
class Plain:
    """All records, as a person would note them down.

    :ivar checksums: of contents, as far as they are known.
    """

    versions: dict[int, list[Version]] = field(default_factory=dict)
    checksums: dict[Content, str | None] = field(default_factory=dict)
    edges: set[tuple[Content, Content, str]] = field(default_factory=set)

    def copied(self) -> Plain:
        return copy.deepcopy(self)

    def add(self, record_id: int, name: str, uris: tuple[str, ...] = ()) -> Content:
        self.versions[record_id] = [Version(1, name, {}, uris)]
        self.checksums[record_id, 1] = None
        return record_id, 1

    def current(self, record_id: int) -> Version:
        return self.versions[record_id][-1]

    def content(self, record_id: int, number: int | None = None) -> Content:
        """Return the content that a version shows; the current one's where none is named."""
        return record_id, self.versions[record_id][-1 if number is None else number - 1].content

    def describe(self, record_id: int, change: Described, uris: Sequence[str]) -> Version:
        """Return the current version with a change made to it."""
        now = self.current(record_id)
        gone = {*change.removed, *(key for key, _ in change.tags)}
        tags = {key: now.tags[key] for key in now.tags if key not in gone}
        for key, value in change.tags:
            tags[key] = (*tags.get(key, ()), value)
        kept = now.uris if change.uris is None else tuple(uris[place] for place in change.uris)
        more = (uris[place] for place in change.more)
        return replace(
            now, name=change.name or now.name, tags=tags, uris=tuple(dict.fromkeys((*kept, *more)))
        )

    def next(self, record_id: int, version: Version) -> None:
        self.versions[record_id].append(version)

    def next_content(self, record_id: int, version: Version, sha256: str | None) -> Content:
        number = len(self.versions[record_id]) + 1
        self.next(record_id, replace(version, content=number))
        self.checksums[record_id, number] = sha256
        return record_id, number

    def read(self, record_id: int, sha256: str | None) -> Content:
        """Return the content that an input with a checksum means, as DESIGN says it."""
        now = self.content(record_id)
        known = self.checksums[now]
        if sha256 is None or sha256 == known:
            return now
        having = [
            number
            for (of, number), digest in self.checksums.items()
            if of == record_id and digest == sha256
        ]
        if having:
            return record_id, max(having)
        if known is not None:
            return self.next_content(record_id, self.current(record_id), sha256)
        self.checksums[now] = sha256
        return now

    def write(self, record_id: int) -> Content:
        """Return the content that a step wrote: the current one if nothing made or used it."""
        now = self.content(record_id)
        is_made = any(derived == now and role == "generated" for _, derived, role in self.edges)
        if is_made or any(predecessor == now for predecessor, _, _ in self.edges):
            return self.next_content(record_id, self.current(record_id), None)
        return now

    def enrich(self, record_id: int, tags: Tags, uris: Sequence[str]) -> None:
        """Add to the current version the keys and URIs that it does not have."""
        now = self.current(record_id)
        new = {key: (value,) for key, value in tags if key not in now.tags}
        merged = tuple(dict.fromkeys((*now.uris, *uris)))
        self.versions[record_id][-1] = replace(now, tags=now.tags | new, uris=merged)
