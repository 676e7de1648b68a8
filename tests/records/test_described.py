"""Tests that every answer shows a content by the newest version that has it."""

from __future__ import annotations

from datetime import datetime

import pytest

from braid_db.model import Kind, Reference
from braid_db.recall.placeholders import values_for
from braid_db.recall.preview import preview
from braid_db.recall.recalls import get_recall, invalidate
from braid_db.recall.targets import Targets
from braid_db.records.adding import add_uri
from braid_db.records.described import Change, content_id_at, description_at
from braid_db.records.lineage import get_lineage
from braid_db.records.states import list_states
from braid_db.store import Store
from braid_db.views import RecordView
from tests.records.versions import RULES, Laboratory


@pytest.fixture
def lab(store: Store) -> Laboratory:
    return Laboratory(store)


def used_by(lab: Laboratory, step_id: int, as_of: datetime | None = None) -> RecordView:
    [node] = lab.store.read(lambda tx: get_lineage(tx, step_id, depth=1, as_of=as_of)).nodes
    return node.record


def restored(lab: Laboratory) -> tuple[int, int]:
    """Return a model whose first content is current again, and a step that used it."""
    model = lab.make("file:///good", kind=Kind.MODEL, tags={"loss": 0.5})
    step_id, _ = lab.step(model)
    lab.update(model, change=Change(name="bad"), correction=True)
    assert lab.restore(model, 1).version == 3
    return model, step_id


def test_a_restored_content_is_shown_by_what_restored_it(lab: Laboratory) -> None:
    model, step_id = restored(lab)
    shown = used_by(lab, step_id)
    assert shown == lab.show(model)
    assert (shown.version, shown.name, shown.tags) == (3, "NoNameGiven", {"loss": 0.5})


def test_an_edit_after_a_restore_describes_the_content(lab: Laboratory) -> None:
    model, step_id = restored(lab)
    lab.edit(model, name="fixed", tags={"acc": 0.9})
    assert used_by(lab, step_id) == lab.show(model, 4)
    first, second = lab.store.read(lambda tx: list_states(tx, model))
    assert (first.record, second.record) == (lab.show(model, 4), lab.show(model, 2))


def test_an_edit_after_a_restore_is_not_known_as_of_a_time_before_it(lab: Laboratory) -> None:
    model, step_id = restored(lab)
    before = datetime.fromisoformat(lab.show(model).created_at)
    lab.edit(model, name="fixed", tags={"acc": 0.9})
    shown = used_by(lab, step_id, before)
    assert (shown.version, shown.name, shown.tags) == (3, "NoNameGiven", {"loss": 0.5})


def test_what_is_added_to_a_restored_version_describes_the_content(lab: Laboratory) -> None:
    model, step_id = restored(lab)
    lab.store.write(lambda tx: add_uri(tx, RULES, model, "s3://copy"))
    assert used_by(lab, step_id).uris == (*lab.show(model, 1).uris, "s3://copy")


def test_a_recall_names_what_an_edit_after_a_restore_says(lab: Laboratory) -> None:
    model, _ = restored(lab)
    lab.edit(model, name="fixed", tags={"fixed": True})
    targets = Targets(records=(Reference(model, 4),))
    foreseen = lab.store.read(lambda tx: preview(tx, targets))
    assert foreseen.roots == (foreseen.reached.items[0].record,) == (lab.show(model, 4),)
    [made] = lab.store.write(lambda tx: invalidate(tx, targets, cause="wrong"), alone=True)
    kept = lab.store.read(lambda tx: get_recall(tx, made.recall_id)).recall
    assert (kept.version, kept.name) == (made.version, made.name) == (4, "fixed")


def test_the_blanks_of_an_action_are_filled_from_an_edit_after_a_restore(lab: Laboratory) -> None:
    model, _ = restored(lab)
    lab.edit(model, name="fixed", tags={"fixed": True})
    content_id = lab.store.read(lambda tx: content_id_at(tx, model, 1))
    filled = lab.store.read(lambda tx: values_for(tx, [content_id], "wrong"))[content_id]
    assert (filled["name"], filled["tag.fixed"]) == ("fixed", "true")


def test_a_tag_selects_for_a_recall_what_is_shown_to_have_it(lab: Laboratory) -> None:
    model, step_id = restored(lab)
    lab.edit(model, tags={"loss": 0.1})
    lab.update(model, correction=True)
    lab.restore(model, 1)
    assert used_by(lab, step_id).tags == {"loss": 0.5}
    [loss] = lab.store.read(lambda tx: description_at(tx, model, 6)).tags["loss"]
    roots = lab.store.read(lambda tx: preview(tx, Targets(tags=(loss,), all_versions=True))).roots
    assert [one.version for one in roots] == [6, 2]
