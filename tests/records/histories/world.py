"""The plain model: files whose true contents change, and what is told of that, in some order.

Time is counted in ticks, one for each happening. A step or transfer reads all its files when it
begins and writes when it ends, and may last some ticks; a hand changes a file at once. What was
read and written is therefore known, whatever is told of it and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

READ, WRITTEN = "read", "written"

FOLDERS = (100, 101)
"""The numbers of the folders; file n lies in folder n % 2."""


def folder_of(file: int) -> int:
    """Return the folder that a file lies in; a folder stands for itself."""
    return file if file in FOLDERS else FOLDERS[file % 2]


class By(Enum):
    """How a call tells which file it means."""

    CHECKSUM = "a definition with a checksum"
    NAME = "a definition without one"
    ID = "the record's id alone"
    RESULT = "the result of an earlier call, which names a version"
    TASK = "a transfer task that is recorded again"


@dataclass(frozen=True)
class State:
    """What a file held from one moment until another.

    :ivar number: counted from 0, which was there at first.
    :ivar writer: the happening that wrote it; None where a hand did, or nobody knows.
    """

    file: int
    number: int
    token: str
    writer: int | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()


@dataclass(frozen=True)
class Mention:
    """How one file is told of; ``file`` is the folder's number for a folder.

    :ivar token: the bytes that are written; fresh ones where it is None.
    :ivar spelling: which of the spellings of the file's URI is used.
    :ivar is_listed_twice: whether the call lists it again, spelled differently.
    :ivar is_mirrored: whether a second URI is told.
    """

    file: int
    by: By = By.CHECKSUM
    token: str | None = None
    spelling: int = 0
    is_listed_twice: bool = False
    is_mirrored: bool = False
    name: str | None = None
    kind: str | None = None
    tags: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Hand:
    """Somebody changes a file, and tells nobody."""

    file: int
    token: str | None = None


@dataclass(frozen=True)
class Work:
    """A step of a flow, or a transfer, and how it is told.

    :ivar reads: for a transfer as many as it writes, side by side.
    :ivar lasts: in ticks.
    :ivar late: how many ticks after its end it is recorded.
    :ivar after: how many happenings back those lie that it is said to come after.
    :ivar lies: whether what it is said to come after may not have ended when it began.
    :ivar loose: how many inputs without a URI it tells of.
    :ivar is_named_as_output: whether it is then said that it was made, which must be refused.
    :ivar again: for a transfer, how many ticks after the first it is recorded a second time.
    :ivar arrives_at_first: for a transfer, whether the first recording says that it succeeded.
    """

    reads: tuple[Mention, ...] = ()
    writes: tuple[Mention, ...] = ()
    is_transfer: bool = False
    lasts: int = 0
    late: int = 0
    after: tuple[int, ...] = ()
    lies: bool = False
    loose: int = 0
    is_named_as_output: bool = False
    again: int | None = None
    arrives_at_first: bool = True


Happening = Hand | Work


@dataclass(frozen=True)
class Told:
    """One mention in a call, with what it truly meant.

    :ivar source: for what is told by a result, the earlier call and which of its lists.
    """

    mention: Mention
    state: State
    by: By
    source: tuple[int, str] | None = None

    @property
    def file(self) -> int:
        return self.state.file


@dataclass(frozen=True)
class Call:
    """One recording of a step or transfer.

    :ivar happening: its number, which is also when it began.
    :ivar after: the earlier calls whose steps it names as coming before it; the first of them
        as the step before in the flow's order.
    """

    happening: int
    work: Work
    reads: tuple[Told, ...]
    writes: tuple[Told, ...]
    after: tuple[int, ...] = ()
    is_again: bool = False

    @property
    def all_told(self) -> tuple[Told, ...]:
        return *self.reads, *self.writes

    def told(self, side: str) -> tuple[Told, ...]:
        return self.reads if side == READ else self.writes


@dataclass(frozen=True)
class Truth:
    """What the happenings truly read and wrote, by the number of the happening."""

    reads: dict[int, tuple[State, ...]]
    writes: dict[int, tuple[State, ...]]


def live(happenings: Sequence[Happening]) -> Truth:
    """Let everything happen in its true order."""
    now: dict[int, State] = {}
    truth = Truth({}, {})
    ends: dict[int, list[int]] = {}
    ticks = len(happenings) + max((w.lasts for w in happenings if isinstance(w, Work)), default=0)
    for tick in range(ticks + 1):
        for number in ends.get(tick, ()):
            _end(number, happenings[number], now, truth)
        if tick < len(happenings):
            _begin(tick, happenings[tick], now, truth, ends)
    return truth


def _begin(
    number: int,
    happening: Happening,
    now: dict[int, State],
    truth: Truth,
    ends: dict[int, list[int]],
) -> None:
    if isinstance(happening, Hand):
        _write(now, happening.file, happening.token or f"by hand {number}", None)
        return
    files = [mention.file for mention in happening.reads]
    truth.reads[number] = tuple(_state(now, file) for file in files)
    if happening.lasts:
        ends.setdefault(number + happening.lasts, []).append(number)
    else:
        _end(number, happening, now, truth)


def _end(number: int, happening: Happening, now: dict[int, State], truth: Truth) -> None:
    assert isinstance(happening, Work)
    read = truth.reads[number]
    written = []
    for place, mention in enumerate(happening.writes):
        token = mention.token or f"written by {number} into {mention.file}"
        token = read[place].token if happening.is_transfer else token
        written.append(_write(now, mention.file, token, number))
    truth.writes[number] = tuple(written)


def _state(now: dict[int, State], file: int) -> State:
    return now.setdefault(file, State(file, 0, f"what was in {file} at first", None))


def _write(now: dict[int, State], file: int, token: str, writer: int | None) -> State:
    now[file] = State(file, _state(now, file).number + 1, token, writer)
    return now[file]


@dataclass(frozen=True)
class History:
    """What truly happened; :attr:`calls` is what was told of it, in the order of recording."""

    happenings: tuple[Happening, ...]

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        truth = live(self.happenings)
        calls: list[Call] = []
        for number, work, is_again in self._in_order():
            reads, writes = truth.reads[number], truth.writes[number]
            first = next((call for call in calls if call.happening == number), None)
            has_ended = is_again or not work.is_transfer or work.arrives_at_first
            told_writes = _told(calls, WRITTEN, work.writes, writes, first) if has_ended else ()
            told_reads = _told(calls, READ, work.reads, reads, first)
            after = _after(calls, number, work) if first is None else first.after
            calls.append(Call(number, work, told_reads, told_writes, after, is_again))
        return tuple(calls)

    def _in_order(self) -> Iterator[tuple[int, Work, bool]]:
        """Yield works in the order in which they are recorded."""
        recordings = []
        for number, work in enumerate(self.happenings):
            if isinstance(work, Work):
                told_at = number + work.lasts + work.late
                recordings.append((told_at, number, work, False))
                if work.is_transfer and work.again is not None:
                    recordings.append((told_at + work.again, number, work, True))
        for _, number, work, is_again in sorted(recordings, key=lambda r: (r[0], r[3], r[1])):
            yield number, work, is_again


def _told(
    calls: Sequence[Call],
    side: str,
    mentions: Sequence[Mention],
    states: Sequence[State],
    first: Call | None,
) -> tuple[Told, ...]:
    return tuple(
        _resolve(calls, side, mention, state, first)
        for mention, state in zip(mentions, states, strict=True)
    )


def _after(calls: Sequence[Call], number: int, work: Work) -> tuple[int, ...]:
    """Return the calls that a work names as before it: those that are recorded by then."""
    found = []
    for back in work.after:
        place = next((n for n, call in enumerate(calls) if call.happening == number - back), None)
        if place is not None and (work.lies or _had_ended(calls[place], number)):
            found.append(place)
    return tuple(dict.fromkeys(found))


def _had_ended(call: Call, number: int) -> bool:
    return call.happening < number and call.happening + call.work.lasts <= number


def _resolve(
    calls: Sequence[Call], side: str, mention: Mention, state: State, first: Call | None
) -> Told:
    """Return a mention as it can be told: what names an earlier call needs one.

    An output that is named by a result is the record, whatever version the result names.
    """
    by, source = mention.by, None
    if first is not None and any(told.state == state for told in first.all_told):
        by = By.TASK
    elif by is By.RESULT and side == READ:
        source = _named_by(calls, state)
        by = By.CHECKSUM if source is None else By.RESULT
    elif by in (By.ID, By.RESULT):
        is_known = any(told.file == state.file for call in calls for told in call.all_told)
        by = By.ID if is_known else By.NAME
    return Told(mention, state, by, source)


def _named_by(calls: Sequence[Call], state: State) -> tuple[int, str] | None:
    """Return the last call whose result names just this state of its file, and in which list."""
    for number in reversed(range(len(calls))):
        for side in (WRITTEN, READ):
            states = [told.state for told in calls[number].told(side) if told.file == state.file]
            if states and set(states) == {state}:
                return number, side
    return None
