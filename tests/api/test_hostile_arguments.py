"""Tests that every argument of the API is answered or refused in a sentence, whatever it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from braid_db import BraidData, BraidDB, BraidModel, StateFile
from braid_db.errors import BraidError, InvalidArgument, SettingsError, VersionNotFound
from braid_db.model import Kind
from braid_db.store.tables import metadata
from tests.api.hostile import HOSTILE, NUMBERS, WITHIN, Call, Story, parameters_of, public_methods
from tests.functions.calls import FOREIGN_WORDS

METHODS = sorted(
    {
        name
        for kind in WITHIN
        for name in public_methods(kind)
        if {one.name for one in parameters_of(getattr(kind, name))} - {"self"}
    }
    | {"__init__", "digits", "BraidTagValue"}
)


@pytest.fixture
def story(db: BraidDB) -> Story:
    """A model of two versions, and a scan that went into the second."""
    scan = BraidData(db, "scan", uris="file:///data/scan")
    model = BraidModel(db, "model", tags={"k": "v"}).update(scan, tags={"loss": 0.1})
    return Story(db, model, scan)


def everything(db: BraidDB) -> list[str]:
    """Return all rows of all tables, in an order of their own."""
    with db.engine.connect() as connection:
        return [
            repr(sorted(map(repr, connection.execute(table.select()))))
            for table in metadata.sorted_tables
        ]


def prepare(call: Call, story: Story) -> Call:
    """Return a call that can be carried out once more, as that of a recall."""
    if call.name == "reinstate":
        story.model.invalidate("to be taken back")
        if call.function == story.db.reinstate:
            standing = story.db.recalls(only_standing=True)[0]
            return call._replace(given={"recall_id": standing.recall_id})
    elif call.name == "invalidate" and not story.model.is_valid():
        story.model.reinstate()
    return call


def is_one_sentence(error: BraidError) -> bool:
    """Return whether an error is one line of our own, with its code."""
    line = str(error)
    ends_well = line.isprintable() and line.endswith(f"[{error.code}]")
    return ends_well and len(line) < 1000 and not [word for word in FOREIGN_WORDS if word in line]


def assert_answered(call: Call, parameter: str, label: str) -> None:
    """Make sure that an argument is taken; of an id that nothing has, nothing is found."""
    answer = call.run(parameter, HOSTILE[label])
    assert not (answer and parameter == "record_id" and label in NUMBERS), label


def assert_refused(call: Call, parameter: str, label: str) -> None:
    """Make sure that an argument is refused in a sentence."""
    place = f"{call.name}({parameter}={label})"
    with pytest.raises(BraidError) as caught:
        pytest.fail(f"{place} answered {call.run(parameter, HOSTILE[label])!r}")
    assert is_one_sentence(caught.value), place


@pytest.mark.parametrize("name", METHODS)
def test_an_argument_is_answered_or_refused_and_nothing_is_written(story: Story, name: str) -> None:
    calls = [call for call in story.calls() if call.name == name]
    assert calls
    for call in calls:
        for parameter in (one.name for one in call.parameters()):
            accepted = call.accepted(parameter)
            for label in sorted(accepted):
                assert_answered(prepare(call, story), parameter, label)
            ready, before = prepare(call, story), everything(story.db)
            for label in sorted(HOSTILE.keys() - accepted):
                assert_refused(ready, parameter, label)
            assert everything(story.db) == before, f"{name}({parameter}=...) wrote something"


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("uri", {"uri": 5}),
        ("uri", {"uri": ""}),
        ("sha256", {"uri": "file:///a", "sha256": "abc"}),
        ("size_bytes", {"uri": "file:///a", "size_bytes": 2**70}),
        ("framework", {"uri": "file:///a", "framework": b"pytorch"}),
    ],
)
def test_a_file_of_a_state_says_what_can_be(
    story: Story, argument: str, told: dict[str, Any]
) -> None:
    before = everything(story.db)
    with pytest.raises(InvalidArgument, match=rf"states\[1\]\.{argument}"):
        story.model.update(states=[StateFile("file:///good"), StateFile(**told)])
    assert everything(story.db) == before


def test_a_file_that_is_no_state_is_refused(story: Story) -> None:
    with pytest.raises(InvalidArgument, match=r"'states\[0\]' is a text; expected a StateFile"):
        story.model.update(states=["x"])  # type: ignore[list-item]


@pytest.mark.parametrize("parameter", ["log", "debug", "mpi", "echo_sql", "create_engine_kwargs"])
def test_an_option_of_a_database_is_followed_or_refused(sqlite_url: str, parameter: str) -> None:
    for label, value in HOSTILE.items():
        if label == "None" and parameter == "create_engine_kwargs":
            continue
        if label == "True" and parameter not in ("mpi", "create_engine_kwargs"):
            continue
        with pytest.raises(InvalidArgument, match="expected"):
            BraidDB(sqlite_url, **{parameter: value})


@pytest.mark.parametrize(
    "told",
    [
        {"pool_size": True},
        {"pool_size": 2**70},
        {"connect_args": 5},
        {"connect_args": {"timeout": float("nan")}},
        {"connect_args": {"timeout": "5"}},
        {5: 5},
    ],
    ids=repr,
)
def test_an_option_of_an_engine_is_followed_or_refused(
    sqlite_url: str, told: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument, match="expected"):
        BraidDB(sqlite_url, create_engine_kwargs=told)


NO_DATABASE = ["empty", "True", "NUL", "no UTF-8", "long", "zero", "nan", "bytes", "list", "object"]


@pytest.mark.parametrize("label", NO_DATABASE)
def test_what_names_no_database_opens_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BraidError, match="expected"):
        BraidDB(HOSTILE[label])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", [":memory:", "sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_with_what_to_write_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="gone with its process; expected a path"):
        BraidDB(named)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("deep", [50, 5_000])
def test_tags_that_are_nested_too_deeply_are_refused(story: Story, deep: int) -> None:
    told: dict[str, Any] = {"k": 1}
    for _ in range(deep):
        told = {"k": told}
    if deep <= 100:
        assert story.model.edit(tags=told).tags_as_dict()[".".join("k" * (deep + 1))] == 1
    else:
        with pytest.raises(InvalidArgument, match="nested deeper than 100"):
            story.model.edit(tags=told)


def test_numbers_of_other_libraries_are_numbers(story: Story) -> None:
    class Whole(int):
        """As a library's own integer, which is registered as one."""

    assert BraidModel.by_record_id(story.db, Whole(story.model.record_id)) is not None
    assert story.model.at_version(Whole(1)).version == 1
    assert story.model.edit(tags={"k": Fraction(1, 2)}).tags_as_dict()["k"] == 0.5
    with pytest.raises(InvalidArgument, match="tag k"):
        story.model.edit(tags={"k": Fraction(10**400)})


def test_no_version_beyond_what_there_can_be_is_found(story: Story) -> None:
    for number in (0, -1, 2**31, 2**70, -(2**70)):
        with pytest.raises(VersionNotFound, match=f"no version {number}"):
            story.model.at_version(number)


def test_a_refused_argument_leaves_a_session_as_it_was(story: Story) -> None:
    with story.db.get_session() as session:
        story.model.add_tag("first", 1, session=session)
        with pytest.raises(InvalidArgument, match="'record_id' is a text"):
            BraidModel.by_record_id(story.db, "1", session=session)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="'expected_version' is a text"):
            story.model.edit(name="b", expected_version="2", session=session)  # type: ignore[arg-type]
        story.model.edit(name="c", session=session)
        session.commit()
    assert (story.model.name, story.model.tags_as_dict()["first"]) == ("c", 1)


def test_one_kind_is_several(story: Story) -> None:
    assert [one.name for one in story.model.ancestors(kinds="data")] == ["scan"]
    assert [one.name for one in story.db.search(kinds=Kind.DATA)] == ["scan"]
