"""The quickstart of each use case: what it is to show is there."""

from __future__ import annotations

import subprocess

import pytest

from tests.use_cases.case import FLOWS, UseCase

CASES = sorted(path.name for path in FLOWS.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", CASES)
def test_every_use_case_says_what_the_quickstart_shows(name: str) -> None:
    case = UseCase(name)
    told = case.read("quickstart.json")
    assert told.keys() == {"table_of", "result", "called", "try"}
    assert told["table_of"] in case.read("definition.json")["States"]
    assert "{folder}" in "".join(told["try"])


@pytest.mark.parametrize("name", CASES)
def test_every_use_case_stands_in_the_readme(name: str) -> None:
    text = (FLOWS.parent / "README.md").read_text(encoding="utf-8")
    assert f"[flows/{name}](flows/{name}/README.md)" in text


@pytest.mark.parametrize("name", ["brag_nn", ""])
def test_an_unknown_use_case_is_refused_and_the_known_ones_are_named(name: str) -> None:
    script = FLOWS.parent / "scripts" / "quickstart"
    done = subprocess.run([script, name], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no use case '{name}'" in done.stderr
    assert " ".join(CASES) in done.stderr
