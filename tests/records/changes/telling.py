"""Tells what happens to the database by its use cases, and to the plain model."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import select

from braid_db.model import Definition, Kind, Reference, References
from braid_db.records import versions as use_cases
from braid_db.records.described import Change
from braid_db.records.errors import HasOneContent
from braid_db.records.steps import StepToRecord, record_step
from braid_db.records.views import views_of
from braid_db.steps.tags import read_tag, read_tags
from braid_db.store import Store, Transaction
from braid_db.store.tables import derivation, version
from tests.records.changes.happenings import (
    URIS,
    Described,
    Edit,
    Happening,
    Read,
    Restore,
    Update,
    Write,
)
from tests.records.changes.plain import Plain
from tests.records.versions import RULES

T = TypeVar("T")

KINDS = (Kind.MODEL, Kind.STATEMENT)

_histories = itertools.count(1)


@dataclass(frozen=True)
class Seen:
    """What is read of all versions of the records, and what came from what, at one moment."""

    versions: dict[int, list[tuple[Any, ...]]]
    edges: frozenset[tuple[Any, ...]]


@dataclass
class Moment:
    """What was there before and after something happened, and what the plain model says.

    :ivar record: the record that it happened to.
    :ivar answer: what the use case answered; None of a step, and of what was refused.
    """

    happening: Happening
    record: int
    before: Seen
    after: Seen
    plain_before: Plain
    plain: Plain
    answer: use_cases.Written | None


@dataclass
class Within:
    """An open transaction, for those who ask a database for one for each call."""

    tx: Transaction

    def read(self, work: Callable[[Transaction], T]) -> T:
        return work(self.tx)

    def write(self, work: Callable[[Transaction], T]) -> T:
        return work(self.tx)


@dataclass
class Telling:
    """One history as it is told.

    :ivar records: a model, a statement, and the step that made the model.
    """

    store: Store | Within
    prefix: str
    records: list[int] = field(default_factory=list)
    plain: Plain = field(default_factory=Plain)
    moments: list[Moment] = field(default_factory=list)

    def uris(self, record_id: int) -> list[str]:
        return [f"{self.prefix}/{record_id}/{place}" for place in URIS]

    def known_as(self, record_id: int) -> str:
        """Return the URI that flows know a record by."""
        return f"{self.prefix}/{self.records.index(record_id)}"

    def look(self) -> Seen:
        return self.store.read(lambda tx: look(tx, list(self.plain.versions)))


def tell(store: Store | Within, history: Iterable[Happening]) -> Telling:
    """Tell a history of a model and a statement that steps made."""
    telling = Telling(store, f"file://host/history-{next(_histories):06d}")
    _begin(telling)
    seen = telling.look()
    for happening in history:
        before, earlier = seen, telling.plain.copied()
        record_id = _picked(telling, happening)
        answer = _TOLD[type(happening)](telling, record_id, happening)
        seen = telling.look()
        telling.moments.append(
            Moment(happening, record_id, before, seen, earlier, telling.plain.copied(), answer)
        )
    return telling


def _begin(telling: Telling) -> None:
    for place, kind in enumerate(KINDS):
        uri = f"{telling.prefix}/{place}"
        step_id, record_id = _step(telling, made=Definition("thing", kind, (uri,)))
        telling.records.append(record_id)
        made = telling.plain.add(record_id, "thing", (uri,))
        telling.plain.edges.add(((step_id, 1), made, "generated"))
    telling.records.append(step_id)
    telling.plain.add(step_id, "step")


def _picked(telling: Telling, happening: Happening) -> int:
    is_by_step = isinstance(happening, Read | Write)
    among = telling.records[: len(KINDS)] if is_by_step else telling.records
    return among[happening.record % len(among)]


def _edit(telling: Telling, record_id: int, told: Edit) -> use_cases.Written:
    plain, uris = telling.plain, telling.uris(record_id)
    after = plain.describe(record_id, told.change, uris)
    if not _alike(after, plain.current(record_id)):
        plain.next(record_id, after)
    change = _change(told.change, uris)
    return telling.store.write(lambda tx: use_cases.edit_record(tx, RULES, record_id, change))


def _update(telling: Telling, record_id: int, told: Update) -> use_cases.Written | None:
    uris = telling.uris(record_id)
    sources = [_source(telling, *source) for source in told.sources]
    based_on = _number(telling, record_id, told.based_on)
    is_step = record_id not in telling.records[: len(KINDS)]
    if not is_step:
        _revise(telling, record_id, told, sources, based_on)
    try:
        return telling.store.write(
            lambda tx: use_cases.update_record(
                tx,
                RULES,
                record_id,
                change=_change(told.change, uris),
                sha256=told.sha256,
                derived_from=sources,
                based_on=based_on,
                correction=told.is_correction,
            )
        )
    except HasOneContent:
        assert is_step
        return None


def _revise(
    telling: Telling,
    record_id: int,
    told: Update,
    sources: Iterable[Reference],
    based_on: int | None,
) -> None:
    plain = telling.plain
    contents = [plain.content(source.record_id, source.version) for source in sources]
    base = plain.content(record_id, based_on)
    after = plain.describe(record_id, told.change, telling.uris(record_id))
    made = plain.next_content(record_id, after, told.sha256)
    for content in contents:
        is_step = content[0] not in telling.records[: len(KINDS)]
        plain.edges.add((content, made, "generated" if is_step else "derived"))
    if not told.is_correction:
        plain.edges.add((base, made, "revision"))


def _restore(telling: Telling, record_id: int, told: Restore) -> use_cases.Written:
    plain, number = telling.plain, _number(telling, record_id, told.version)
    assert number is not None
    old = plain.versions[record_id][number - 1]
    if not _alike(old, plain.current(record_id)):
        plain.next(record_id, old)
    return telling.store.write(lambda tx: use_cases.restore_version(tx, record_id, number))


def _read(telling: Telling, record_id: int, told: Read) -> None:
    plain, uris = telling.plain, telling.uris(record_id)
    said = (telling.known_as(record_id), *(uris[place] for place in told.uris))
    definition = Definition(None, None, said, read_tags("", dict(told.tags)), told.sha256)
    content = plain.read(record_id, told.sha256)
    if content == plain.content(record_id):
        plain.enrich(record_id, told.tags, said)
    step_id, _ = _step(telling, used=definition)
    plain.edges.add((content, (step_id, 1), "used"))


def _write(telling: Telling, record_id: int, told: Write) -> None:
    plain = telling.plain
    inputs = [telling.records[place % len(KINDS)] for place in told.inputs]
    used = [plain.content(one) for one in inputs]
    said = Definition(
        told.name, None, (telling.known_as(record_id),), read_tags("", dict(told.tags))
    )
    step_id, _ = _step(telling, *inputs, made=said)
    plain.edges |= {(content, (step_id, 1), "used") for content in used}
    before = plain.content(record_id)
    made = plain.write(record_id)
    plain.edges.add(((step_id, 1), made, "generated"))
    _tell(plain, record_id, told, is_new=made != before)
    plain.enrich(record_id, told.tags, said.uris)


def _tell(plain: Plain, record_id: int, told: Write, *, is_new: bool) -> None:
    """Let a writer describe what it wrote; a new content is described in its own version."""
    now = plain.current(record_id)
    other = [
        (key, value)
        for key, value in told.tags
        if key in now.tags and _text(value) not in map(_text, now.tags[key])
    ]
    after = plain.describe(record_id, Described(told.name, tuple(other)), ())
    if is_new:
        plain.versions[record_id][-1] = after
    elif not _alike(now, after):
        plain.next(record_id, after)


_TOLD: dict[type, Any] = {
    Edit: _edit,
    Update: _update,
    Restore: _restore,
    Read: _read,
    Write: _write,
}


def _step(
    telling: Telling, *inputs: int, used: Definition | None = None, made: Definition | None = None
) -> tuple[int, int]:
    told = StepToRecord(
        Definition("step", Kind.STEP),
        inputs=References(tuple(map(Reference, inputs))),
        used=() if used is None else (used,),
        made=() if made is None else (made,),
    )
    result: Any = telling.store.write(lambda tx: record_step(tx, RULES, told))
    step_id = result["flow_state_record_id"]
    return step_id, next(iter(result["output_record_ids"]), 0)


def _number(telling: Telling, record_id: int, picked: int | None) -> int | None:
    count = len(telling.plain.versions[record_id])
    return None if picked is None else picked % count + 1


def _source(telling: Telling, picked: int, version_picked: int | None) -> Reference:
    record_id = telling.records[picked % len(telling.records)]
    return Reference(record_id, _number(telling, record_id, version_picked))


def _change(said: Described, uris: list[str]) -> Change:
    return Change(
        name=said.name,
        tags=tuple(read_tag(key, value) for key, value in said.tags) or None,
        remove_tags=said.removed,
        uris=None if said.uris is None else tuple(uris[place] for place in said.uris),
        add_uris=tuple(uris[place] for place in said.more),
    )


def _alike(one: Any, other: Any) -> bool:
    return as_read(one, None) == as_read(other, None)


def _text(value: object) -> str:
    return json.dumps(value)


def as_read(said: Any, sha256: str | None) -> tuple[Any, ...]:
    """Return what a version of the plain model says, in the form in which versions are read."""
    shown = {key: values[0] if len(values) == 1 else values for key, values in said.tags.items()}
    return said.content, said.name, said.uris, sha256, _tags(shown)


def _tags(tags: Any) -> tuple[tuple[str, str], ...]:
    return tuple((key, _text(tags[key])) for key in sorted(tags))


def look(tx: Transaction, record_ids: list[int]) -> Seen:
    """Read all versions of records."""
    found = tx.select(
        select(version.c.version_id, version.c.record_id, version.c.number, version.c.content_id)
        .where(version.c.record_id.in_(record_ids))
        .order_by(version.c.record_id, version.c.number)
    )
    node = {row[0]: (row[1], row[2]) for row in found}
    views = views_of(tx, [row[0] for row in found])
    seen: dict[int, list[tuple[Any, ...]]] = {}
    for version_id, record_id, _, content_id in found:
        one = views[version_id]
        read = (node[content_id][1], one.name, one.uris, one.sha256, _tags(one.tags))
        seen.setdefault(record_id, []).append(read)
    before, after = version.alias(), version.alias()
    edges = tx.select(
        select(
            *(before.c.record_id, before.c.number),
            *(after.c.record_id, after.c.number),
            derivation.c.role,
        )
        .join(before, before.c.version_id == derivation.c.predecessor_id)
        .join(after, after.c.version_id == derivation.c.derived_id)
        .where(after.c.record_id >= min(record_ids))
    )
    return Seen(seen, frozenset(((a, n), (b, m), role) for a, n, b, m, role in edges))
