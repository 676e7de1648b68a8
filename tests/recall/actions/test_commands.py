"""Tests of which programs an action may run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from braid_db.recall.commands import AllowedCommands, NotAllowed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the programs ``tell`` and ``drop``, and a file that is none."""
    for name, mode in (("tell", 0o755), ("drop", 0o755), ("notes", 0o644)):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(mode)
    return tmp_path


def refusal(commands: AllowedCommands, command: str) -> str:
    """Return why a command may not be run."""
    with pytest.raises(NotAllowed) as caught:
        commands.path_of(command)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_nothing_is_allowed_that_the_owner_does_not_name(folder: Path) -> None:
    commands = AllowedCommands([], str(folder))
    for command in (str(folder / "tell"), "tell", "/bin/sh", "sh"):
        assert "not allowed" in refusal(commands, command) or "not found" in refusal(
            commands, command
        )


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("allowed_by_name", [False, True])
def test_a_program_is_allowed_by_its_path_and_by_its_name(
    folder: Path, by_name: bool, allowed_by_name: bool
) -> None:
    path = str(folder / "tell")
    commands = AllowedCommands(["tell" if allowed_by_name else path], str(folder))
    assert commands.path_of("tell" if by_name else path) == path
    assert "not allowed" in refusal(commands, str(folder / "drop"))


def test_a_name_that_leads_to_another_program_than_the_allowed_one_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "earlier"
    other.mkdir()
    (other / "tell").write_text("#!/bin/sh\n")
    (other / "tell").chmod(0o755)
    commands = AllowedCommands([str(folder / "tell")], f"{other}{os.pathsep}{folder}")
    assert "'tell', here" in refusal(commands, "tell")


def test_another_way_to_write_an_allowed_path_is_refused(folder: Path) -> None:
    commands = AllowedCommands([str(folder / "tell")], "")
    for command in (
        f"{folder}/./tell",
        f"{folder}//tell",
        f"{folder}/x/../tell",
        f"/{folder}/tell",
    ):
        assert "not allowed" in refusal(commands, command)


def test_a_link_is_another_program_than_what_it_leads_to(folder: Path) -> None:
    (folder / "many").symlink_to(folder / "tell")
    assert "not allowed" in refusal(
        AllowedCommands([str(folder / "many")], ""), str(folder / "tell")
    )
    assert "not allowed" in refusal(
        AllowedCommands([str(folder / "tell")], ""), str(folder / "many")
    )
    allowed = AllowedCommands([str(folder / "many")], "")
    assert allowed.path_of(str(folder / "many")) == str(folder / "many")


@pytest.mark.parametrize("command", ["./tell", "x/tell", "../tell", "tell/"])
def test_a_relative_path_is_refused(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    commands = AllowedCommands([str(folder / "tell"), "tell"], str(folder))
    assert "is a relative path, which no setting can allow" in refusal(commands, command)


@pytest.mark.parametrize("search", ["", ".", ":", "relative:", "./"])
def test_a_name_is_never_looked_up_in_the_current_folder(
    folder: Path, search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert "is not found on this machine" in refusal(AllowedCommands(["tell"], search), "tell")


@pytest.mark.parametrize("name", ["absent", "notes", ".", "..", "", "a\nb", "tell\0", "x" * 5000])
def test_what_is_no_program_here_is_refused(folder: Path, name: str) -> None:
    assert "is not found on this machine" in refusal(AllowedCommands([name], str(folder)), name)


@pytest.mark.parametrize("name", ["absent", "notes", "", "tell\0", "x" * 5000])
def test_an_allowed_path_without_a_program_is_refused(folder: Path, name: str) -> None:
    path = f"{folder}/{name}"
    assert "is allowed, but there is no program" in refusal(AllowedCommands([path], ""), path)
