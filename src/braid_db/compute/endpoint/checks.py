"""Whether an endpoint is as it should be: one check after another, each with what to do."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

from braid_db.compute.endpoint import folder, verdicts
from braid_db.compute.endpoint.configuring import (
    allowed_functions,
    is_shared,
    lacks_address,
    mapped_accounts,
    read_yaml,
)
from braid_db.compute.endpoint.folder import EndpointFolder
from braid_db.compute.endpoint.running import agent_process, left_by_killed, logs_of, python_of
from braid_db.compute.endpoint.seen import AGENT, agent_command, is_of_the_workers, workers_of
from braid_db.compute.endpoint.verdicts import Check, Verdict
from braid_db.compute.registering import compare_functions
from braid_db.compute.registrations import Registration, Registrations
from braid_db.compute.service import ComputeService
from braid_db.compute.sources import FunctionSource
from braid_db.errors import BraidError, shown


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

    def registered(self) -> dict[str, Registration]:
        """Return how the functions are registered, by name: as they are here, where they are."""
        compared = compare_functions(self.service, self.registrations, self.functions, asking=False)
        return {one.name: one.registration for one in compared if one.registration}


Parts = Mapping[str, Callable[[Examined], Iterator[Check]]]


def examine(examined: Examined) -> Iterator[Check]:
    """Yield one check after another; what fails does not keep the others from being made."""
    endpoint = examined.endpoint
    try:
        is_configured = endpoint.is_configured
    except BraidError as error:
        yield Check("configuration", Verdict.BAD, "cannot be read", str(error))
        return
    if not is_configured:
        yield Check(
            "configuration", Verdict.BAD, f"no endpoint '{endpoint.name}'",
            f"Make it: braid-db endpoint configure {endpoint.name}",
        )  # fmt: skip
        return
    yield Check("configuration", Verdict.GOOD, str(endpoint.path))
    if find_spec("yaml") is None:
        advice = "Install it: pip install 'braid-db[endpoint]'"
        yield Check("agent installed", Verdict.BAD, "not where this command runs", advice)
        parts: Parts = {"permissions": _permissions, "login": _service}
    else:
        parts = _PARTS
    for name, part in parts.items():
        yield from attempted(name, partial(part, examined))


def attempted(name: str, part: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Yield checks; one that cannot be made is a check of this name that is bad."""
    try:
        yield from part()
    except BraidError as error:
        yield Check(name, Verdict.BAD, "cannot be told", str(error))
    except Exception as error:  # noqa: BLE001 - the SDK lets through whatever it meets
        found = f"cannot be told ({type(error).__name__})"
        yield Check(name, Verdict.BAD, found, shown(str(error), 300))


def _callers(examined: Examined) -> Iterator[Check]:
    """Say who may call."""
    endpoint = examined.endpoint
    if lacks_address(endpoint):
        advice = f"Name one: braid-db endpoint configure {endpoint.name} --email ADDRESS"
        found = "nobody: root's agent starts only with an address that Globus can write to"
        yield Check("callers", Verdict.BAD, found, advice)
    elif is_shared(endpoint):
        yield _shared_with(endpoint)
    else:
        who = "personal: only the Globus identity that starts it, and those linked to it"
        yield Check("callers", Verdict.GOOD, who)


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
    yield verdicts.workers(workers.python, versions, examined.version)
    yield verdicts.agent(versions.agent)
    seen = workers.database(create=False)
    if seen.error is not None:
        yield Check("database", Verdict.BAD, "cannot be used", seen.error)
        return
    yield Check("database", Verdict.GOOD, f"{seen.url}, schema {seen.schema}")
    if seen.url is not None and seen.url.startswith("sqlite:///"):
        yield from _file(Path(unquote(seen.url.removeprefix("sqlite:///"))))
    else:
        yield _disk(examined.endpoint.path, "beside the agent's log")


def _file(path: Path) -> Iterator[Check]:
    """Say how much room an SQLite file has, and who can read it."""
    yield _disk(path.parent, "beside the database")
    with suppress(OSError):
        yield from verdicts.database_file(path, path.stat().st_mode)


def _disk(path: Path, where: str) -> Check:
    """Say how much room there is."""
    try:
        return verdicts.room(shutil.disk_usage(path).free, where)
    except OSError as error:
        return Check("disk", Verdict.REMARK, f"cannot be looked at ({error.strerror})")


