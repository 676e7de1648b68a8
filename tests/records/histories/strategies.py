"""Histories at random, of several manners of telling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.records.histories.world import FOLDERS, By, Hand, Happening, History, Mention, Work

FILES = range(4)
LENGTHS = range(3, 10)


@dataclass(frozen=True)
class Manner:
    """How a history is told.

    :ivar name: what to call it.
    :ivar reading: how calls name what was read.
    :ivar writing: how calls name what was written.
    :ivar files: those that steps read and write, of all :data:`FILES`.
    :ivar latest: how many ticks late a call is recorded at most.
    :ivar tokens: the bytes that are written; fresh ones where it is None.
    :ivar hands: whether hands change files.
    :ivar transfers: whether there are transfers, which never tell a checksum.
    :ivar lies: whether steps are said to come after those that had not ended.
    """

    name: str
    reading: tuple[By, ...]
    writing: tuple[By, ...]
    files: range = FILES
    latest: int = 0
    tokens: tuple[str | None, ...] = (None,)
    hands: bool = False
    transfers: bool = False
    folders: bool = False
    lies: bool = False


_ANY_WAY = (By.CHECKSUM, By.CHECKSUM, By.NAME, By.ID, By.RESULT)

_OFTEN_AGAIN = (None, "same bytes", "other bytes")
_AT_TIMES_AGAIN = (None, *_OFTEN_AGAIN)

LATE_WITH_CHECKSUMS = Manner(
    "late, with checksums",
    (By.CHECKSUM, By.CHECKSUM, By.RESULT),
    (By.CHECKSUM,),
    files=range(3),
    latest=8,
    hands=True,
)
IN_ORDER = Manner("in order", _ANY_WAY, _ANY_WAY, tokens=_AT_TIMES_AGAIN, transfers=True)
REWRITTEN_IN_ORDER = Manner(
    "in order, the same bytes again", _ANY_WAY, (By.CHECKSUM,), files=range(2), tokens=_OFTEN_AGAIN
)
REWRITTEN_AND_TOLD_LATE = Manner(
    "late, the same bytes again",
    (By.CHECKSUM,),
    (By.CHECKSUM,),
    files=range(2),
    latest=8,
    tokens=_OFTEN_AGAIN,
)
ANYHOW = Manner(
    "anyhow",
    _ANY_WAY,
    _ANY_WAY,
    latest=6,
    tokens=_AT_TIMES_AGAIN,
    hands=True,
    transfers=True,
    folders=True,
    lies=True,
)
MANNERS_THAT_TELL_ALL = (LATE_WITH_CHECKSUMS, IN_ORDER, REWRITTEN_IN_ORDER)
MANNERS = (*MANNERS_THAT_TELL_ALL, REWRITTEN_AND_TOLD_LATE, ANYHOW)

_VALUES = (1, 1.0, True, "1", None, "one", [1], 2**60)
_TAGS = st.dictionaries(
    st.sampled_from(("frames", "note.by")), st.sampled_from(_VALUES), max_size=2
)


def histories(*manners: Manner) -> SearchStrategy[History]:
    """Return histories that are told in one of these manners; in any, when none is given."""
    return st.sampled_from(manners or MANNERS).flatmap(_of_manner)


@cache
@st.composite
def _of_manner(draw: DrawFn, manner: Manner) -> History:
    length = draw(st.sampled_from(LENGTHS))
    happenings = draw(st.lists(_happenings(manner), min_size=length, max_size=length))
    return History(tuple(happenings))


@cache
@st.composite
def _happenings(draw: DrawFn, manner: Manner) -> Happening:
    """Return what happens next: mostly steps. (A choice of strategies would be of equal ones.)"""
    kinds = [_steps] * 6
    kinds += [_hands] * manner.hands + [_transfers] * manner.transfers
    kinds += [_folder_transfers] * manner.folders
    number = draw(st.sampled_from(range(len(kinds))))
    return draw(kinds[number](manner))


@cache
def _hands(manner: Manner) -> SearchStrategy[Hand]:
    return st.builds(Hand, file=st.sampled_from(manner.files), token=st.sampled_from(manner.tokens))


@cache
@st.composite
def _steps(draw: DrawFn, manner: Manner) -> Work:
    return Work(
        reads=tuple(draw(_mentions(manner, manner.reading))),
        writes=tuple(draw(_mentions(manner, manner.writing))),
        lasts=draw(st.sampled_from((0, 0, 0, 1, 2) if manner.latest else (0,))),
        late=draw(_lateness(manner)),
        after=tuple(draw(st.lists(st.integers(1, 4), max_size=2, unique=True))),
        lies=manner.lies and draw(st.booleans()),
        loose=draw(st.sampled_from((0, 0, 1))),
        is_named_as_output=draw(st.integers(0, 9)) == 0,
    )


@cache
def _lateness(manner: Manner) -> SearchStrategy[int]:
    return st.sampled_from(range(manner.latest + 1))


@cache
@st.composite
def _mentions(draw: DrawFn, manner: Manner, ways: tuple[By, ...]) -> list[Mention]:
    count = draw(st.sampled_from((0, 1, 1, 2)))
    files = list(draw(st.permutations(manner.files))[:count])
    if manner.folders and draw(st.integers(0, 7)) == 0:
        files.append(draw(st.sampled_from(FOLDERS)))
    return [draw(_mention(manner, ways, file)) for file in files]


@cache
def _mention(manner: Manner, ways: tuple[By, ...], file: int) -> SearchStrategy[Mention]:
    return st.builds(
        Mention,
        file=st.just(file),
        by=st.sampled_from(ways),
        token=st.sampled_from(manner.tokens),
        spelling=st.integers(0, 5),
        is_listed_twice=st.booleans(),
        is_mirrored=st.sampled_from((False, False, True)),
        name=st.sampled_from((None, f"file {file}", "another name")),
        kind=st.sampled_from((None, None, "data", "model")),
        tags=_TAGS.map(lambda tags: tuple(tags.items())),
    )


@cache
@st.composite
def _transfers(draw: DrawFn, manner: Manner) -> Work:
    sources = draw(st.lists(_lying_together(draw), min_size=1, max_size=2))
    aims = _lying_together(draw)
    destinations = draw(st.lists(aims, min_size=len(sources), max_size=len(sources), unique=True))
    return draw(_transfer(manner, sources, destinations))


@cache
@st.composite
def _folder_transfers(draw: DrawFn, manner: Manner) -> Work:
    source, destination = draw(st.permutations(FOLDERS))
    return draw(_transfer(manner, [source], [destination]))


@st.composite
def _transfer(
    draw: DrawFn, manner: Manner, sources: Sequence[int], destinations: Sequence[int]
) -> Work:
    again = draw(st.one_of(st.none(), st.integers(0, max(1, manner.latest))))
    return Work(
        reads=tuple(Mention(file, By.NAME) for file in sources),
        writes=tuple(Mention(file, By.NAME) for file in destinations),
        is_transfer=True,
        lasts=draw(st.sampled_from((0, 0, 0, 1, 2) if manner.latest else (0,))),
        late=draw(_lateness(manner)),
        after=tuple(draw(st.lists(st.integers(1, 4), max_size=1))),
        lies=manner.lies and draw(st.booleans()),
        again=again,
        arrives_at_first=again is None or draw(st.booleans()),
    )


def _lying_together(draw: DrawFn) -> SearchStrategy[int]:
    """Return the files of one of the folders, as a transfer leads from one collection to one."""
    place = draw(st.sampled_from((0, 1)))
    return st.sampled_from([file for file in FILES if file % 2 == place])
