"""Whether an endpoint is as it should be: one check after another, each with what to do."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

from braid_db.compute.endpoint import folder
from braid_db.compute.endpoint.configuring import (
    allowed_functions,
    is_shared,
    mapped_accounts,
    read_yaml,
)
from braid_db.compute.endpoint.folder import EndpointFolder
from braid_db.compute.endpoint.running import agent_process, left_by_killed, python_of
from braid_db.compute.endpoint.seen import agent_command, is_of_the_workers, workers_of
from braid_db.compute.registering import Compared, State, compare_functions
from braid_db.compute.registrations import Registrations
from braid_db.compute.service import PRIVATE, ComputeService, Sharing
from braid_db.compute.sources import FunctionSource
from braid_db.errors import BraidError

OLDEST_AGENT = (4, 19)
_LITTLE_ROOM_BYTES = 1 << 30
_MOST_OFF_S = 60.0
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


@dataclass(frozen=True, slots=True)
class Examined:
    """What is looked at.

    :param version: the version of Braid-DB here, which the workers should have too.
    :param functions: those that should be registered.
    """

    endpoint: EndpointFolder
    version: str
    service: ComputeService
    registrations: Registrations
    functions: Sequence[FunctionSource]


def examine(examined: Examined) -> Iterator[Check]:
    """Yield one check after another; what fails does not keep the others from being made."""
    endpoint = examined.endpoint
    if not endpoint.is_configured:
        yield Check(
            "configuration", Verdict.BAD, f"no endpoint '{endpoint.name}'",
            f"Make it: braid-db endpoint configure {endpoint.name}",
        )  # fmt: skip
        return
    yield Check("configuration", Verdict.GOOD, str(endpoint.path))
    yield _callers(endpoint)
    yield from _workers(examined)
    yield _permissions(endpoint)
    yield from _running(endpoint)
    yield from _service(examined)


def _callers(endpoint: EndpointFolder) -> Check:
    """Say who may call."""
    if os.geteuid() == 0 and not read_yaml(endpoint, folder.CONFIG).get("email"):
        advice = f"Name one: braid-db endpoint configure {endpoint.name} --email ADDRESS"
        found = "nobody: root's agent starts only with an address that Globus can write to"
        return Check("callers", Verdict.BAD, found, advice)
    if not is_shared(endpoint):
        who = "personal: only the Globus identity that starts it, and those linked to it"
        return Check("callers", Verdict.GOOD, who)
    return _shared_with(endpoint)


def _shared_with(endpoint: EndpointFolder) -> Check:
    """Say who may call an endpoint that more than one identity may."""
    accounts = mapped_accounts(endpoint)
    if not accounts:
        advice = f"Mend {folder.MAPPING}, or configure it again with --account."
        return Check("callers", Verdict.BAD, "shared, but with nobody", advice)
    who = ", ".join(f"identities of {domain} as {account}" for domain, account in accounts.items())
    if len(set(accounts.values())) > 1:
        advice = "Map all to the one account that owns the database."
        return Check("callers", Verdict.BAD, f"shared: {who}", advice)
    if os.geteuid() != 0:
        found = f"shared with {who}; but an agent that is not root's serves its owner alone"
        return Check("callers", Verdict.BAD, found, "Run the agent as root, and this as well.")
    return Check("callers", Verdict.GOOD, f"shared: {who}")


def _workers(examined: Examined) -> Iterator[Check]:
    """Say what the workers have, and whether they can use the database."""
    try:
        workers = workers_of(examined.endpoint)
        versions = workers.versions()
    except BraidError as error:
        yield Check("workers", Verdict.BAD, "cannot be run", str(error))
        return
    found = f"{workers.python}: Python {versions.python}, braid-db {versions.braid_db}"
    if versions.braid_db != examined.version:
        advice = f"Here is braid-db {examined.version}: install the same there."
        yield Check("workers", Verdict.BAD, found, advice)
    else:
        yield Check("workers", Verdict.GOOD, found)
    yield _agent_version(versions.agent)
    seen = workers.database(create=False)
    if seen.error is not None:
        yield Check("database", Verdict.BAD, "cannot be used", seen.error)
        return
    yield Check("database", Verdict.GOOD, f"{seen.url}, schema {seen.schema}")
    if seen.url is not None and seen.url.startswith("sqlite:///"):
        yield from _file(Path(unquote(seen.url.removeprefix("sqlite:///"))))
    else:
        yield _disk(examined.endpoint.path, "beside the agent's log")


def _agent_version(version: str | None) -> Check:
    if version is None:
        advice = "Install it there: pip install 'braid-db[endpoint]'"
        return Check("agent", Verdict.BAD, "not installed beside the workers", advice)
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if number < OLDEST_AGENT:
        advice = "Upgrade it: pip install --upgrade 'braid-db[endpoint]'"
        return Check("agent", Verdict.BAD, f"globus-compute-endpoint {version}", advice)
    return Check("agent", Verdict.GOOD, f"globus-compute-endpoint {version}")


def _file(path: Path) -> Iterator[Check]:
    """Say how much room an SQLite file has, and who can read it."""
    yield _disk(path.parent, "beside the database")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if mode & 0o077:
        advice = f"Keep it to its owner: chmod 600 {path}"
        yield Check("database file", Verdict.REMARK, f"others can open it (mode {mode:o})", advice)


def _disk(path: Path, where: str) -> Check:
    """Say how much room there is."""
    try:
        free = shutil.disk_usage(path).free
    except OSError as error:
        return Check("disk", Verdict.REMARK, f"cannot be looked at ({error.strerror})")
    room = f"{free / (1 << 30):,.1f} GiB free {where}"
    if free < _LITTLE_ROOM_BYTES:
        return Check("disk", Verdict.BAD, room, "Make room: a full disk refuses every call.")
    return Check("disk", Verdict.GOOD, room)


def _permissions(endpoint: EndpointFolder) -> Check:
    """Say who can change what the endpoint does."""
    paths = [endpoint.path, *(endpoint.path / name for name in _FILES)]
    open_to_others = [
        path for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o022
    ]
    if open_to_others:
        named = " ".join(str(path) for path in open_to_others)
        advice = f"Keep it to its owner: chmod go-w {named}"
        return Check("permissions", Verdict.BAD, "others can change how it runs", advice)
    return Check("permissions", Verdict.GOOD, "only its owner can change how it runs")


_FILES = (folder.CONFIG, folder.TEMPLATE, folder.SCHEMA, folder.ENVIRONMENT, folder.MAPPING)


def _service(examined: Examined) -> Iterator[Check]:
    """Say what Globus knows of it."""
    service = examined.service
    try:
        yield Check("login", Verdict.GOOD, service.owner)
    except BraidError as error:
        yield Check("login", Verdict.BAD, "nobody is logged in", str(error))
        return
    for check in (_clock, _registered, _allowed, _online):
        try:
            yield check(examined)
        except BraidError as error:
            yield Check(check.__name__.strip("_"), Verdict.BAD, "Globus did not tell", str(error))


def _clock(examined: Examined) -> Check:
    offset_s = examined.service.clock_offset_s()
    if offset_s is None:
        return Check("clock", Verdict.REMARK, "Globus does not tell its time")
    found = f"{abs(offset_s):.0f} s {'ahead of' if offset_s > 0 else 'behind'} that of Globus"
    if abs(offset_s) > _MOST_OFF_S:
        advice = "Set the clock: the agent drops orders that seem too old."
        return Check("clock", Verdict.BAD, found, advice)
    return Check("clock", Verdict.GOOD, found)


def _compared(examined: Examined) -> list[Compared]:
    known = examined.registrations
    return compare_functions(examined.service, known, examined.functions, asking=True)


def _registered(examined: Examined) -> Check:
    wrong = [one for one in _compared(examined) if one.state is not State.CURRENT]
    if wrong:
        found = ", ".join(f"{one.name} {one.state}" for one in wrong)
        advice = f"Run: {' and '.join(_registering(wrong))}"
        return Check("registered", Verdict.BAD, found, advice)
    return Check("registered", Verdict.GOOD, f"{len(examined.functions)} functions, as they are")


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


def _allowed(examined: Examined) -> Check:
    allowed = allowed_functions(examined.endpoint)
    if allowed is None:
        advice = f"Run: braid-db endpoint configure {examined.endpoint.name} --allow-registered"
        return Check("allowed", Verdict.REMARK, "every function of whoever may call", advice)
    newest = examined.registrations.newest(examined.service.owner)
    wanted = [source.name for source in examined.functions]
    missing = [n for n in wanted if n in newest and newest[n].function_id not in allowed]
    if missing:
        advice = (
            f"Run: braid-db endpoint configure {examined.endpoint.name} --allow-registered, and "
            f"start the agent again"
        )
        return Check("allowed", Verdict.BAD, f"not {', '.join(missing)}", advice)
    return Check("allowed", Verdict.GOOD, f"{len(allowed)} functions")


def _running(endpoint: EndpointFolder) -> Iterator[Check]:
    """Say whether the agent runs, and what keeps it or its processes from being started."""
    left = left_by_killed(endpoint, mapped_accounts(endpoint).values())
    if left:
        longest_s = math.ceil(max(one.holds_s for one in left))
        killed = " and ".join(str(one.process) for one in left)
        found = f"process {killed} was killed; none starts in its place for {longest_s} s"
        paths = " ".join(shlex.quote(str(one.path)) for one in left)
        advice = f"Wait so long or, if it runs on no other machine either: rm {paths}"
        yield Check("left behind", Verdict.BAD, found, advice)
    process = agent_process(endpoint)
    if process is None:
        yield Check("running", Verdict.BAD, "no agent runs on this machine", _start(endpoint))
        return
    python = python_of(process)
    found = f"process {process}" + (f" of {python}" if python else "")
    if python is not None and not is_of_the_workers(endpoint, python):
        advice = f"Its workers are forked from it, and would be others. Stop it. {_start(endpoint)}"
        yield Check("running", Verdict.BAD, found, advice)
    else:
        yield Check("running", Verdict.GOOD, found)


def _online(examined: Examined) -> Check:
    endpoint = examined.endpoint
    endpoint_id = endpoint.endpoint_id
    if endpoint_id is None:
        found = "it has not registered itself yet"
        return Check("online", Verdict.BAD, found, _start(endpoint))
    if not examined.service.is_online(endpoint_id):
        advice = f"Look into {endpoint.path / 'endpoint.log'}"
        return Check("online", Verdict.BAD, f"Globus sees {endpoint_id} offline", advice)
    return Check("online", Verdict.GOOD, endpoint_id)


def _start(endpoint: EndpointFolder) -> str:
    return f"Start it: {agent_command(endpoint)} start {endpoint.name}"
