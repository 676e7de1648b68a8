"""Adding by hand, one thing at a time: a record, a derivation, a tag or a URI."""

from __future__ import annotations

from collections.abc import Iterable

from braid_db.identity import IdentityRules, digest
from braid_db.model import NO_RUN, UNKNOWN_TIMES, Definition, Kind, Reference, Role, Tag, Times
from braid_db.records.contents import Content
from braid_db.records.predecessors import check_origin
from braid_db.records.recorder import Recorder
from braid_db.store import Transaction
from braid_db.store import recording as sql
from braid_db.store.objects import LATEST_TAG


def add_record(
    tx: Transaction, rules: IdentityRules, said: Definition, times: Times = UNKNOWN_TIMES
) -> Content:
    """Write a record, or tell more of the one that its first URI identifies.

    What is said of a record that is known and differs from what is known edits it, as a person
    says it of the record itself.

    :returns: the content that is meant: by its checksum, where one is told.
    """
    recorder = Recorder(tx, rules, NO_RUN)
    recorder.prepare((said,), inputs=(said,))
    content = tell_or_make(recorder, said)
    recorder.contents.fill_in_times(content, times)
    recorder.derive_from_folders()
    recorder.contents.spread_invalid([])
    return content


def tell_or_make(recorder: Recorder, said: Definition) -> Content:
    """Return the content that a definition means, with what it tells written down."""
    entity = recorder.find(said)
    if entity is None:
        return recorder.use(said)
    content = recorder.contents.of_input(entity, said)
    recorder.descriptions.tell(content, said, may_edit=True)
    return content


def add_derivation(
    tx: Transaction, rules: IdentityRules, predecessor: Reference, derived_id: int
) -> Content:
    """Say that a record came from another one; the role follows from their kinds.

    What a step made of a record that another step made already is the record's next content.

    :param predecessor: the content that it came from, by a version; the current one where it
        names none.
    :returns: the content that came from it: the current one, or the next where that one is an
        ancestor of its predecessor.
    :raises RecordNotFound: if there is no such record.
    :raises CycleRefused: if a step or transfer would come from itself.
    """
    check_origin(predecessor, tx.database)
    recorder = _prepared(tx, rules, (predecessor.record_id, derived_id))
    contents = recorder.contents
    source, derived = contents.of_reference(predecessor), contents.current(contents.get(derived_id))
    derived = link(recorder, source, derived)
    contents.spread_invalid([source])
    return derived


def link(recorder: Recorder, source: Content, derived: Content) -> Content:
    """Add the derivation of one content from another, and return the one that it leads into."""
    contents = recorder.contents
    role = role_between(source.entity.kind, derived.entity.kind)
    if _is_linked(recorder.tx, source, derived, role):
        return derived
    if role is Role.GENERATED and _is_generated(recorder.tx, derived):
        derived = contents.next_content(derived.entity)
    return contents.derive(source, derived, role)


def role_between(predecessor: Kind, derived: Kind) -> Role:
    """Return how a record of one kind comes from a record of another.

    A source of a transfer is used by it, so that what the transfer made comes from it: which of
    its sources became what is not said here.
    """
    if derived.is_activity:
        return Role.INFORMED if predecessor.is_activity else Role.USED
    return Role.GENERATED if predecessor.is_activity else Role.DERIVED


def _is_linked(tx: Transaction, source: Content, derived: Content, role: Role) -> bool:
    ends = (derived.content_id, source.content_id)
    return tx.first(sql.HAS_DERIVATION, *ends, role.value) is not None


def _is_generated(tx: Transaction, content: Content) -> bool:
    row = tx.first(sql.IS_GENERATED_OR_USED, content.content_id)
    return row is not None and bool(row[0])


def add_tag(tx: Transaction, rules: IdentityRules, record_id: int, tag: Tag) -> tuple[Content, int]:
    """Give the current version of a record one more value of a tag.

    :returns: the content that the version stands for, and the value's number.
    :raises RecordNotFound: if there is no such record.
    """
    recorder = _prepared(tx, rules, (record_id,))
    entity = recorder.contents.get(record_id)
    recorder.descriptions.add_tags(entity, [tag])
    [[tag_id]] = tx.rows(LATEST_TAG, record_id, tag.key)
    return recorder.contents.current(entity), tag_id


def add_uri(tx: Transaction, rules: IdentityRules, record_id: int, uri: str) -> Content:
    """Give the current version of a record one more URI, unless it has it.

    The first one identifies the record from now on. Where it identifies another one already, it
    goes on leading there: two records may name the same file, and that is no reason to stop.

    :returns: the content that the version stands for.
    :raises RecordNotFound: if there is no such record.
    """
    recorder = _prepared(tx, rules, (record_id,))
    entity = recorder.contents.get(record_id)
    known = [text for (text,) in tx.rows(sql.CURRENT_URIS, record_id)]
    canonical = rules.canonical(uri)
    if uri not in known and canonical not in {rules.canonical(one) for one in known} - {None}:
        recorder.descriptions.add_uris(entity, [uri], len(known))
    if not known and canonical is not None and entity.kind is not Kind.STEP:
        tx.first(sql.CLAIM_IDENTITY, digest(canonical), record_id, canonical)
    return recorder.contents.current(entity)


def _prepared(tx: Transaction, rules: IdentityRules, record_ids: Iterable[int]) -> Recorder:
    recorder = Recorder(tx, rules, NO_RUN)
    recorder.prepare((), changed=record_ids)
    return recorder
