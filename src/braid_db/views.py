"""What is shown of the nouns: answers, as every door gives them.

Apart from ``model.py`` because a worker that only records never needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from braid_db.lines import Lines, minute, tag_text, visible
from braid_db.model import Kind, Role

T = TypeVar("T")

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class RecordView:
    """One version of a record, as it is shown: what every door answers with.

    :param tags: by key; a list where a key has several values. NaN, infinities and what no double
        can hold stand as text, so that every view has a JSON form.
    :param versions: how many versions the record has.
    :param created_by: who made this version.
    :param created_at: when this version was recorded; times are ISO 8601 in UTC.
    """

    record_id: int
    version: int
    kind: Kind
    name: str
    uris: tuple[str, ...]
    tags: Mapping[str, object]
    run_id: str | None
    valid: bool
    uid: str
    sha256: str | None
    size_bytes: int | None
    created_by: str | None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    versions: int = 1

    def __str__(self) -> str:
        """Return it in one line, with nothing in it that could steer a terminal."""
        version = f" v{self.version}" if self.versions > 1 else ""
        invalid = "" if self.valid else " INVALID"
        return f"{self.kind} {self.record_id}{version} {visible(self.name)}{invalid}"


@dataclass(frozen=True, slots=True)
class VersionView(Lines):
    """One version of a record in its history.

    :param content: the number of the version that brought in the content which this one shows.
    :param author: who made it.
    :param created_at: when, as ISO 8601 in UTC.
    """

    record_id: int
    version: int
    content: int
    name: str
    author: str | None
    reason: str | None
    sha256: str | None
    size_bytes: int | None
    created_at: str
    valid: bool

    def lines(self) -> Iterator[str]:
        """Yield one line: which version of what, whose content it shows, by whom and why."""
        invalid = "" if self.valid else " INVALID"
        is_new = self.content == self.version
        content = "new content" if is_new else f"the content of version {self.content}"
        by = f" by {visible(self.author)}" if self.author else ""
        why = f": {visible(self.reason)}" if self.reason else ""
        place = f"record {self.record_id} v{self.version} {visible(self.name)}{invalid}"
        yield f"{place}, {content}, {minute(self.created_at)} UTC{by}{why}"


@dataclass(frozen=True, slots=True)
class StateFile:
    """One file that holds a state of a model.

    :param framework: what can read it, as in ``pytorch 2.5``.
    """

    uri: str
    sha256: str | None = None
    size_bytes: int | None = None
    framework: str | None = None

    def __str__(self) -> str:
        """Return it in one line, with nothing in it that could steer a terminal."""
        size = None if self.size_bytes is None else f"{self.size_bytes:,} bytes"
        sha256 = None if self.sha256 is None else f"sha256 {self.sha256}"
        known = ", ".join(filter(None, (self.framework, size, sha256)))
        return visible(f"{self.uri} ({known})" if known else self.uri)


@dataclass(frozen=True, slots=True)
class Difference(Lines):
    """What one version of a record says otherwise than another.

    :param name: before and after; None where it is the same, as with the next four.
    :param uris: all of them before and after, in their order, as the first identifies a record.
    :param files: those that hold a model's state, before and after.
    :param tags: the values of each key that differs, before and after; empty for none.
    """

    record_id: int
    from_version: int
    to_version: int
    same_content: bool
    name: tuple[str, str] | None
    sha256: tuple[str | None, str | None] | None
    size_bytes: tuple[int | None, int | None] | None
    uris: tuple[tuple[str, ...], tuple[str, ...]] | None
    files: tuple[tuple[StateFile, ...], tuple[StateFile, ...]] | None
    tags: Mapping[str, tuple[tuple[object, ...], tuple[object, ...]]]

    def lines(self) -> Iterator[str]:
        """Yield what is compared, then what is taken away (``-``) and what comes (``+``)."""
        content = "the same content" if self.same_content else "another content"
        versions = f"version {self.from_version} to {self.to_version}"
        yield f"record {self.record_id}, {versions}: {content}"
        for label in ("name", "sha256", "size_bytes"):
            if (pair := getattr(self, label)) is not None:
                yield from _sides(label, *([] if one is None else [str(one)] for one in pair))
        for key, values in self.tags.items():
            yield from _sides(f"tag {key}", *([tag_text(one) for one in side] for side in values))
        for label, ordered in (("uri", self.uris), ("state file", self.files)):
            if ordered is not None:
                yield from _sides(label, *_moved(*ordered))


def _moved(before: Sequence[object], after: Sequence[object]) -> Iterator[list[str]]:
    """Yield what is gone and what came; all of it where its order is another."""
    here = [one for one in before if one in after]
    there = [one for one in after if one in before]
    stay = here if here == there else ()
    for side in (before, after):
        yield [str(one) for one in side if one not in stay]


def _sides(label: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield what is taken away and what comes in its place, a line each."""
    for sign, side in (("-", before), ("+", after)):
        yield from (f"{sign} {visible(label)}  {visible(one)}" for one in side)


