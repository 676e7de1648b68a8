"""Tests of which content a definition means, sentence by sentence of the design."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from braid_db.identity import digest
from braid_db.store import Store, Transaction, tables
from braid_db.store.recording import ADD_RECORD, ADD_VERSION
from braid_db.store.statements import inserting
from braid_db.store.tables import version
from tests.functions.calls import Endpoint, Node, document, is_acyclic, refused

A, B, C = (letter * 64 for letter in "abc")
URI = "file:///data/x"


def x(sha256: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a definition of the file x, with a content that is known or not."""
    return {"uris": URI, "sha256": sha256, **more}


def uses(endpoint: Endpoint, *definitions: dict[str, Any], **more: Any) -> tuple[Node, set[Node]]:
    """Record a step that uses what is defined; return the step and the contents that it used."""
    step = endpoint.step_id(input_record_defs=list(definitions), **more)
    used = {node for node, role in endpoint.into(step) if role == "used"}
    return (step, 1), used


def makes(endpoint: Endpoint, *definitions: dict[str, Any], **more: Any) -> tuple[Node, set[Node]]:
    """Record a step that makes what is defined; return the step and the contents that it made."""
    step = (endpoint.step_id(output_record_defs=list(definitions), **more), 1)
    return step, {to for node, role, to in endpoint.edges() if (node, role) == (step, "generated")}


def contents(endpoint: Endpoint, record_id: int) -> list[tuple[int, str | None]]:
    """Return the contents of a record: the version that brought each, and its checksum."""
    rows = endpoint.select(
        select(version.c.number, version.c.sha256)
        .where(version.c.record_id == record_id, version.c.content_id == version.c.version_id)
        .order_by(version.c.number)
    )
    return [(number, sha256) for number, sha256 in rows]


def test_what_finds_a_circle_is_no_blind_test() -> None:
    one, two, three = (1, 1), (2, 1), (3, 1)
    assert is_acyclic({(one, "used", two), (two, "used", three), (one, "used", three)})
    assert not is_acyclic({(one, "used", two), (two, "used", three), (three, "used", two)})
    assert not is_acyclic({(one, "used", one)})


# Inputs


def test_an_input_without_a_checksum_means_the_current_content(endpoint: Endpoint) -> None:
    _, made = makes(endpoint, x(A))
    [(record, _)] = made
    makes(endpoint, x(B))
    _, used = uses(endpoint, x())
    assert used == {(record, 2)}
    assert contents(endpoint, record) == [(1, A), (2, B)]


def test_an_input_means_the_newest_content_with_its_checksum(endpoint: Endpoint) -> None:
    for sha256 in (A, B, A, C):
        makes(endpoint, x(sha256))
    step = endpoint.step(input_record_defs=x(A))
    [record] = step["input_record_ids"]
    assert endpoint.into(step["flow_state_record_id"]) == {((record, 3), "used")}
    assert step["input_versions"] == {str(record): 3}
    assert uses(endpoint, x(B))[1] == {(record, 2)}
    assert uses(endpoint, x(C))[1] == {(record, 4)}
    assert len(contents(endpoint, record)) == 4


def test_an_inputs_checksum_is_filled_in_where_the_current_ones_is_unknown(
    endpoint: Endpoint,
) -> None:
    _, made = makes(endpoint, x())
    [(record, _)] = made
    assert uses(endpoint, x(A, size_bytes=7))[1] == {(record, 1)}
    assert contents(endpoint, record) == [(1, A)]
    assert endpoint.record(record).size_bytes == 7
    assert uses(endpoint, x(size_bytes=8))[1] == {(record, 1)}
    assert endpoint.record(record).size_bytes == 7


def test_an_older_content_with_the_checksum_comes_before_filling_in(endpoint: Endpoint) -> None:
    makes(endpoint, x(A))
    makes(endpoint, x())
    _, used = uses(endpoint, x(A))
    [(record, number)] = used
    assert number == 1
    assert contents(endpoint, record) == [(1, A), (2, None)]


