"""Tests that versions are edited, updated, restored, listed and compared as they should be."""

from __future__ import annotations

import pytest

from braid_db.errors import InvalidReference, NotAnOutput, RecordNotFound, VersionNotFound
from braid_db.identity import IdentityRules
from braid_db.model import Definition, Kind, Reference
from braid_db.recall.recalls import invalidate
from braid_db.recall.targets import Targets
from braid_db.records.described import Change
from braid_db.records.errors import HasOneContent, IdentityTaken, NotAModel, VersionConflict
from braid_db.records.states import list_states
from braid_db.records.versions import diff_versions, list_versions
from braid_db.records.views import find_record_id
from braid_db.steps.tags import read_tag
from braid_db.store import Store
from braid_db.views import StateFile
from tests.records.versions import RULES, Edge, Laboratory


@pytest.fixture
def lab(store: Store) -> Laboratory:
    return Laboratory(store)


def found_at(lab: Laboratory, uri: str) -> int:
    return lab.store.read(lambda tx: find_record_id(tx, uri, RULES))


def test_an_edit_is_a_version_of_the_same_content_with_its_author_and_reason(
    lab: Laboratory,
) -> None:
    record_id = lab.make("file:///a", tags={"n": 1, "kept": True}, sha256="a" * 64, size_bytes=5)
    edges = lab.edges()
    written = lab.edit(record_id, name="right", tags={"n": 2}, author="ada", reason="a slip")
    assert (written.version, written.is_new) == (2, True)
    old, new = lab.show(record_id, 1), lab.show(record_id)
    assert (old.name, old.tags) == ("NoNameGiven", {"n": 1, "kept": True})
    assert (new.name, new.tags) == ("right", {"kept": True, "n": 2})
    assert (new.sha256, new.size_bytes, new.uris) == (old.sha256, old.size_bytes, old.uris)
    assert lab.edges() == edges
    [first, second] = lab.store.read(lambda tx: list_versions(tx, record_id))
    assert (first.content, second.content) == (1, 1)
    assert (second.author, second.reason, second.name) == ("ada", "a slip", "right")


def test_an_edit_that_changes_nothing_makes_no_version(lab: Laboratory) -> None:
    record_id = lab.make("file:///a", "file:///a", tags={"n": [1, 2], "x": 1.0})
    for change in (
        Change(),
        Change(name="NoNameGiven", add_uris=("file:///a",)),
        Change(remove_tags=("unknown",)),
    ):
        written = lab.edit(record_id, change)
        assert (written.version, written.is_new) == (1, False)
    assert lab.edit(record_id, tags={"x": 1.0}).is_new is False
    assert lab.edit(record_id, tags={"x": 1}).is_new is True


def test_a_key_with_several_values_is_replaced_and_restored_whole(lab: Laboratory) -> None:
    record_id = lab.make("file:///a")
    one, two, three = (read_tag("k", value) for value in "abc")
    lab.edit(record_id, Change(tags=(one, two)))
    lab.edit(record_id, Change(tags=(three,)))
    lab.edit(record_id, Change(remove_tags=("k",)))
    lab.restore(record_id, 2)
    shown = [lab.show(record_id, number).tags.get("k") for number in range(1, 6)]
    assert shown == [None, ["a", "b"], "c", None, ["a", "b"]]


def test_uris_are_added_replaced_and_restored_in_their_order(lab: Laboratory) -> None:
    record_id = lab.make("file:///a", "s3://b")
    lab.edit(record_id, add_uris=("s3://c", "s3://b"))
    lab.edit(record_id, uris=("file:///a", "s3://c", "s3://d"))
    lab.restore(record_id, 2)
    lab.edit(record_id, uris=())
    assert [lab.show(record_id, number).uris for number in range(1, 6)] == [
        ("file:///a", "s3://b"),
        ("file:///a", "s3://b", "s3://c"),
        ("file:///a", "s3://c", "s3://d"),
        ("file:///a", "s3://b", "s3://c"),
        (),
    ]


def test_another_first_uri_leads_to_the_record_and_so_does_the_old_one(lab: Laboratory) -> None:
    record_id = lab.make("file:///old")
    lab.edit(record_id, uris=("file:///new", "file:///old"))
    assert found_at(lab, "file:///new") == found_at(lab, "file:///old") == record_id
    assert lab.make("file:///new") == record_id
    lab.restore(record_id, 1)
    assert found_at(lab, "file:///new") == record_id


def test_a_first_uri_that_is_another_records_is_refused(lab: Laboratory) -> None:
    record_id, other = lab.make("file:///a"), lab.make("file:///b")
    loose = lab.make()
    with pytest.raises(IdentityTaken, match=f"record {other}"):
        lab.edit(record_id, uris=("file:///B/../b", "file:///a"))
    with pytest.raises(IdentityTaken):
        lab.update(loose, change=Change(add_uris=("file:///b",)))
    assert lab.show(record_id).versions == lab.show(loose).versions == 1
    lab.edit(record_id, add_uris=("file:///b",))
    assert found_at(lab, "file:///b") == other