@dataclass(frozen=True, slots=True)
class StateView:
    """One state of a model: a content, as it is described, and the files that hold it.

    :param record: the version that was asked for; else the newest that has this content. How good
        the state is, its tags say.
    """

    record: RecordView
    files: tuple[StateFile, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """One derivation between two contents, each named by the version that stands for it.

    That is the version that the answer shows of the content, so that edges and records can be
    joined.
    """

    predecessor_id: int
    predecessor_version: int
    derived_id: int
    derived_version: int
    role: Role


@dataclass(frozen=True, slots=True)
class LineageNode:
    """One content of a lineage, with its distance in derivations from where it was asked."""

    record: RecordView
    distance: int


class Direction(StrEnum):
    """Which way a lineage is followed: to ancestors, to descendants, or both ways."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Lineage:
    """All ancestors or all descendants of one version, nearest first, and the edges between.

    :param edges: those whose two ends are shown; where kinds were chosen, what led through
        others is not among them.
    :param is_cut: whether more lies beyond the depth that was asked for.
    :param total: how many records there are, of which the nearest are shown.
    """

    start: RecordView
    direction: Direction
    nodes: tuple[LineageNode, ...] = ()
    edges: tuple[Edge, ...] = ()
    is_cut: bool = False
    total: int = 0


@dataclass(frozen=True, slots=True)
class PathStep:
    """One record on the way from another to what came from it.

    :param role: how it came from the one before; None for the first.
    """

    record: RecordView
    role: str | None


@dataclass(frozen=True, slots=True)
class CommonAncestor:
    """What two records both came from, and how many derivations lie between."""

    record: RecordView
    distance: int
    other_distance: int


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step or transfer that led to something.

    :param used: what went into it, the steps among it that it builds on.
    :param made: what it made of what led there.
    """

    step: RecordView
    used: tuple[RecordView, ...]
    made: tuple[RecordView, ...]


@dataclass(frozen=True, slots=True)
class Explanation(Lines):
    """How a record came about; it prints as a story.

    :param given: what nothing recorded led to: where it all began.
    :param steps: each after those that it builds on.
    :param derived: what came from what without a step: predecessor, derived record and role.
    :param hidden: how many records that lie farther away led to these, and are not told of.
    """

    record: RecordView
    given: tuple[RecordView, ...]
    steps: tuple[ToldStep, ...]
    derived: tuple[tuple[RecordView, RecordView, Role], ...]
    hidden: int = 0

    def lines(self) -> Iterator[str]:
        """Yield what was given, then each step with what it used and made of what led there."""
        yield str(self.record)
        if self.given:
            yield from ["", "It began with"]
            yield from (f"  {one}" for one in self.given)
        for number, one in enumerate(self.steps, 1):
            yield from ["", f"{number}. {one.step}"]
            yield from _named("used", one.used)
            yield from _named("made", one.made)
        if self.derived:
            yield from ["", "Derived directly"]
            yield from (f"  {one}  from  {source}" for source, one, _ in self.derived)
        if not self.steps and not self.derived:
            yield from ["", "Nothing is recorded that led to it."]
        if self.hidden:
            yield from ["", f"{self.hidden:,} records that lie farther away are left out."]


def _named(what: str, records: Sequence[RecordView]) -> Iterator[str]:
    """Yield a line for each record; of many only the first ones, and how many there are."""
    yield from (f"   {what} {one}" for one in records[:_MOST_NAMED])
    if len(records) > _MOST_NAMED:
        yield f"   {what} {len(records) - _MOST_NAMED:,} more"


@dataclass(frozen=True, slots=True)
class RunView:
    """One execution of a flow and how much of it is recorded."""

    run_id: str
    flow_id: str | None
    started_by: str | None
    created_at: str
    records: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The part of a list that is shown.

    :param total: how many there are, the shown ones included.
    """

    items: tuple[T, ...]
    total: int

    @property
    def hidden(self) -> int:
        """How many are not shown."""
        return self.total - len(self.items)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The part of the records that a search found which is shown.

    How many there are in all is not said: counting a million of them would cost more than to show
    a page. Ask for the count where it is wanted.

    :param next: what to search after for the next page; None on the last one.
    """

    items: tuple[RecordView, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What a database says of itself.

    :param url: where it is, without a password.
    :param records: how many there are of each kind.
    :param standing_recalls: recalls that were not taken back.
    """

    url: str
    uid: str
    schema: str
    size_bytes: int
    records: Mapping[str, int]
    versions: int
    derivations: int
    runs: int
    standing_recalls: int
