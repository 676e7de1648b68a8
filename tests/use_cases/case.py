"""A use case: its files, its science as a worker gets it, and its flow, run and recorded."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from braid_db.cli import main
from braid_db.compute import sources
from tests.effort import costly

FLOWS = Path(__file__).parents[2] / "flows"


class UseCase:
    """One folder of ``flows/``."""

    def __init__(self, name: str) -> None:
        self.folder = FLOWS / name

    def read(self, name: str) -> dict[str, Any]:
        """Return what is in one of its JSON files."""
        found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return found

    def science(self) -> SimpleNamespace:
        """Return each compute function, made from its own text alone as on a worker."""
        text = sources.read_text(self.folder / "compute.py")
        names = sources.public_functions(text, "compute.py")
        alone = {name: sources.definition_alone(name, text) for name in names}
        return SimpleNamespace(**{name: sources.load(source) for name, source in alone.items()})

    def headings(self) -> list[str]:
        """Return the headings of the README's sections."""
        return [part.split("\n")[0] for part in self._readme().split("\n## ")[1:]]

    def section(self, heading: str) -> str:
        """Return what stands below one heading of the README."""
        return self._readme().split(f"\n## {heading}\n")[1].split("\n## ")[0]

    def _readme(self) -> str:
        return (self.folder / "README.md").read_text(encoding="utf-8")

    def output_of_readme(self, heading: str, folder: Path) -> str:
        """Run the commands of one section, but in another folder, and return what they print.

        What is fenced is output.
        """
        told = "".join(self.section(heading).split("```")[::2])
        lines = [line for line in told.splitlines() if line.startswith("    ")]
        script = "\n".join(lines).replace("/tmp/", f"{folder}/")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=FLOWS.parent,
            env=os.environ | {"PATH": path, "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


class Recorded:
    """A work folder and a database, asked by the commands that a scientist uses."""

    def __init__(self, case: UseCase, folder: Path, database_url: str) -> None:
        self.case = case
        self.folder = folder
        self.url = database_url

    def printed(self, *arguments: str) -> str:
        """Return what a command prints; it runs in this process, as starting one costs more."""
        done = CliRunner().invoke(main, arguments, env={"BRAID_DB_URL": self.url})
        assert done.exit_code == 0, done.stderr or done.exception
        return done.stdout

    def command(self, *arguments: str) -> Any:
        """Return what a command answers."""
        return json.loads(self.printed(*arguments, "--format", "json"))

    def run(self, definition: str = "provenance.json", **settings: Any) -> dict[str, Any]:
        """Run the flow, and return its final state."""
        told = {"work_folder": str(self.folder)} | settings
        line = ["flow", "run", str(self.case.folder / definition)]
        line += ["--input", str(self.case.folder / "input.json")]
        for key, value in told.items():
            line += ["--set", f"{key}={json.dumps(value)}"]
        done = self.command(*line)
        assert done["status"] == "SUCCEEDED"
        state: dict[str, Any] = done["state"]
        return state

    def lineage(self, file: str, direction: str, *more: str) -> set[tuple[str, str]]:
        """Return kinds and names of what is in the lineage of a file in the work folder.

        By data: a flow's order would bring in all that ran before.
        """
        path = str(self.folder / file)
        found = self.command(
            "record", "lineage", path, direction, "--by-data", "--limit", "0", *more
        )
        assert not found["is_cut"]
        named = [
            (record["kind"], told_apart(record["name"], record["tags"]))
            for record in found["records"]
        ]
        assert len(set(named)) == len(named)
        return set(named)

    def records(self) -> list[dict[str, Any]]:
        """Return all records as they are now."""
        found: list[dict[str, Any]] = self.command("record", "list", "--limit", "0")["records"]
        return found

    def edit(self, name: str, **changes: object) -> None:
        """Change a configuration file by hand."""
        path = self.folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def recorded_once(case: UseCase) -> Any:
    """Return a fixture: what one run of a flow recorded on each database, not to be changed."""

    @pytest.fixture(scope="module", params=["sqlite", "postgresql"][: costly(10)])
    def recorded(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Recorded]:
        folder = tmp_path_factory.mktemp("recorded")
        with ExitStack() as stack:
            url = f"sqlite:///{folder}/braid.db"
            if request.param == "postgresql":
                server = request.getfixturevalue("postgresql_server")
                url = stack.enter_context(server.new_database())
            once = Recorded(case, folder / "work", url)
            once.run()
            yield once

    return recorded


once = pytest.mark.parametrize("recorded", ["sqlite"], indirect=True)
"""What one database shows as well as two: a test that asks files, and not the database."""


def told_apart(name: str, tags: Mapping[str, Any]) -> str:
    """Return a step's name with what its function was given: in a loop all have one name.

    Of a path its last part; what is no word or number is left out, and so is the work folder.
    """
    [task] = tags.get("parameters.tasks", [{"kwargs": {}}])
    given = {key: value for key, value in task["kwargs"].items() if key != "work_folder"}
    words = [str(value) for value in given.values() if isinstance(value, str | int)]
    return " ".join([name, *(Path(word).name for word in words)])


def sha256(path: Path) -> str:
    """Return a file's checksum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
