"""What may happen to records, at random: recorded by steps, or changed by people.

Records and versions are picked by any number, of as many as there are by then.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

URIS = range(4)
"""Those of one record; the first is the one that flows know it by."""

Value = object
Tags = tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Described:
    """What a person says otherwise; a key that is named twice gets two values."""

    name: str | None = None
    tags: Tags = ()
    removed: tuple[str, ...] = ()
    uris: tuple[int, ...] | None = None
    more: tuple[int, ...] = ()


@dataclass(frozen=True)
class Edit:
    record: int
    change: Described


@dataclass(frozen=True)
class Update:
    """New content; each source is a record and a version, or the current one."""

    record: int
    change: Described
    sha256: str | None
    based_on: int | None
    is_correction: bool
    sources: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True)
class Restore:
    record: int
    version: int


@dataclass(frozen=True)
class Read:
    """A step read a record, and told of it."""

    record: int
    sha256: str | None
    tags: Tags
    uris: tuple[int, ...]


@dataclass(frozen=True)
class Write:
    """A step read some records and wrote one, and told of that one."""

    record: int
    inputs: tuple[int, ...]
    name: str | None
    tags: Tags


Happening = Edit | Update | Restore | Read | Write
History = tuple[Happening, ...]

_picks = st.integers(0, 5)
_keys = st.sampled_from(("loss", "note.by"))
_values = st.sampled_from((1, 1.0, True, "1", None, [3], 2**60))
_tags = st.lists(st.tuples(_keys, _values), max_size=3).map(tuple)
_tags_of_flows = st.dictionaries(_keys, _values, max_size=2).map(lambda tags: tuple(tags.items()))
_uris = st.lists(st.sampled_from(URIS), max_size=3).map(tuple)
_checksums = st.sampled_from((None, None, "a" * 64, "b" * 64))
_names = st.sampled_from((None, None, "one", "other"))
_changes = st.builds(
    Described,
    _names,
    _tags,
    st.lists(_keys, max_size=1).map(tuple),
    st.none() | _uris,
    _uris,
)
_sources = st.lists(st.tuples(_picks, st.none() | _picks), max_size=2).map(tuple)
_happenings = st.one_of(
    st.builds(Edit, _picks, _changes),
    st.builds(Update, _picks, _changes, _checksums, st.none() | _picks, st.booleans(), _sources),
    st.builds(Restore, _picks, _picks),
    st.builds(Read, _picks, _checksums, _tags_of_flows, _uris),
    st.builds(Write, _picks, st.lists(_picks, max_size=2).map(tuple), _names, _tags_of_flows),
)

histories = st.lists(_happenings, min_size=2, max_size=10).map(tuple)

_one, _few = st.just(0), st.integers(0, 2)
by_people = st.lists(
    st.one_of(
        st.builds(Edit, _one, _changes),
        st.builds(Update, _one, _changes, st.none(), st.none() | _few, st.just(False), st.just(())),
        st.builds(Restore, _one, _few),
    ),
    min_size=3,
    max_size=5,
).map(tuple)
"""Histories in which people change one record, and nothing else happens."""


def retraining(rounds: int) -> History:
    """Return a loop: a model infers, and is trained on its inferences and its former self."""
    once = (
        Write(1, inputs=(0,), name=None, tags=()),
        Update(0, Described(tags=(("loss", 1),)), None, None, False, ((1, None), (0, 0))),
    )
    return once * rounds