def test_an_input_that_was_changed_by_hand_is_the_next_version_without_an_edge(
    endpoint: Endpoint,
) -> None:
    writer, made = makes(endpoint, x(A))
    [(record, _)] = made
    step = endpoint.step(input_record_defs=x(B, size_bytes=9))
    assert step["input_versions"] == {str(record): 2}
    assert endpoint.edges() == {
        (writer, "generated", (record, 1)),
        ((record, 2), "used", (step["flow_state_record_id"], 1)),
    }
    assert contents(endpoint, record) == [(1, A), (2, B)]
    assert endpoint.record(record).size_bytes == 9
    assert endpoint.record(record, 1).sha256 == A


def test_all_inputs_are_resolved_before_any_output(endpoint: Endpoint) -> None:
    makes(endpoint, x(A))
    step = endpoint.step(output_record_defs=x(B), input_record_defs=x())
    [record] = step["input_record_ids"]
    node = (step["flow_state_record_id"], 1)
    assert {((record, 1), "used", node), (node, "generated", (record, 2))} < endpoint.edges()


# What an input says of a record that is known


def test_an_input_adds_to_a_record_and_never_edits_it(endpoint: Endpoint) -> None:
    first = x(A, name="scan", kind="fact", tags={"same": 1, "other": "a", "type": 5})
    [record] = endpoint.step(input_record_defs=first)["input_record_ids"]
    second = x(
        A,
        name="another name",
        kind="model",
        tags={"same": 1, "other": {"deep": True}, "type": 5.0, "new": [1]},
    )
    second["uris"] = [URI, "https://example.org/x"]
    step = endpoint.step_id(input_record_defs=second)
    view = endpoint.record(record)
    assert (view.name, view.kind, view.version, view.versions) == ("scan", "fact", 1, 1)
    assert view.tags == {"same": 1, "other": "a", "type": 5, "other.deep": True, "new": [1]}
    assert view.uris == (URI, "https://example.org/x")
    assert endpoint.record(step).tags == {
        f"as_defined.{record}.name": "another name",
        f"as_defined.{record}.kind": "model",
        f"as_defined.{record}.tags.type": 5.0,
        "status": "Not Provided",
    }


def test_a_tag_that_is_called_name_is_no_name(endpoint: Endpoint) -> None:
    record = endpoint.used(**x(A, name="scan", tags={"name": 1}))
    step = endpoint.step_id(input_record_defs=x(A, name="other", tags={"name": 2}))
    tags = endpoint.record(step).tags
    assert tags[f"as_defined.{record}.name"] == "other"
    assert tags[f"as_defined.{record}.tags.name"] == 2


def test_what_an_input_says_as_before_is_kept_nowhere_else(endpoint: Endpoint) -> None:
    said = x(A, name="scan", kind="data", tags={"a": {"b": 1}, "c": None})
    endpoint.step(input_record_defs=said)
    step = endpoint.step_id(input_record_defs=said)
    endpoint.step(input_record_defs=x(A))
    assert endpoint.record(step).tags == {"status": "Not Provided"}
    assert len(endpoint.rows("version")) == 1 + 3


def test_what_an_input_says_of_an_older_content_is_kept_on_the_step(endpoint: Endpoint) -> None:
    makes(endpoint, x(A, tags={"k": 1}))
    _, made = makes(endpoint, x(B))
    [(record, _)] = made
    (step, _), used = uses(endpoint, x(A, name="old", tags={"k": 1, "new": 2}))
    assert used == {(record, 1)}
    assert "new" not in endpoint.record(record).tags
    tags = endpoint.record(step).tags
    assert tags[f"as_defined.{record}.tags.new"] == 2
    assert tags[f"as_defined.{record}.name"] == "old"


# Outputs


def test_an_output_that_is_new_is_the_first_version(endpoint: Endpoint) -> None:
    step = endpoint.step(output_record_defs=x(A))
    [record] = step["output_record_ids"]
    assert endpoint.edges() == {((step["flow_state_record_id"], 1), "generated", (record, 1))}
    assert contents(endpoint, record) == [(1, A)]


@pytest.mark.parametrize(("before", "after"), [(None, None), (A, A), (A, B), (None, A), (A, None)])
def test_an_output_that_is_written_again_is_the_next_version(
    endpoint: Endpoint, before: str | None, after: str | None
) -> None:
    first, made = makes(endpoint, x(before))
    [(record, _)] = made
    second, made = makes(endpoint, x(after))
    assert made == {(record, 2)}
    assert contents(endpoint, record) == [(1, before), (2, after)]
    assert endpoint.edges() == {
        (first, "generated", (record, 1)),
        (second, "generated", (record, 2)),
    }


