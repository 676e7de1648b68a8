"""A flow that transfers files in, computes and transfers back, for real: between folders, in
worker processes, by the command; and killed at every state on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument
from tests.effort import only_whole
from tests.flows.instrumenting.world import REGISTERED, TRANSFER

BEAMLINE, SCRATCH = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
KILLED = -signal.SIGKILL
MOST_DEATHS = 20

# Dies when it is to keep its second state: what that one did is done again by the next process.
MORTAL = """
import os, signal
from braid_db.flows import point
from braid_db.cli import main
save, kept = point.save, []
def save_or_die(*given):
    kept.append(given)
    if len(kept) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    save(*given)
point.save = save_or_die
main()
"""
IMMORTAL = "from braid_db.cli import main; main()"

COMPUTE = '''
def smooth(source, destination):
    """Average neighbouring values of one file into another, and say which."""
    import hashlib
    from pathlib import Path

    values = [float(line) for line in Path(source).read_text().split()]
    means = [(a + b) / 2 for a, b in zip(values, values[1:])]
    Path(destination).write_text(chr(10).join(map(str, means)))

    def said(path):
        sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return {"name": Path(path).name, "uris": "file://" + path, "sha256": sha256}

    told = {"inputs": [said(source)], "outputs": [said(destination)]}
    return {"made": Path(destination).name, "provenance": told}
'''


class Site:
    """A beamline and a cluster, each a folder that stands in for a collection."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.url = folder, database_url
        self.beamline, self.scratch = folder / "beamline", folder / "scratch"
        self.kept, self.log = folder / "kept.json", folder / "log.json"
        for each in (self.beamline, self.scratch):
            each.mkdir()
        (self.beamline / "raw.txt").write_text("1\n2\n4\n")
        (self.beamline / "dark.txt").write_text("0\n0\n")
        (folder / "compute.py").write_text(COMPUTE)
        bases = {
            BEAMLINE: f"file://site.example.org{self.beamline}/",
            SCRATCH: f"file://site.example.org{self.scratch}/",
        }
        named = {"BRAID_DB_HOST": "site.example.org", "BRAID_DB_COLLECTIONS": json.dumps(bases)}
        self._environment = {**os.environ, **named, "BRAID_DB_URL": database_url}

    def weave(self, mode: str) -> Path:
        woven = instrument(self.definition(), mode=mode, registered=REGISTERED).definition
        path = self.folder / f"{mode}.json"
        path.write_text(json.dumps(woven))
        return path

    def definition(self) -> dict[str, Any]:
        kwargs = {
            "source": str(self.scratch / "raw.txt"),
            "destination": str(self.scratch / "smooth.txt"),
        }
        task = {"function_id": "smooth", "kwargs": kwargs}
        smooth = {"endpoint_id": "e", "tasks": [task]}
        into = [{"source_path": f"/{it}", "destination_path": f"/{it}"} for it in FILES]
        out = {"source_path": "/smooth.txt", "destination_path": "/results.txt"}
        states = {
            "In": act(TRANSFER, "In", "Smooth", **ends(BEAMLINE, SCRATCH), DATA=into),
            "Smooth": act("https://compute.actions.globus.org/v3", "Smooth", "Back", **smooth),
            "Back": act(TRANSFER, "Back", None, **ends(SCRATCH, BEAMLINE), DATA=[out]),
        }
        return {"StartAt": "In", "States": states}

    def braid_db(self, *arguments: str, script: str = IMMORTAL) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(
            command, env=self._environment, cwd=self.folder, capture_output=True, text=True
        )

    def answer(self, *arguments: str) -> Any:
        done = self.braid_db(*arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, definition: Path, script: str = IMMORTAL) -> int:
        """Run a definition, or go on with it, and return the exit code."""
        folders = {BEAMLINE: self.beamline, SCRATCH: self.scratch}
        stand_ins = [f"--collection={uuid}={folder}" for uuid, folder in folders.items()]
        keeping = ["--state", str(self.kept), "--log", str(self.log), "--run-id", "R"]
        done = self.braid_db("flow", "run", str(definition), *stand_ins, *keeping, script=script)
        assert done.returncode in (0, KILLED), done.stderr
        return done.returncode

    def uri(self, folder: Path, name: str) -> str:
        return f"file://site.example.org{folder / name}"

    def records(self) -> Counter[tuple[str, str, int]]:
        """Return the kind, name and version of each record."""
        listed = self.answer("record", "list", "--limit", "0")["records"]
        return Counter(
            (one["kind"], one["name"] if "task" not in one["name"] else "task", one["version"])
            for one in listed
        )


FILES = ("raw.txt", "dark.txt")


def act(url: str, name: str, following: str | None, **parameters: Any) -> dict[str, Any]:
    end = {"Next": following} if following else {"End": True}
    own = {"Type": "Action", "ActionUrl": url, "Parameters": parameters}
    return {**own, "ResultPath": f"$.{name}", **end}


def ends(source: str, destination: str) -> dict[str, str]:
    return {"source_endpoint": source, "destination_endpoint": destination}


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Site:
    return Site(tmp_path, database_url)


@pytest.mark.parametrize("mode", ["each", "once"])
def test_a_recall_of_what_came_in_reaches_what_went_back_and_nothing_else(
    site: Site, mode: str
) -> None:
    assert site.run(site.weave(mode)) == 0
    assert (site.beamline / "results.txt").read_text() == "1.5\n3.0"
    source = site.uri(site.beamline, "raw.txt")
    seen = site.answer("recall", "make", source, "--cause", "misaligned", "--dry-run")
    moved = {f"{BEAMLINE}:/raw.txt", f"{SCRATCH}:/raw.txt", f"{BEAMLINE}:/results.txt"}
    assert reached(seen) == {*moved, "Action Step Smooth", "smooth.txt"}
    dark = site.uri(site.beamline, "dark.txt")
    beside = site.answer("recall", "make", dark, "--cause", "shutter", "--dry-run")
    assert reached(beside) == {f"{BEAMLINE}:/dark.txt", f"{SCRATCH}:/dark.txt"}


def reached(seen: dict[str, Any]) -> set[str]:
    """Return what a recall starts from and reaches: steps by name, files by collection and path."""
    names = [one["name"] for one in (*seen["roots"], *seen["reached"]["records"])]
    return {name.split()[-1] if name.startswith("Globus transfer") else name for name in names}


@pytest.mark.parametrize(
    "mode", ["each", pytest.param("once", marks=only_whole("a process for each state of a run"))]
)
def test_a_run_killed_at_every_state_is_recorded_as_one_that_was_not(site: Site, mode: str) -> None:
    definition = site.weave(mode)
    deaths = 0
    while site.run(definition, MORTAL) == KILLED:
        deaths += 1
        assert deaths < MOST_DEATHS
    assert deaths >= 3
    actions = ("Action Step Smooth", "task")
    found = site.records()
    assert sum(count for (_, name, _), count in found.items() if name in actions) == 3
    assert {version for _, _, version in found} == {1}
    log = ["flow", "reconcile", str(site.log), "--definition", str(definition)]
    [run] = site.answer(*log)["runs"]
    assert run["new"] == []
    assert site.records() == found