def test_a_file_that_told_its_own_host_can_be_renamed(lab: Laboratory) -> None:
    """Its URI, read without that host, would be another file's."""
    remote = lab.make("file:///a", host="cluster")
    here = lab.make("file:///a")
    assert remote != here
    assert lab.edit(remote, name="renamed").version == 2
    assert lab.update(remote).version == 3
    assert found_at(lab, "file:///a") == here


def test_what_is_known_by_settings_of_the_database_identifies_a_record(lab: Laboratory) -> None:
    record_id = lab.make()
    lab.edit(record_id, add_uris=("file:///later",))
    assert found_at(lab, "file://BEAMLINE/later") == record_id
    elsewhere = IdentityRules("elsewhere")
    with pytest.raises(RecordNotFound):
        lab.store.read(lambda tx: find_record_id(tx, "file:///later", elsewhere))


def test_steps_are_edited_and_restored_but_never_updated(lab: Laboratory) -> None:
    step_id, _ = lab.step()
    edges = lab.edges()
    assert lab.edit(step_id, name="better", uris=("file:///log",)).version == 2
    assert lab.restore(step_id, 1).version == 3
    with pytest.raises(HasOneContent, match=f"record edit {step_id}") as caught:
        lab.update(step_id)
    assert isinstance(caught.value, NotAnOutput)
    assert lab.edges() == edges
    assert lab.make("file:///log") != step_id


def test_an_update_comes_from_what_it_revises_and_from_what_went_into_it(lab: Laboratory) -> None:
    model, data = lab.make("file:///m", kind=Kind.MODEL, tags={"loss": 0.5}), lab.make("file:///d")
    step_id, _ = lab.step(data)
    before = lab.edges()
    sources = [Reference(data), Reference(step_id), Reference(data, 1)]
    written = lab.update(model, sha256="b" * 64, size_bytes=3, derived_from=sources)
    assert written.version == 2
    assert lab.edges() - before == {
        Edge((model, 1), (model, 2), "revision"),
        Edge((data, 1), (model, 2), "derived"),
        Edge((step_id, 1), (model, 2), "generated"),
    }
    assert (lab.show(model).sha256, lab.show(model).tags) == ("b" * 64, {"loss": 0.5})
    assert lab.show(model, 1).sha256 is None


def test_an_update_may_revise_an_old_version_of_what_was_restored_or_edited(
    lab: Laboratory,
) -> None:
    model = lab.make("file:///m", kind=Kind.MODEL)
    lab.update(model)
    lab.edit(model, name="two")
    before = lab.edges()
    lab.update(model, based_on=1, change=Change(name="from one"))
    lab.restore(model, 3)
    lab.update(model)
    assert lab.edges() - before == {
        Edge((model, 1), (model, 4), "revision"),
        Edge((model, 2), (model, 6), "revision"),
    }
    assert [lab.show(model, number).name for number in (3, 4, 5, 6)] == [
        "two",
        "from one",
        "two",
        "two",
    ]


def test_an_edit_of_an_invalid_record_stays_invalid_and_so_does_its_restore(
    lab: Laboratory,
) -> None:
    record_id = lab.make("file:///a")
    recall(lab, record_id)
    lab.edit(record_id, name="still wrong")
    assert lab.show(record_id).valid is False
    assert lab.update(record_id, correction=True).invalid_inputs == ()
    assert lab.show(record_id).valid is True
    lab.restore(record_id, 1)
    assert lab.show(record_id).valid is False


def recall(lab: Laboratory, record_id: int, number: int | None = None) -> None:
    targets = Targets((Reference(record_id, number),))
    lab.store.write(lambda tx: invalidate(tx, targets, cause="wrong"), alone=True)


def test_an_update_of_something_invalid_is_born_invalid_but_a_correction_is_not(
    lab: Laboratory,
) -> None:
    record_id = lab.make("file:///a")
    lab.update(record_id)
    recall(lab, record_id, 1)
    assert lab.show(record_id).valid is False
    lab.update(record_id, correction=True)
    assert lab.show(record_id).valid is True
    written = lab.update(record_id, based_on=1)
    [cause] = written.invalid_inputs
    assert (cause["record_id"], cause["version"]) == (record_id, 1)
    assert lab.show(record_id).valid is False
    bad = lab.make("file:///b")
    recall(lab, bad)
    assert lab.update(record_id, correction=True, derived_from=[Reference(bad)]).invalid_inputs
    assert lab.show(record_id).valid is False


def test_a_restore_of_what_is_there_already_makes_no_version(lab: Laboratory) -> None:
    record_id = lab.make("file:///a")
    lab.edit(record_id, name="b")
    assert lab.restore(record_id, 2).is_new is False
    assert (lab.restore(record_id, 1).version, lab.restore(record_id, 1).version) == (3, 3)
    lab.update(record_id)
    assert lab.restore(record_id, 1).version == 5


