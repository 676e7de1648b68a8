"""Tests of the file that knows which functions are registered."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from braid_db.compute.errors import RegistrationsUnreadable
from braid_db.compute.owned_file import replace_file
from braid_db.compute.registrations import Registration, Registrations
from tests.store.processes import at_once

OWNER = "production/2fd0b1a4-1f9c-4a0b-9a59-0d2f8f3b7c11"


def registration(name: str, number: int = 0) -> Registration:
    return Registration(
        name=name,
        function_id=f"00000000-0000-4000-8000-{number:012}",
        sha256=f"{number:064x}",
        public=False,
        group=None,
        registered_at="2026-11-25T10:00:00Z",
    )


@pytest.fixture
def registrations(tmp_path: Path) -> Registrations:
    return Registrations(tmp_path / "kept" / "functions.json")


def test_nothing_is_registered_before_anything_is(registrations: Registrations) -> None:
    assert registrations.of(OWNER) == []
    assert registrations.newest(OWNER) == {}


def test_what_was_added_is_there_for_its_owner_alone(registrations: Registrations) -> None:
    with registrations.locked():
        for number, name in enumerate(["a", "b", "a"]):
            registrations.add(OWNER, registration(name, number))
    again = Registrations(registrations.path)
    assert [one.name for one in again.of(OWNER)] == ["a", "b", "a"]
    assert again.newest(OWNER) == {"a": registration("a", 2), "b": registration("b", 1)}
    assert again.of("sandbox/somebody") == []


def test_what_is_added_again_is_the_newest_and_there_once(registrations: Registrations) -> None:
    with registrations.locked():
        for number in (1, 2, 1):
            registrations.add(OWNER, registration("a", number))
    assert registrations.of(OWNER) == [registration("a", 2), registration("a", 1)]
    assert registrations.newest(OWNER) == {"a": registration("a", 1)}


def add_one(number: int, path: str) -> None:
    registrations = Registrations(Path(path))
    with registrations.locked():
        registrations.add(OWNER, registration("a", number))


def test_ten_processes_at_once_lose_nothing(registrations: Registrations) -> None:
    at_once(10, add_one, str(registrations.path))
    ids = {one.function_id for one in registrations.of(OWNER)}
    assert ids == {registration("a", number).function_id for number in range(10)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"format": 1}',
        '{"format": 1, "registered": {"x": [{"name": "a"}]}}',
        '{"format": 1, "registered": {"x": 3}}',
    ],
)
def test_a_file_that_holds_something_else_is_refused_and_left_as_it_is(
    registrations: Registrations, text: str
) -> None:
    registrations.path.parent.mkdir()
    registrations.path.write_text(text)
    with pytest.raises(RegistrationsUnreadable, match="does not hold what it should"):
        registrations.add(OWNER, registration("a"))
    assert registrations.path.read_text() == text


def test_a_file_of_another_version_says_so(registrations: Registrations) -> None:
    registrations.path.parent.mkdir()
    registrations.path.write_text(json.dumps({"format": 2}))
    with pytest.raises(RegistrationsUnreadable, match="another version"):
        registrations.of(OWNER)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    registrations = Registrations(tmp_path / "file" / "functions.json")
    with pytest.raises(RegistrationsUnreadable, match="cannot be written"), registrations.locked():
        pass


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    replace_file(link, "new")
    assert target.read_text() == "new\n"
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(tmp_path.iterdir()) == [link, target]


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    replace_file(tmp_path / "new", "{}")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_file_that_cannot_be_replaced_stays_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "folder", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
