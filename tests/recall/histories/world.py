"""What may happen in a history: recordings, changes, recalls, and what takes them back.

Whatever names something that is there names it by a number of its own, of which the remainder
counts: so every happening makes sense wherever it comes, and any part of a history is one.
"""

from __future__ import annotations

from dataclasses import dataclass

GRADES: tuple[object, ...] = (1, 1.0, True, "1", 2**53, 2**53 + 1, None)
"""Values of one tag, of which some are alike and some only seem so."""


@dataclass(frozen=True)
class File:
    """A file that is told of.

    :ivar state: which of its states is meant, told by its checksum; none is told where it is None.
    :ivar grade: which of :data:`GRADES` it is tagged with.
    :ivar mirror: a second URI that is told, which others may be told to have as well.
    :ivar is_sized: whether its size is told.
    """

    number: int
    state: int | None = None
    grade: int | None = None
    mirror: int | None = None
    is_sized: bool = False


@dataclass(frozen=True)
class Step:
    """A step of a flow.

    Where a state of a file is read by one step and is written by a later one, its writer is told
    late.

    :ivar reads: by their definitions.
    :ivar pinned: inputs that are named by the results that listed them, in their versions.
    :ivar writes: by their definitions.
    :ivar makes: outputs that are named by their records.
    :ivar after: a record that is named as the step before.
    :ivar beside: a record that is named as another predecessor.
    """

    reads: tuple[File, ...] = ()
    pinned: tuple[int, ...] = ()
    writes: tuple[File, ...] = ()
    makes: tuple[int, ...] = ()
    after: int | None = None
    beside: int | None = None
    run: int = 0


@dataclass(frozen=True)
class Transfer:
    """A transfer of files, or of the folder that they lie in.

    :ivar task: the same task is recorded again.
    :ivar pairs: of the source's number and the destination's.
    :ivar is_timed: whether it is told when the task began, and ended where it is over.
    """

    task: int
    pairs: tuple[tuple[int, int], ...]
    is_of_folders: bool = False
    arrives: bool = True
    after: int | None = None
    is_timed: bool = False


@dataclass(frozen=True)
class Derivation:
    """That one file came from another record is told after the fact."""

    predecessor: int
    derived: int


@dataclass(frozen=True)
class Edit:
    """A record gets another name, and perhaps another grade or a further URI."""

    record: int
    grade: int | None = None
    mirror: int | None = None


@dataclass(frozen=True)
class Restore:
    record: int
    version: int


@dataclass(frozen=True)
class Update:
    """New content, made of other records.

    :ivar based_on: the version that it is based on; the current one where it is None.
    """

    record: int
    sources: tuple[int, ...] = ()
    based_on: int | None = None
    is_correction: bool = False


@dataclass(frozen=True)
class Link:
    """An action is linked to a record."""

    record: int
    action: int


@dataclass(frozen=True)
class Recall:
    """Something is recalled.

    :ivar record: counts only where nothing else is chosen.
    :ivar version: of the record; those that the rest chooses where it is None.
    :ivar run: a whole run.
    :ivar grade: all that has one of :data:`GRADES`.
    :ivar uri: all that goes by one of the URIs, first ones and others.
    :ivar all_versions: whether a record may have more than one content that fits.
    :ivar since: only what was recorded since a version was, of all in their order.
    :ivar until: only what was recorded before one.
    """

    record: int = 0
    version: int | None = None
    run: int | None = None
    follow_order: bool = False
    grade: int | None = None
    uri: int | None = None
    all_versions: bool = True
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Reinstate:
    """A recall is taken back; what it recalled is named instead where ``by_record`` is set."""

    recall: int
    by_record: bool = False


@dataclass(frozen=True)
class RunActions:
    """Some of the actions that a recall owes are carried out."""

    recall: int
    limit: int = 1


Happening = (
    Step | Transfer | Derivation | Edit | Restore | Update | Link | Recall | Reinstate | RunActions
)
History = tuple[Happening, ...]
