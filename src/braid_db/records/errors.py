"""What can go wrong with versions and searches.

The tree in ``braid_db.errors`` shows where each error belongs.
"""

from __future__ import annotations

from braid_db.errors import BraidError, InvalidArgument, NotAnOutput, shown


class VersionConflict(BraidError):
    """A record has moved on from the version that a change was meant for."""

    code = "version-conflict"

    def __init__(self, record_id: int, expected: int | None, current: int) -> None:
        self.record_id, self.expected, self.current = record_id, expected, current
        super().__init__(
            f"Record {record_id} has version {current} by now, and the change was meant for "
            f"version {expected}. Nothing was written: see what has changed with 'braid-db record "
            f"diff {record_id} --from {expected} --to {current}', and decide again."
        )


class IdentityTaken(BraidError):
    """A URI that would identify a record identifies another one."""

    code = "identity-taken"

    def __init__(self, uri: str, record_id: int) -> None:
        self.uri, self.record_id = uri, record_id
        super().__init__(
            f"{shown(uri)} identifies record {record_id} already, and two records cannot be the "
            f"same thing. Put another URI first, or work with record {record_id}. Nothing was "
            f"written."
        )


class HasOneContent(NotAnOutput):
    """A step or transfer was to have new content."""

    code = "has-one-content"

    def __init__(self, record_id: int, kind: str) -> None:
        self.record_id, self.kind = record_id, kind
        super(NotAnOutput, self).__init__(
            f"Record {record_id} is a {kind}, which has one content for ever, as what happened "
            f"happened. Describe it otherwise with 'braid-db record edit {record_id}', or record "
            f"another {kind}. Nothing was written."
        )


class NotAModel(BraidError):
    """States or training data were told or asked of a record that is no model."""

    code = "not-a-model"

    def __init__(self, record_id: int, kind: str) -> None:
        self.record_id, self.kind = record_id, kind
        super().__init__(
            f"Record {record_id} is of the kind {kind}, and only models have states and training "
            f"data. Name a model: 'braid-db record list --kind model' lists them."
        )


class NotRecordedThen(BraidError):
    """A record was asked for as of a time at which it was not recorded yet."""

    code = "not-recorded-then"

    def __init__(self, record_id: int, version: int | None, as_of: str) -> None:
        self.record_id, self.version, self.as_of = record_id, version, as_of
        what = f"Record {record_id}" if version is None else f"Version {version} of {record_id}"
        super().__init__(
            f"{what} was not recorded yet at {as_of}. Ask for a later time: 'braid-db record "
            f"history {record_id}' shows when each version was recorded."
        )


class ConditionInvalid(InvalidArgument):
    """A condition of a search cannot be read.

    :param at: where the fault is, as the number of the character; None for the whole.
    """

    code = "condition-invalid"

    def __init__(self, found: str, expected: str, at: int | None = None) -> None:
        self.found, self.expected, self.at = found, expected, at
        place = "" if at is None else f" at character {at}"
        BraidError.__init__(
            self,
            f"The condition has {found}{place}; expected {expected}. Write it like: loss < 0.1 and "
            f"beamline = '8-ID' and not (name like 'test%' or \"odd key\" is null)",
        )