def test_a_reader_may_be_recorded_before_the_writer(endpoint: Endpoint) -> None:
    reader, used = uses(endpoint, x(A))
    writer, made = makes(endpoint, x(A))
    assert made == used
    [record] = {node[0] for node in made}
    assert endpoint.edges() == {
        (writer, "generated", (record, 1)),
        ((record, 1), "used", reader),
    }
    assert contents(endpoint, record) == [(1, A)]


def test_a_late_writer_is_found_by_its_checksum_among_older_contents(endpoint: Endpoint) -> None:
    _, used = uses(endpoint, x(A))
    [(record, _)] = used
    makes(endpoint, x(B))
    uses(endpoint, x(C))
    step = endpoint.step(output_record_defs=x(A, tags={"late": 1}))
    assert step["output_versions"] == {}
    writer = (step["flow_state_record_id"], 1)
    assert (writer, "generated", (record, 1)) in endpoint.edges()
    assert contents(endpoint, record) == [(1, A), (2, B), (3, C)]
    assert endpoint.record(writer[0]).tags[f"as_defined.{record}.tags.late"] == 1
    assert endpoint.record(record).tags == {}


def test_a_late_writer_takes_a_content_with_its_checksum_that_nobody_wrote(
    endpoint: Endpoint,
) -> None:
    for sha256 in (A, B, A):
        uses(endpoint, x(sha256))
    uses(endpoint, x(B))
    uses(endpoint, x(A))
    [record] = {node[0] for node in uses(endpoint, x(A))[1]}
    assert contents(endpoint, record) == [(1, A), (2, B)]
    assert makes(endpoint, x(A))[1] == {(record, 1)}
    assert makes(endpoint, x(A))[1] == {(record, 3)}
    assert makes(endpoint, x(B))[1] == {(record, 2)}
    assert contents(endpoint, record) == [(1, A), (2, B), (3, A)]


def test_without_checksums_a_content_that_was_used_is_written_anew(endpoint: Endpoint) -> None:
    _, used = uses(endpoint, x())
    [(record, _)] = used
    assert makes(endpoint, x())[1] == {(record, 2)}


@pytest.mark.parametrize(
    ("known", "written", "number"),
    [(None, None, 1), (None, A, 1), (A, None, 1), (A, A, 1), (A, B, 2)],
)
def test_a_content_that_nobody_made_or_used_is_the_one_that_is_written_unless_it_differs(
    endpoint: Endpoint, known: str | None, written: str | None, number: int
) -> None:
    endpoint.step()
    with closing(Store(endpoint.url)) as store:
        record = store.write(lambda tx: plant_unused(tx, known))
    step = endpoint.step(output_record_defs=x(written))
    assert step["output_record_ids"] == [record]
    assert endpoint.into(record, number) == {((step["flow_state_record_id"], 1), "generated")}
    expected = [(1, known), (2, written)] if number == 2 else [(1, known or written)]
    assert contents(endpoint, record) == expected


def plant_unused(tx: Transaction, sha256: str | None) -> int:
    """Write the file x as no function does: known, and neither made nor used."""
    [record_id], [version_id] = tx.new_ids(tables.record, 1), tx.new_ids(tables.version, 1)
    row = (record_id, str(uuid4()), tx.database, "data", None, version_id, None, tx.now)
    tx.write(ADD_RECORD, [row])
    row = (version_id, str(uuid4()), record_id, 1, version_id, "x", None, None, sha256)
    tx.write(ADD_VERSION, [(*row, None, None, None, tx.now)])
    canonical = "file://beamline.example.org/data/x"
    tx.write(inserting(tables.identity), [(digest(canonical), record_id, canonical)])
    return record_id


def test_a_file_that_is_rewritten_in_place_by_one_step_has_two_contents(
    endpoint: Endpoint,
) -> None:
    for before, after in ((A, B), (None, None), (A, None), (None, A)):
        uri = f"scan:{before and 1}:{after and 1}"
        step = endpoint.step(
            input_record_defs={"uris": uri, "sha256": before},
            output_record_defs={"uris": uri, "sha256": after},
        )
        [record] = step["input_record_ids"]
        node = (step["flow_state_record_id"], 1)
        assert endpoint.into(node[0]) == {((record, 1), "used")}
        assert endpoint.into(record, 2) == {(node, "generated")}
        assert endpoint.into(record, 1) == set()


