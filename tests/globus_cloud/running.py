"""The processes that run flows, one for each run: a program that the stand-in is told of.

It is given a folder, with ``run.json`` in it: ``{"definition", "input", "context", "providers",
"token"}``, of which the last two say where action providers are and how to call them for the one
who started the run. It writes ``log.json``, a list of entries as the service tells them, whole
whenever it is read. It goes on with what it finds in its folder, ends with its standard input.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Running:
    """The processes, and what they leave.

    :param folder: where each run has a folder.
    :param command: the program, with its arguments before the folder.
    :param ended: told the id of a run whose process has ended.
    """

    def __init__(self, folder: Path, command: Sequence[str], ended: Callable[[str], None]) -> None:
        self._folder, self._command, self._ended = folder, list(command), ended
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self, run_id: str, order: dict[str, Any]) -> None:
        """Make the folder of a run that is to be started."""
        folder = self._folder / run_id
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(order))

    def go_on(self, run_id: str) -> None:
        """Start the process of a run, which begins, or goes on where an earlier one was killed."""
        folder = self._folder / run_id
        with (folder / "output.log").open("ab") as output:
            process = subprocess.Popen(
                [*self._command, str(folder)], stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        self._processes[run_id] = process
        threading.Thread(target=self._wait, args=(run_id, process), daemon=True).start()

    def end(self, run_id: str) -> None:
        """Kill the process of a run."""
        if process := self._processes.get(run_id):
            process.kill()
            process.wait()

    def order(self, run_id: str) -> dict[str, Any]:
        """Return what a run was begun with."""
        order: dict[str, Any] = json.loads((self._folder / run_id / "run.json").read_text())
        return order

    def log(self, run_id: str) -> list[Entry]:
        """Return what a run has told so far."""
        path = self._folder / run_id / "log.json"
        for _ in range(100):
            try:
                entries: list[Entry] = json.loads(path.read_text())
            except ValueError:
                continue  # read while it was written
            except FileNotFoundError:
                break
            return entries
        return []

    def output(self, run_id: str) -> str:
        """Return what the process of a run has printed last."""
        return (self._folder / run_id / "output.log").read_text(errors="replace")[-2000:]

    def _wait(self, run_id: str, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._ended(run_id)
