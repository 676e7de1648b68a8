"""What was found of an endpoint, judged: what is good, what is bad, and what to do about it.

Nothing is looked for here.
"""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from braid_db.compute.endpoint.workers import Versions
from braid_db.compute.registering import Compared, State
from braid_db.compute.registrations import Registration
from braid_db.compute.service import PRIVATE, Sharing

OLDEST_AGENT = (4, 19)
LITTLE_ROOM_BYTES = 1 << 30
MOST_OFF_S = 60.0
"""The agent drops an order to start that is older than 180 s by its own clock."""


class Verdict(StrEnum):
    """What a check came to."""

    GOOD = "good"
    REMARK = "remark"
    """Nothing fails by it, but a person should know."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    :param name: what was looked at.
    :param found: what is there.
    :param advice: what to do about it; empty where nothing is.
    """

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def workers(python: Path, versions: Versions, wanted: str) -> Check:
    """Judge what the workers have.

    :param wanted: the version of Braid-DB that they should have.
    """
    found = f"{python}: Python {versions.python}, braid-db {versions.braid_db}"
    if versions.braid_db != wanted:
        advice = f"Here is braid-db {wanted}: install the same there."
        return Check("workers", Verdict.BAD, found, advice)
    return Check("workers", Verdict.GOOD, found)


def agent(version: str | None) -> Check:
    """Judge the agent that is installed beside the workers; None is none."""
    if version is None:
        advice = "Install it there: pip install 'braid-db[endpoint]'"
        return Check("agent", Verdict.BAD, "not installed beside the workers", advice)
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if number < OLDEST_AGENT:
        advice = "Upgrade it: pip install --upgrade 'braid-db[endpoint]'"
        return Check("agent", Verdict.BAD, f"globus-compute-endpoint {version}", advice)
    return Check("agent", Verdict.GOOD, f"globus-compute-endpoint {version}")


def database_file(path: Path, mode: int) -> Iterator[Check]:
    """Judge who can open an SQLite file; it is not worth a line where only its owner can."""
    if mode & 0o077:
        advice = f"Keep it to its owner: chmod 600 {path}"
        found = f"others can open it (mode {stat.S_IMODE(mode):o})"
        yield Check("database file", Verdict.REMARK, found, advice)


def room(free_bytes: int, where: str) -> Check:
    """Judge how much room there is."""
    found = f"{free_bytes / (1 << 30):,.1f} GiB free {where}"
    if free_bytes < LITTLE_ROOM_BYTES:
        return Check("disk", Verdict.BAD, found, "Make room: a full disk refuses every call.")
    return Check("disk", Verdict.GOOD, found)


def clock(offset_s: float | None) -> Check:
    """Judge how far the clock here is ahead of that of Globus, if that tells its time."""
    if offset_s is None:
        return Check("clock", Verdict.REMARK, "Globus does not tell its time")
    found = f"{abs(offset_s):.0f} s {'ahead of' if offset_s > 0 else 'behind'} that of Globus"
    if abs(offset_s) > MOST_OFF_S:
        advice = "Set the clock: the agent drops orders that seem too old."
        return Check("clock", Verdict.BAD, found, advice)
    return Check("clock", Verdict.GOOD, found)


def registered(functions: Sequence[Compared]) -> Check:
    """Judge whether functions are registered as they are."""
    wrong = [one for one in functions if one.state is not State.CURRENT]
    if wrong:
        found = ", ".join(f"{one.name} {one.state}" for one in wrong)
        advice = f"Run: {' and '.join(_registering(wrong))}"
        return Check("registered", Verdict.BAD, found, advice)
    return Check("registered", Verdict.GOOD, f"{len(functions)} functions, as they are")


def _registering(wrong: Sequence[Compared]) -> Iterator[str]:
    """Yield the commands that register functions, each to be run by whom it is now."""
    by_sharing: dict[Sharing, list[str]] = {}
    for one in wrong:
        sharing = one.registration.sharing if one.registration else PRIVATE
        by_sharing.setdefault(sharing, []).append(one.name)
    for sharing, names in by_sharing.items():
        how = "--public" if sharing.public else f"--group {sharing.group}" if sharing.group else ""
        told = [*names, how] if how else []
        yield " ".join(["braid-db functions register", *told])


def allowed(
    endpoint: str,
    ids: Collection[str] | None,
    functions: Sequence[str],
    registered: Mapping[str, Registration],
) -> Check:
    """Judge which functions an endpoint lets run.

    :param endpoint: its name.
    :param ids: of those that it does; None where it asks for none.
    :param functions: the names of those that it should.
    :param registered: how they are registered, by name.
    """
    if ids is None:
        advice = f"Run: braid-db endpoint configure {endpoint} --allow-registered"
        return Check("allowed", Verdict.REMARK, "every function of whoever may call", advice)
    missing = [n for n in functions if n not in registered or registered[n].function_id not in ids]
    if missing:
        first = "register them, then run" if any(n not in registered for n in missing) else "run"
        advice = (
            f"{first.capitalize()}: braid-db endpoint configure {endpoint} --allow-registered, "
            f"and start the agent again"
        )
        return Check("allowed", Verdict.BAD, f"not {', '.join(missing)}", advice)
    return Check("allowed", Verdict.GOOD, f"{len(ids)} functions")