def test_a_file_that_is_written_with_what_it_held_has_two_contents_as_well(
    endpoint: Endpoint,
) -> None:
    step = endpoint.step(input_record_defs=x(A), output_record_defs=x(A))
    [record] = step["output_record_ids"]
    assert step["output_versions"] == {str(record): 2}
    assert contents(endpoint, record) == [(1, A), (2, A)]
    assert is_acyclic(endpoint.edges())


def test_a_record_that_is_given_as_input_and_output_has_two_contents(endpoint: Endpoint) -> None:
    made = endpoint.step(output_record_defs=x())
    [record] = made["output_record_ids"]
    step = endpoint.step(input_record_ids=record, output_record_ids=record)
    node = (step["flow_state_record_id"], 1)
    assert step["input_record_ids"] == step["output_record_ids"] == [record]
    assert endpoint.into(node[0]) == {((record, 1), "used")}
    assert endpoint.into(record, 2) == {(node, "generated")}


def test_two_contents_of_one_file_in_one_call_are_two_versions(endpoint: Endpoint) -> None:
    step = endpoint.step(output_record_defs=[x(A), x(B), x(A), x()])
    [record] = set(step["output_record_ids"])
    node = (step["flow_state_record_id"], 1)
    assert contents(endpoint, record) == [(1, A), (2, B)]
    made = {to for before, _, to in endpoint.edges() if before == node}
    assert made == {(record, 1), (record, 2)}
    assert step["output_versions"][str(record)][:3] == [1, 2, 1]


def test_a_document_means_each_content_that_its_step_used_of_one_record(
    endpoint: Endpoint,
) -> None:
    for sha256 in (A, B, C):
        makes(endpoint, x(sha256))
    step = endpoint.step(input_record_defs=[x(A), x(C), x(A), x(C)])
    [record] = set(step["input_record_ids"])
    assert step["input_versions"] == {str(record): [1, 3, 1, 3]}
    makes(endpoint, x(B))
    again = endpoint.step(input_record_ids=document(step))
    assert again["input_versions"] == step["input_versions"]
    used = {(record, 1), (record, 3)}
    assert {node for node, _ in endpoint.into(again["flow_state_record_id"])} == used


def test_an_output_that_is_described_anew_is_edited(endpoint: Endpoint) -> None:
    first = x(A, name="old", tags={"same": 1, "changed": 1, "gone by": 1})
    [record] = endpoint.step(output_record_defs=first)["output_record_ids"]
    second = x(B, name="new", tags={"same": 1, "changed": "2", "added": {"x": 1}})
    step = endpoint.step(output_record_defs=second)
    assert step["output_versions"] == {str(record): 2}
    assert contents(endpoint, record) == [(1, A), (2, B)]
    now, then = endpoint.record(record), endpoint.record(record, 1)
    assert (now.name, then.name) == ("new", "old")
    assert now.tags == {"same": 1, "changed": "2", "gone by": 1, "added.x": 1}
    assert then.tags == {"same": 1, "changed": 1, "gone by": 1}
    assert (now.sha256, then.sha256) == (B, A)
    again = endpoint.step(input_record_defs=x(B))
    assert endpoint.into(again["flow_state_record_id"]) == {((record, 2), "used")}
    assert again["input_versions"] == {str(record): 2}


def test_an_output_that_only_adds_opens_no_version_for_it(endpoint: Endpoint) -> None:
    endpoint.step(input_record_defs=x(A, name="scan"))
    step = endpoint.step(output_record_defs=x(A, tags={"new": 1}))
    [record] = step["output_record_ids"]
    assert step["output_versions"] == {}
    assert endpoint.record(record).tags == {"new": 1}


# Derivations


def test_what_is_told_late_reaches_what_was_made_already(endpoint: Endpoint) -> None:
    reader, used = uses(endpoint, x(A))
    [image] = used
    calibration = {"uris": "file:///data/calibration", "sha256": C}
    step = endpoint.step(input_record_defs=calibration, output_record_defs=x(A))
    node = (step["flow_state_record_id"], 1)
    [calibration_id] = step["input_record_ids"]
    assert {((calibration_id, 1), "used", node), (node, "generated", image)} < endpoint.edges()
    assert (image, "used", reader) in endpoint.edges()


