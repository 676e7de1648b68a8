"""Tests of objects: versions, lineage, recalls and how they print."""

from __future__ import annotations

from contextlib import closing
from html import escape
from pathlib import Path

import pytest

from braid_db import (
    BraidData,
    BraidDB,
    BraidFact,
    BraidModel,
    BraidRecord,
    BraidStatement,
    StateFile,
)
from braid_db.api.errors import NotStored
from braid_db.errors import BraidError
from braid_db.recall.errors import MerelyReached
from braid_db.records.checking import check_database
from braid_db.records.errors import VersionConflict
from tests.functions.calls import Endpoint

HOSTILE = "\x1b[1m<b>"
SHOWN = "\\x1b[1m<b>"


def test_a_model_that_is_updated_in_a_loop_is_one_record_without_a_cycle(db: BraidDB) -> None:
    model = BraidModel(db, "model")
    for n in range(3):
        inference = BraidStatement(db, f"inference {n}")
        model.add_derivation(inference)
        model.update(
            inference, tags={"loss": 1 / (n + 1)}, states=[StateFile(f"file://host/{n}.pt")]
        )
    assert (model.version, len(model.history())) == (4, 4)
    assert model.tags_as_dict() == {"loss": 1 / 3}
    assert model.at_version(2).tags_as_dict() == {"loss": 1.0}
    told = [[file.uri for file in state.files] for state in model.states() if state.files]
    assert told == [[f"file://host/{n}.pt"] for n in range(3)]
    assert [(one.name, one.distance) for one in model.ancestors(kinds=["statement"])] == [
        ("inference 2", 1),
        ("inference 1", 2),
        ("inference 0", 3),
    ]
    assert len(model.at_version(1).descendants()) == 6


def test_a_record_is_edited_restored_and_compared(db: BraidDB) -> None:
    scan = BraidData(db, "scn", tags={"n": 1})
    assert scan.edit(name="scan", remove_tags=["n"], reason="a slip") is scan
    assert (scan.name, scan.version) == ("scan", 2)
    difference = scan.diff(1, 2)
    assert (difference.name, difference.same_content) == (("scn", "scan"), True)
    assert scan.restore(1).name == "scn"
    assert [one.reason for one in scan.history()] == [None, "a slip", None]
    with pytest.raises(VersionConflict):
        scan.edit(name="late", expected_version=2)


def test_an_object_means_as_a_predecessor_the_version_that_it_stands_at(db: BraidDB) -> None:
    model = BraidModel(db, "model")
    old = model.at_version(1)
    model.update()
    inference = BraidStatement(db, "inference")
    old.add_derivation(inference)
    assert [(one.record_id, one.version) for one in inference.ancestors()] == [(model.record_id, 1)]
    model.invalidate("not converged")
    assert inference.is_valid()
    assert old.refresh().version == 2


def test_a_recall_reaches_all_that_came_of_a_record_and_is_taken_back(db: BraidDB) -> None:
    scan, peaks = BraidData(db, "scan"), BraidData(db, "peaks")
    scan.add_derivation(peaks)
    assert [one.record.name for one in scan.preview_invalidation().reached.items] == [
        "scan",
        "peaks",
    ]
    recall = scan.invalidate("the mask was shifted", by="someone")
    assert recall is not None
    assert scan.invalidate("again") is None
    assert not peaks.is_valid()
    late = BraidData(db, "late")
    peaks.add_derivation(late)
    assert not late.is_valid()
    with pytest.raises(MerelyReached):
        peaks.reinstate()
    assert [one.recall_id for one in peaks.recalls()] == [recall.recall_id]
    assert [one.recall_id for one in db.recalls(only_standing=True)] == [recall.recall_id]
    db.reinstate(recall.recall_id, "it was not")
    assert scan.is_valid()
    assert late.is_valid()
    assert db.recalls(only_standing=True) == []


def test_a_recall_without_cascade_reaches_its_record_alone(db: BraidDB) -> None:
    scan, peaks, late = (BraidData(db, name) for name in ("scan", "peaks", "late"))
    scan.add_derivation(peaks)
    assert scan.invalidate("wrong", cascade=False) is not None
    assert peaks.is_valid()
    scan.add_derivation(late)
    assert late.is_valid()
    assert not scan.is_valid()
    assert check_database(db.place.store).is_sound


