"""Tests that each of the suite's functions runs from its text, as a file and as its def alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from braid_db.compute import FunctionSource, LocalWorkers, WorkerSettings, sources
from braid_db.resources import functions_folder

FILES = sorted(functions_folder().glob("*.py"))


def both_forms(file: Path) -> tuple[FunctionSource, FunctionSource]:
    return sources.read_file(file), sources.definition_alone(file.stem, file.read_text("utf-8"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorkers]:
    """Return workers that own an empty provenance database."""
    database = str(tmp_path_factory.mktemp("database") / "braid.db")
    with LocalWorkers(WorkerSettings(environment={"BRAID_DB_URL": database})) as workers:
        yield workers


def test_the_suite_has_functions() -> None:
    assert "add_record_for_action_step" in [file.stem for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_functions_signature_is_written_out_in_both_forms(file: Path) -> None:
    whole, alone = (inspect.signature(sources.load(source)) for source in both_forms(file))
    assert whole == alone
    named = [p for p in whole.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert named


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_function_answers_alike_from_both_forms(file: Path, recording: LocalWorkers) -> None:
    # Without arguments some record and some refuse; either way it is the function that answers.
    whole, alone = (recording.run("e", source, [], {}, limit_s=60) for source in both_forms(file))
    assert whole.failed is alone.failed
    assert whole.summary == alone.summary
    if not whole.failed:
        assert set(whole.result) == set(alone.result)
    assert "\n" not in whole.summary