def test_what_would_close_a_circle_opens_the_next_version(endpoint: Endpoint) -> None:
    y = {"uris": "file:///data/y", "sha256": B}
    first = endpoint.step(input_record_defs=x(A), output_record_defs=y)
    late = endpoint.step(input_record_defs=y, output_record_defs=x(A))
    [record] = late["output_record_ids"]
    [y_id] = first["output_record_ids"]
    assert late["output_versions"] == {str(record): 2}
    assert endpoint.edges() == {
        ((record, 1), "used", (first["flow_state_record_id"], 1)),
        ((first["flow_state_record_id"], 1), "generated", (y_id, 1)),
        ((y_id, 1), "used", (late["flow_state_record_id"], 1)),
        ((late["flow_state_record_id"], 1), "generated", (record, 2)),
    }
    assert contents(endpoint, record) == [(1, A), (2, A)]


def test_a_circle_through_steps_that_follow_each_other_is_avoided_too(endpoint: Endpoint) -> None:
    first = endpoint.step(input_record_defs=x(A))
    second = endpoint.step(previous_step_output=first)
    third = endpoint.step(other_predecessor_record_ids=second, output_record_defs=x(A))
    [record] = third["output_record_ids"]
    assert third["output_versions"] == {str(record): 2}
    assert is_acyclic(endpoint.edges())


def test_a_model_that_learns_from_its_own_answers_is_one_record_of_many_versions(
    endpoint: Endpoint,
) -> None:
    model, answer = {"uris": "model:1", "kind": "model"}, {"uris": "answer:1", "kind": "statement"}
    for _ in range(5):
        endpoint.step(input_record_defs=model, output_record_defs=answer)
        endpoint.step(input_record_defs=[model, answer], output_record_defs=model)
    assert is_acyclic(endpoint.edges())
    [model_id, answer_id] = endpoint.step(input_record_defs=[model, answer])["input_record_ids"]
    assert len(contents(endpoint, model_id)) == 6
    assert len(contents(endpoint, answer_id)) == 5
    for record_id, kind in ((model_id, "model"), (answer_id, "statement")):
        assert endpoint.record(record_id).kind == kind


@pytest.mark.parametrize("form", ["id", "document", "URI"])
def test_steps_and_transfers_are_refused_as_outputs(endpoint: Endpoint, form: str) -> None:
    step = endpoint.step(input_record_defs={})
    moved = endpoint.transfer(transfer_result={"task_id": "t"})
    for kind, result in (("step", step), ("transfer", moved)):
        record = result["flow_state_record_id"]
        named = document({"output_record_ids": [record]}) if form == "document" else record
        call: dict[str, Any] = {"output_record_ids": [named]}
        if form == "URI":
            if kind == "step":
                continue
            call = {"output_record_defs": {"uris": "https://app.globus.org/activity/t/overview"}}
        line = refused(
            endpoint, lambda call=call: endpoint.step(**call, run_id="r"), "not-an-output"
        )
        assert f"Record {record} is a {kind}, which no step can make" in line
        marked = call | {"if_missing": "mark"}
        assert refused(endpoint, lambda call=marked: endpoint.step(**call)) == line


def test_an_input_with_a_checksum_changes_nothing_of_a_transfer(endpoint: Endpoint) -> None:
    task = endpoint.transfer(transfer_result={"task_id": "t"})["flow_state_record_id"]
    uri = "https://app.globus.org/activity/t/overview"
    for sha256 in (A, B):
        endpoint.step(input_record_defs={"uris": uri, "sha256": sha256, "size_bytes": 3})
    record = endpoint.record(task)
    assert (record.versions, record.sha256, record.size_bytes) == (1, None, None)


def test_a_failed_call_takes_back_all_that_it_began(endpoint: Endpoint) -> None:
    step = endpoint.step()
    call = {
        "run_id": "never",
        "input_record_defs": [x(A), {"name": "new"}],
        "output_record_defs": [x(B), {"uris": "scan:new"}],
        "output_record_ids": step["flow_state_record_id"],
        "idempotency_key": "never",
    }
    refused(endpoint, lambda: endpoint.step(**call), "not-an-output")
    del call["output_record_ids"]
    assert endpoint.step(**call)["output_record_ids"]