def _permissions(examined: Examined) -> Iterator[Check]:
    """Say who can change what the endpoint does."""
    endpoint = examined.endpoint
    paths = [endpoint.path, *(endpoint.path / name for name in _FILES)]
    open_to_others = [
        path for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o022
    ]
    if open_to_others:
        named = " ".join(str(path) for path in open_to_others)
        advice = f"Keep it to its owner: chmod go-w {named}"
        yield Check("permissions", Verdict.BAD, "others can change how it runs", advice)
    else:
        yield Check("permissions", Verdict.GOOD, "only its owner can change how it runs")


_FILES = (folder.CONFIG, folder.TEMPLATE, folder.SCHEMA, folder.ENVIRONMENT, folder.MAPPING)


def _service(examined: Examined) -> Iterator[Check]:
    """Say what Globus knows of it."""
    try:
        yield Check("login", Verdict.GOOD, examined.service.owner)
    except BraidError as error:
        yield Check("login", Verdict.BAD, "nobody is logged in", str(error))
        return
    for check in (_clock, _registered, _allowed, _online):
        yield from attempted(check.__name__.strip("_"), partial(check, examined))


def _clock(examined: Examined) -> Iterator[Check]:
    yield verdicts.clock(examined.service.clock_offset_s())


def _registered(examined: Examined) -> Iterator[Check]:
    known = examined.registrations
    yield verdicts.registered(
        compare_functions(examined.service, known, examined.functions, asking=True)
    )


def _allowed(examined: Examined) -> Iterator[Check]:
    names = [source.name for source in examined.functions]
    ids = allowed_functions(examined.endpoint)
    yield verdicts.allowed(examined.endpoint.name, ids, names, examined.registered())


def _running(examined: Examined) -> Iterator[Check]:
    """Say whether the agent runs, and what keeps it or its processes from being started."""
    endpoint = examined.endpoint
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
        advice = f"Its workers have its Python, and would be others. Stop it. {_start(endpoint)}"
        yield Check("running", Verdict.BAD, found, advice)
    else:
        yield Check("running", Verdict.GOOD, found)


def processes(examined: Examined) -> Iterator[Check]:
    """Say whether the agent could start a process that runs functions, without starting one."""
    endpoint = examined.endpoint
    workers = workers_of(endpoint)
    program = workers.python.with_name(AGENT)
    path = workers.variables.get("PATH")
    if not program.exists():
        return  # which is said of the agent
    if path is not None and shutil.which(AGENT, path=path) is None:
        advice = f"Put {program.parent} into that PATH, or take the line away."
        found = f"none: the PATH in {folder.ENVIRONMENT} leads to no {AGENT}"
        yield Check("processes", Verdict.BAD, found, advice)
        return
    template = endpoint.path / folder.TEMPLATE
    # The agent reads both before it becomes the account that functions run as.
    agent = replace(workers, account=None)
    done = agent.render(program, template, endpoint.path / folder.SCHEMA)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
        advice = f"Mend {template} or {folder.SCHEMA}, or move it away and configure it again."
        yield Check("processes", Verdict.BAD, f"none: {shown(last, 300)}", advice)
        return
    as_rendered = replace(endpoint, planned={folder.TEMPLATE: done.stdout})
    engine = read_yaml(as_rendered, folder.TEMPLATE).get("engine")
    if isinstance(engine, dict) and engine.get("type"):
        yield Check("processes", Verdict.GOOD, str(engine["type"]))
    else:
        advice = f"Move {template} away and configure it again, which writes it anew."
        found = f"none: {folder.TEMPLATE} names no engine"
        yield Check("processes", Verdict.BAD, found, advice)


def _online(examined: Examined) -> Iterator[Check]:
    endpoint = examined.endpoint
    endpoint_id = endpoint.endpoint_id
    if endpoint_id is None:
        found = "it has not registered itself yet"
        yield Check("online", Verdict.BAD, found, _start(endpoint))
    elif not examined.service.is_online(endpoint_id):
        advice = f"Look into {endpoint.path / 'endpoint.log'}"
        yield Check("online", Verdict.BAD, f"Globus sees {endpoint_id} offline", advice)
    else:
        yield Check("online", Verdict.GOOD, endpoint_id)


def where_it_is_told(examined: Examined) -> str:
    """Return what to do about a call that did not come back, although the agent may run."""
    logs = logs_of(examined.endpoint, mapped_accounts(examined.endpoint).values())
    named = " and ".join(map(str, logs))
    return f"Mend what is bad above; else the last lines of {named} say what keeps it"


def _start(endpoint: EndpointFolder) -> str:
    return f"Start it: {agent_command(endpoint)} start {endpoint.name}"


_PARTS: Parts = {
    "callers": _callers,
    "workers": _workers,
    "processes": processes,
    "permissions": _permissions,
    "running": _running,
    "login": _service,
}
