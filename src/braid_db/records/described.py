"""How a version describes its record, how a change makes another description of it, and writing it.

A description is kept as what differs from the version before: tags and URIs hold from one version
until another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from braid_db.identity import IdentityRules, digest
from braid_db.model import Kind, Tag, TagType
from braid_db.records.contents import Contents, Entity
from braid_db.records.description import Descriptions
from braid_db.records.errors import IdentityTaken
from braid_db.store import Transaction
from braid_db.store import recording as recording_sql
from braid_db.store import versions as sql


@dataclass(frozen=True, slots=True)
class Description:
    """What a version says of its record besides its content.

    :param tags: the values of each key, in order.
    """

    name: str
    tags: Mapping[str, tuple[Tag, ...]]
    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be described otherwise; what is None stays as it is.

    :param tags: the values of these keys, in place of those that the keys had.
    :param remove_tags: keys that are to have no value any more.
    :param uris: in place of all that there are.
    :param add_uris: after those that there are, unless they are among them.
    """

    name: str | None = None
    tags: tuple[Tag, ...] | None = None
    remove_tags: tuple[str, ...] = ()
    uris: tuple[str, ...] | None = None
    add_uris: tuple[str, ...] = ()


NO_CHANGE = Change()


def description_at(tx: Transaction, record_id: int, number: int) -> Description:
    """Return how a version that is there describes its record."""
    [[name]] = tx.rows(sql.NAME_AT, record_id, number)
    tags: dict[str, tuple[Tag, ...]] = {}
    for key, kind, text, double in tx.rows(sql.TAGS_AT, record_id, number):
        tags[key] = (*tags.get(key, ()), Tag(key, TagType(kind), text, double))
    uris = tuple(text for (text,) in tx.rows(sql.URIS_AT, record_id, number))
    return Description(name, tags, uris)


def content_id_at(tx: Transaction, record_id: int, number: int) -> int:
    """Return the content that a version which is there stands for."""
    [[content_id, _]] = tx.rows(recording_sql.GET_VERSION, record_id, number)
    return int(content_id)


def changed(before: Description, change: Change) -> Description:
    """Return a description with a change made to it."""
    replaced = {tag.key for tag in change.tags or ()} | set(change.remove_tags)
    tags = {key: before.tags[key] for key in before.tags if key not in replaced}
    for tag in change.tags or ():
        tags[tag.key] = (*tags.get(tag.key, ()), tag)
    uris = before.uris if change.uris is None else tuple(dict.fromkeys(change.uris))
    more = tuple(uri for uri in dict.fromkeys(change.add_uris) if uri not in uris)
    return Description(before.name if change.name is None else change.name, tags, (*uris, *more))


def write_description(
    contents: Contents, entity: Entity, before: Description, after: Description
) -> None:
    """Write what differs, from the record's current version on, which is a new one."""
    tx, descriptions = contents.tx, Descriptions(contents, IdentityRules())
    keys = [key for key in {**before.tags, **after.tags} if _differ(key, before, after)]
    tx.write(recording_sql.END_TAG, [(entity.number, entity.record_id, key) for key in keys])
    descriptions.add_tags(entity, [tag for key in keys for tag in after.tags.get(key, ())])
    if after.uris != before.uris:
        kept = _alike(before.uris, after.uris)
        tx.write(sql.END_URIS, [(entity.number, entity.record_id, kept)])
        descriptions.add_uris(entity, after.uris[kept:], kept)


def identify(
    tx: Transaction, rules: IdentityRules, entity: Entity, before: Description, after: Description
) -> None:
    """Let a record's first URI lead to it; those that led to it before go on doing so.

    They were named by flows that ran, and may be named by others that still do. A first URI that
    stays is left alone: the definition that told of it may have named a host of its own, and
    without that the same text would mean another file.

    :raises IdentityTaken: if the first URI is another record's.
    """
    if entity.kind is Kind.STEP or not after.uris or after.uris[:1] == before.uris[:1]:
        return
    canonical = rules.canonical(after.uris[0])
    if canonical is None:
        return
    claim = (digest(canonical), entity.record_id, canonical)
    if tx.first(recording_sql.CLAIM_IDENTITY, *claim) is not None:
        return
    row = tx.first(recording_sql.FIND_IDENTITY, digest(canonical))
    if row is not None and row[0] != entity.record_id:
        raise IdentityTaken(after.uris[0], row[0])


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many URIs stay in their places, from the first one on."""
    together = enumerate(zip(before, after, strict=False))
    shorter = min(len(before), len(after))
    return next((place for place, (one, other) in together if one != other), shorter)


def _differ(key: str, before: Description, after: Description) -> bool:
    return before.tags.get(key) != after.tags.get(key)