def test_a_recall_needs_a_cause_or_an_earlier_recall(db: BraidDB) -> None:
    scan, other = BraidData(db, "scan"), BraidData(db, "other")
    with pytest.raises(ValueError, match="cause"):
        scan.invalidate()
    root = scan.invalidate("wrong")
    following = other.invalidate(root_invalidation=root)
    assert following is not None
    assert following.cause == "wrong"


def test_records_are_recalled_by_the_value_of_a_tag(db: BraidDB) -> None:
    wrong, right = BraidRecord(db, "wrong"), BraidRecord(db, "right")
    wrong.add_tag("detector", "A")
    wrong.add_tag("detector", "B")
    right.add_tag("detector", "B2")
    peaks = BraidData(db, "peaks")
    wrong.add_derivation(peaks)
    with db.get_session() as session:
        found = BraidRecord.invalidate_by_tag_value(db, "detector", "A", session, cascade=True)
        assert [one.is_valid() for one in found] == [False]
        session.commit()
    assert [one.record_id for one in found] == [wrong.record_id]
    assert (peaks.is_valid(), right.is_valid()) == (False, True)
    assert BraidRecord.invalidate_by_tag_value(db, "detector", "A") == []


def test_an_allowed_action_runs_once_a_recall_is_committed(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAID_DB_ALLOWED_COMMANDS", "/bin/touch")
    db = BraidDB(database_url)
    names = [str(tmp_path / name) for name in ("own", "reached", "not wanted")]
    scan, peaks, other = (BraidData(db, name) for name in names)
    scan.add_derivation(peaks)
    action = scan.add_invalidation_action("shell", "touch", "/bin/touch", {"args": ["{name}"]})
    assert (action.cmd, action.params) == ("/bin/touch", {"args": ["{name}"]})
    assert peaks.set_invalidation_action(action.id) == action
    assert other.set_invalidation_action(str(action.id)) == action
    assert other.set_invalidation_action("00000000-0000-0000-0000-000000000000") is None
    assert other.set_invalidation_action("nonsense") is None
    other.invalidate("wrong", perform_invalidation_action=False)
    with db.get_session() as session:
        scan.invalidate("wrong", perform_invalidation_action_on_cascade=False, session=session)
        assert not (tmp_path / "own").exists()
        session.commit()
    assert [Path(name).exists() for name in names] == [True, False, False]
    db.close()


def test_a_derivation_that_would_close_a_circle_opens_the_next_version(db: BraidDB) -> None:
    first, second = BraidData(db, "first"), BraidData(db, "second")
    first.add_derivation(second)
    second.add_derivation(first)
    assert (first.version, second.version) == (2, 1)


def test_what_is_in_no_database_says_so(db: BraidDB) -> None:
    loose = BraidFact(name="loose")
    assert (loose.name, repr(loose)) == ("loose", "<BraidFact 'loose': not stored>")
    for ask in (loose.store, loose.get_uris, loose.is_valid, lambda: loose.record_id):
        with pytest.raises(NotStored, match="'loose' is in no database"):
            ask()
    loose.db = db
    assert loose.store() == 1


def test_a_search_pages_through_all_records(db: BraidDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("braid_db.api.database._PAGE", 3)
    made = [BraidData(db, f"Scan {n}").record_id for n in range(7)]
    BraidModel(db, "model")
    found = []
    for record in db.search(kinds=["data"], name="scan"):
        BraidData(db, "Scan made meanwhile")
        found.append(record.record_id)
    assert found == made[::-1]
    with pytest.raises(BraidError, match="one of fact"):
        list(db.search(kinds=["thing"]))


def test_a_search_takes_conditions_on_tags_and_an_order(db: BraidDB) -> None:
    for loss in (0.3, 0.1, 0.2):
        BraidData(db, f"loss {loss}", tags={"loss": loss})
    found = db.search(where="loss < 0.25 and kind = 'data'", valid=True, sort="loss")
    assert [record.name for record in found] == ["loss 0.1", "loss 0.2"]
    with pytest.raises(BraidError, match="expected a value"):
        list(db.search(where="loss <"))


def test_objects_print_as_a_line_and_as_an_escaped_table(db: BraidDB) -> None:
    hostile = "<script>alert('x')</script>"
    record = BraidData(db, hostile, uris=f"file://host/{hostile}", tags={hostile: hostile})
    assert repr(record) == f"<BraidData {hostile!r}: record 1, version 1>"
    for shown in (record._repr_html_(), db._repr_html_(), BraidData(name=hostile)._repr_html_()):
        assert shown.startswith("<table>")
        assert "<script>" not in shown
    assert record._repr_html_().count("&lt;script&gt;") == 4
    assert "data records" in db._repr_html_()
    assert repr(db).startswith("<BraidDB ")


def printed(answer: object) -> list[str]:
    """Return the lines that an answer prints as; a notebook shows the same, escaped."""
    shown = str(answer)
    page: str = answer._repr_html_()  # type: ignore[attr-defined]
    assert page == f"<pre>{escape(shown)}</pre>"
    assert shown.replace("\n", "").isprintable()
    return shown.splitlines()


def test_a_history_and_a_difference_print_as_lines(db: BraidDB) -> None:
    model = BraidModel(db, "model")
    model.edit(name=HOSTILE, tags={"n": 1}, reason=HOSTILE, author="ada")
    model.update(states=[StateFile(HOSTILE, framework="torch 2")], correction=True)
    first, edit, update = (printed(one) for one in model.history())
    assert len(first) == len(edit) == len(update) == 1
    assert first[0].startswith("record 1 v1 model, new content, 20")
    assert edit[0].startswith(f"record 1 v2 {SHOWN}, the content of version 1, 20")
    assert edit[0].endswith(f" UTC by ada: {SHOWN}")
    assert printed(model.diff(1, 3)) == [
        "record 1, version 1 to 3: another content",
        "- name  model",
        f"+ name  {SHOWN}",
        "+ tag n  1",
        f"+ state file  {SHOWN} (torch 2)",
    ]


def test_a_recall_and_its_preview_print_as_lines(db: BraidDB) -> None:
    scan = BraidData(db, HOSTILE)
    for number in range(25):
        scan.add_derivation(BraidData(db, f"peaks {number}"))
    scan.add_invalidation_action("shell", "touch", "/bin/touch", {"args": ["{tag.x}"]})
    lines = printed(scan.preview_invalidation())
    assert lines[:2] == ["would be recalled  1@1", "reaches            26 contents: 26 data"]
    listed = lines[lines.index("Would be reached") + 1 :]
    assert listed[:2] == [f"  data      data 1 {SHOWN}", "  data      data 2 peaks 0"]
    assert listed[20:23] == ["  6 more", "", "Actions that would be owed"]
    assert listed[23].startswith("  touch (shell /bin/touch), runs: 1, 1 NOT: ")
    recall = scan.invalidate(HOSTILE, by="ada", perform_invalidation_action=False)
    assert recall is not None
    lines = printed(recall)
    assert lines[:3] == ["recall   1", f"of       data 1@1 {SHOWN}", f"cause    {SHOWN}"]
    assert lines[3].endswith(" by ada")
    assert lines[5] == "reaches  26 contents: 26 data"
    [taken_back] = scan.reinstate("it was not", by="bob")
    [line] = [one for one in printed(taken_back.recall) if one.startswith("taken back")]
    assert line.endswith(" by bob: it was not")


def test_the_order_of_a_flows_steps_can_be_left_out_of_a_lineage(endpoint: Endpoint) -> None:
    looked = endpoint.step(step_name="look", input_record_defs={"name": "scan"})
    trained = endpoint.step(
        step_name="train",
        previous_step_output=looked,
        input_record_defs={"name": "labels"},
        output_record_defs={"name": "network", "kind": "model"},
    )
    with closing(BraidDB(endpoint.url)) as db:
        network = BraidRecord.by_record_id(db, trained["output_record_ids"][0])
        assert [one.name for one in network.ancestors(kinds=["data"])] == ["labels", "scan"]
        by_data = network.ancestors(kinds=["data"], by_data=True)
        assert [one.name for one in by_data] == ["labels"]
        scan = BraidRecord.by_record_id(db, looked["input_record_ids"][0])
        assert (len(scan.descendants()), len(scan.descendants(by_data=True))) == (3, 1)