def test_who_expected_another_version_is_refused(lab: Laboratory) -> None:
    record_id = lab.make("file:///a")
    lab.edit(record_id, name="moved on", expected_version=1)
    for change in (lab.edit, lab.update):
        with pytest.raises(VersionConflict, match=f"diff {record_id} --from 1 --to 2"):
            change(record_id, expected_version=1)
    with pytest.raises(VersionConflict):
        lab.restore(record_id, 1, expected_version=1)
    assert lab.show(record_id).versions == 2


@pytest.mark.parametrize("unknown", [0, 99, 2**63, 10**30])
def test_what_is_not_there_cannot_be_changed(lab: Laboratory, unknown: int) -> None:
    record_id = lab.make("file:///a")
    for call in (
        lambda: lab.edit(unknown, name="x"),
        lambda: lab.update(unknown),
        lambda: lab.restore(unknown, 1),
        lambda: lab.update(record_id, derived_from=[Reference(unknown)]),
        lambda: lab.store.read(lambda tx: list_versions(tx, unknown)),
        lambda: lab.store.read(lambda tx: diff_versions(tx, unknown)),
    ):
        with pytest.raises(RecordNotFound):
            call()
    for call in (
        lambda: lab.restore(record_id, unknown),
        lambda: lab.update(record_id, based_on=unknown),
        lambda: lab.update(record_id, derived_from=[Reference(record_id, unknown)]),
        lambda: lab.store.read(lambda tx: diff_versions(tx, record_id, unknown, 1)),
    ):
        with pytest.raises(VersionNotFound):
            call()
    assert lab.show(record_id).versions == 1


def test_a_reference_of_another_database_is_refused(lab: Laboratory) -> None:
    record_id = lab.make("file:///a")
    with pytest.raises(InvalidReference):
        lab.update(record_id, derived_from=[Reference(10**30, 1, "another")])


def test_two_versions_are_compared_by_value_type_and_order(lab: Laboratory) -> None:
    record_id = lab.make("file:///a", "s3://b", tags={"n": 1, "none": None, "same": "x"})
    lab.edit(record_id, tags={"n": True}, uris=("file:///a", "s3://c", "s3://b"))
    lab.update(record_id, change=Change(name="new", remove_tags=("none",)), sha256="c" * 64)
    edited, whole = (
        lab.store.read(lambda tx, pair=pair: diff_versions(tx, record_id, *pair))
        for pair in ((1, 2), (1, None))
    )
    assert edited.same_content
    assert edited.tags == {"n": ((1,), (True,))}
    assert edited.tags["n"][1][0] is True
    assert edited.uris == (("file:///a", "s3://b"), ("file:///a", "s3://c", "s3://b"))
    assert edited.name is edited.sha256 is None
    assert (whole.from_version, whole.to_version, whole.same_content) == (1, 3, False)
    assert whole.tags["none"] == ((None,), ())
    assert whole.name == ("NoNameGiven", "new")
    assert whole.sha256 == (None, "c" * 64)
    newest = lab.store.read(lambda tx: diff_versions(tx, record_id))
    assert (newest.from_version, newest.to_version) == (2, 3)


def test_states_of_a_model_are_its_contents_with_their_files_and_metrics(lab: Laboratory) -> None:
    model = lab.make("file:///m", kind=Kind.MODEL, tags={"loss": 0.5}, sha256="a" * 64)
    files = (StateFile("s3://w/1", "b" * 64, 9, "torch 2"), StateFile("s3://optimizer"))
    lab.update(model, states=files)
    lab.edit(model, tags={"loss": 0.1})
    lab.restore(model, 1)
    first, second = lab.store.read(lambda tx: list_states(tx, model))
    assert (first.record.version, first.files, first.record.sha256) == (4, (), "a" * 64)
    assert (second.record.version, second.files) == (3, files)
    assert (first.record.tags, second.record.tags) == ({"loss": 0.5}, {"loss": 0.1})
    for number, tags in ((2, 0.5), (3, 0.1), (4, 0.5)):
        [state] = lab.store.read(lambda tx, number=number: list_states(tx, model, number))
        assert (state.record.version, state.record.tags["loss"]) == (number, tags)
        assert state.files == (() if number == 4 else files)


def test_only_models_have_states(lab: Laboratory) -> None:
    data = lab.make("file:///d")
    with pytest.raises(NotAModel):
        lab.store.read(lambda tx: list_states(tx, data))
    with pytest.raises(NotAModel):
        lab.update(data, states=[StateFile("s3://w")])
    assert lab.show(data).versions == 1


def test_a_step_writes_on_from_what_was_updated_or_restored(lab: Laboratory) -> None:
    record_id = lab.make("file:///a")
    lab.step(record_id)
    lab.update(record_id)
    lab.step(record_id)
    lab.restore(record_id, 1)
    lab.step(made=Definition(uris=("file:///a",)))
    made = {edge.derived for edge in lab.edges() if edge.role == "generated"}
    assert made == {(record_id, 1), (record_id, 4)}
