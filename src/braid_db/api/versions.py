"""Versions of a record, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypedDict

from braid_db.api import arguments
from braid_db.api.stored import Stored
from braid_db.api.writing import Pin, Writing
from braid_db.records.described import Change
from braid_db.records.states import list_states
from braid_db.records.versions import (
    Written,
    diff_versions,
    edit_record,
    list_versions,
    restore_version,
    update_record,
)
from braid_db.records.views import get_record
from braid_db.steps import values
from braid_db.views import Difference, StateFile, StateView, VersionView

if TYPE_CHECKING:
    from braid_db.api.record import BraidRecord
    from braid_db.api.session import Session


class Versioned(Stored):
    """What a record can do with its versions.

    After a change the object stands at the version that it made.
    """

    def edit(
        self,
        *,
        name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        remove_tags: Sequence[str] = (),
        uris: str | Sequence[str] | None = None,
        reason: str | None = None,
        author: str | None = None,
        expected_version: int | None = None,
        session: Session | None = None,
    ) -> Self:
        """Describe the record otherwise, in a new version of the same content, and return self.

        :param tags: in place of the values that these keys had.
        :param uris: in place of all that there are.
        :param expected_version: refuse if the record has moved on from it.
        :raises VersionConflict: if it has.
        :raises IdentityTaken: if the first URI identifies another record.
        """
        change, why = _change(name, tags, remove_tags, uris), _why(author, reason, expected_version)

        def write(writing: Writing) -> Written:
            return edit_record(
                writing.tx, writing.rules, writing.pin_of(self).record_id, change, **why
            )

        return self._move(write, session)

    def update(
        self,
        *records: BraidRecord,
        name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        remove_tags: Sequence[str] = (),
        uris: str | Sequence[str] | None = None,
        sha256: str | None = None,
        size_bytes: int | None = None,
        states: Sequence[StateFile] = (),
        correction: bool = False,
        reason: str | None = None,
        author: str | None = None,
        expected_version: int | None = None,
        session: Session | None = None,
    ) -> Self:
        """Give the record new content, in a new version that is based on this one; return self.

        :param records: what went into it, each in the version that the object stands at.
        :param states: the files of a model's new state.
        :param correction: whether it mends this version instead of coming from it: a recall of the
            mistake then leaves it alone.
        :param expected_version: refuse if the record has moved on from it.
        :raises VersionConflict: if it has.
        :raises NotAnOutput: if it is a step or transfer.
        """
        for record in records:
            self._check_other("records", record)
        change, why = _change(name, tags, remove_tags, uris), _why(author, reason, expected_version)
        digest = values.sha256("sha256", sha256)
        size = values.size_bytes("size_bytes", size_bytes)
        files, mends = arguments.states(states), arguments.flag("correction", correction)

        def write(writing: Writing) -> Written:
            record_id, number = writing.pin_of(self)
            return update_record(
                writing.tx, writing.rules, record_id, change=change, sha256=digest,
                size_bytes=size, states=files, based_on=number, correction=mends,
                derived_from=[writing.pin_of(record).reference for record in records], **why,
            )  # fmt: skip

        return self._move(write, session, *records)

    def restore(
        self,
        version: int,
        *,
        reason: str | None = None,
        author: str | None = None,
        expected_version: int | None = None,
        session: Session | None = None,
    ) -> Self:
        """Make an old version current again, as a new one, and return self.

        :raises VersionNotFound: if there is no such version.
        """
        number = arguments.version("version", version)
        why = _why(author, reason, expected_version)

        def write(writing: Writing) -> Written:
            return restore_version(writing.tx, writing.pin_of(self).record_id, number, **why)

        return self._move(write, session)

    def _move(self, change: Any, session: Session | None, *others: Stored) -> Self:
        def write(writing: Writing) -> Pin:
            written = change(writing)
            return writing.move(self, written.record_id, written.version)

        self._collect(write, session, *others)
        return self

    def at_version(self, version: int, session: Session | None = None) -> BraidRecord:
        """Return another object for the same record, that stands at one of its versions.

        :raises VersionNotFound: if there is no such version.
        """
        number = arguments.version("version", version)
        view = self._read(lambda tx, pin: get_record(tx, pin.record_id, number), session)
        return self.of_view(self._database(), view)

    def history(self, session: Session | None = None) -> list[VersionView]:
        """Return all versions of the record, the first one first."""
        return self._read(lambda tx, pin: list_versions(tx, pin.record_id), session)

    def diff(self, from_: int, to: int, session: Session | None = None) -> Difference:
        """Return what one version says otherwise than another.

        :raises VersionNotFound: if there is no such version.
        """
        before, after = arguments.version("from_", from_), arguments.version("to", to)
        return self._read(lambda tx, pin: diff_versions(tx, pin.record_id, before, after), session)

    def states(self, session: Session | None = None) -> list[StateView]:
        """Return the states of a model with the files that hold them, the first one first.

        :raises NotAModel: if it is no model.
        """
        return self._read(lambda tx, pin: list_states(tx, pin.record_id), session)


def _change(
    name: str | None,
    tags: Mapping[str, Any] | None,
    remove_tags: Sequence[str],
    uris: str | Sequence[str] | None,
) -> Change:
    return Change(
        name=arguments.text_or_none("name", name),
        tags=None if tags is None else arguments.tags(tags),
        remove_tags=arguments.texts("remove_tags", remove_tags, values.KEY_LENGTH),
        uris=None if uris is None else arguments.texts("uris", uris, values.URI_LENGTH),
    )


class _Why(TypedDict):
    """Who makes a version and why, and from which one it is to follow."""

    author: str | None
    reason: str | None
    expected_version: int | None


def _why(author: object, reason: object, expected_version: object) -> _Why:
    return {
        "author": arguments.person("author", author),
        "reason": arguments.words("reason", reason),
        "expected_version": arguments.version_or_none("expected_version", expected_version),
    }
