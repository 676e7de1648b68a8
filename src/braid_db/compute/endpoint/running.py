"""Whether an endpoint's agent runs, and what processes that were killed have left in its way.

The agent, and each process that it starts to run functions, says in a file that it runs, and
touches that file every 15 s. One that finds such a file starts only when it has not been touched
for three heartbeats; until then a start, or each call, is refused.

Source: globus-compute-endpoint 4.19, read and tried by killing both.
"""

from __future__ import annotations

import pwd
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from braid_db.compute.endpoint import folder
from braid_db.compute.endpoint.folder import EndpointFolder

_FILE = "daemon.pid"
_LOG = "endpoint.log"
_TITLE = re.compile(r"Globus Compute Endpoint \*.* \[(/\S+) /\S+ start ")
_HEARTBEAT = re.compile(r"^heartbeat_period: *([0-9.]+)", re.MULTILINE)
_DEFAULT_HEARTBEAT_S = 30.0
_SHORTEST_HEARTBEAT_S = 5.0
_SILENT_S = 60.0
"""What has not touched its file for so long does not run; its number may be another's by now."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A file by which a process says that it runs.

    :param silent_s: for how many seconds it has not been touched.
    :param patience_s: for how long it then keeps another from starting.
    """

    path: Path
    process: int
    silent_s: float
    patience_s: float

    @property
    def holds_s(self) -> float:
        """For how many more seconds it does so; not above 0 where it does no more."""
        return self.patience_s - self.silent_s

    @property
    def is_true(self) -> bool:
        """Whether its process runs on this machine."""
        if self.silent_s > max(_SILENT_S, self.patience_s):
            return False
        try:
            told = Path(f"/proc/{self.process}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        # One that has ended stays for as long as nobody asks how.
        return told.rpartition(")")[2].split()[0] not in ("Z", "X")


def agent_process(endpoint: EndpointFolder) -> int | None:
    """Return the process id of an endpoint's agent, if that runs on this machine."""
    sign = _agents_sign(endpoint)
    return sign.process if sign is not None and sign.is_true else None


def python_of(process: int) -> Path | None:
    """Return the interpreter that an agent was started with; None where its title doesn't tell."""
    try:
        title = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    told = _TITLE.match(title.replace("\0", " "))
    return Path(told[1]) if told else None


def left_by_killed(endpoint: EndpointFolder, accounts: Iterable[str]) -> list[Sign]:
    """Return what keeps an endpoint's agent, or the processes that it would start, from starting.

    Another machine that shares the folder may still run them.

    :param accounts: those that run functions, where it is not the agent's own.
    """
    signs = [_agents_sign(endpoint), *_signs_of_functions(endpoint, accounts)]
    return [one for one in signs if one is not None and one.holds_s > 0 and not one.is_true]


def logs_of(endpoint: EndpointFolder, accounts: Iterable[str]) -> list[Path]:
    """Return the logs of an endpoint: its agent's, then those of the processes that it started.

    :param accounts: those that run functions, where it is not the agent's own.
    """
    ours = f"uep.{endpoint.endpoint_id}.*/{_LOG}"
    started = [path for base in _bases(endpoint, accounts) for path in sorted(base.glob(ours))]
    return [endpoint.path / _LOG, *started]


def _agents_sign(endpoint: EndpointFolder) -> Sign | None:
    return _sign(endpoint.path / _FILE, endpoint.text(folder.CONFIG))


def _signs_of_functions(endpoint: EndpointFolder, accounts: Iterable[str]) -> Iterator[Sign | None]:
    """Yield the signs of the processes that run functions."""
    template = endpoint.text(folder.TEMPLATE)
    for base in _bases(endpoint, accounts):
        for path in sorted(base.glob(f"uep.{endpoint.endpoint_id}.*/{_FILE}")):
            yield _sign(path, template)


def _bases(endpoint: EndpointFolder, accounts: Iterable[str]) -> list[Path]:
    """Return the folders in which the processes that run functions keep folders of their own."""
    return [endpoint.path.parent, *_folders_of(accounts)]


def _folders_of(accounts: Iterable[str]) -> Iterator[Path]:
    """Yield where the agent keeps what it has started as other accounts."""
    for account in sorted(set(accounts)):
        with suppress(KeyError):
            yield Path(pwd.getpwnam(account).pw_dir, ".globus_compute")


def _sign(path: Path, configuration: str | None) -> Sign | None:
    """Return a sign; None where there is none."""
    told = _HEARTBEAT.search(configuration or "")
    heartbeat_s = float(told[1]) if told else _DEFAULT_HEARTBEAT_S
    try:
        process = int(path.read_text(encoding="ascii").split()[0])
        silent_s = time.time() - path.stat().st_mtime
    except (OSError, ValueError, IndexError):
        return None
    patience_s = 3 * max(heartbeat_s, _SHORTEST_HEARTBEAT_S)
    return Sign(path, process, silent_s, patience_s)
