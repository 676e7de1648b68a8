"""Tests of what a step's call accepts beside references and tags, and how the rest is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.functions.calls import Endpoint, document, nested, refused

SHA = "0123456789abcdef" * 4
NUL, SURROGATE, LONG = "a\0b", "a\udc80b", "x" * 10_000_000

# Texts: what is refused wherever a text stands.

NO_TEXT: dict[str, tuple[Any, str]] = {
    "a number": (5, "is the number 5; expected a text"),
    "NaN": (math.nan, "is the number nan; expected a text"),
    "thousands of digits": (10**5000, "is the number <int>; expected a text"),
    "true": (True, "is a boolean; expected a text"),
    "an object": ({"a": 1}, "is an object; expected a text"),
    "a deep list": (nested(100_000), "is a list; expected a text"),
    "bytes": (b"x", "is a Python bytes; expected a text"),
    "a NUL byte": (NUL, "is a text with a NUL byte; expected a text without any"),
    "a lone surrogate": (SURROGATE, "is a text with half a surrogate pair; expected valid Unicode"),
    "10 MB": (LONG, "is a text of 10,000,000 characters; expected at most"),
}

TEXTS = {
    "run_id": 500,
    "flow_id": 4_000,
    "started_by": 4_000,
    "idempotency_key": 500,
}


@pytest.mark.parametrize(("value", "says"), NO_TEXT.values(), ids=NO_TEXT)
@pytest.mark.parametrize("argument", TEXTS)
def test_what_is_no_text_is_refused_by_every_function(
    kept: Endpoint, argument: str, value: Any, says: str
) -> None:
    line = refused(kept, lambda: kept.step(**{argument: value}), "invalid-argument")
    assert f"'{argument}' {says}" in line
    for call in (kept.transfer, kept.action, kept.link):
        assert refused(kept, lambda call=call: call(**{argument: value})) == line


@pytest.mark.parametrize(("argument", "longest"), TEXTS.items())
def test_a_text_may_be_as_long_as_it_says(kept: Endpoint, argument: str, longest: int) -> None:
    value = "\U0001f52c" * longest
    kept.step(**{"run_id": "r", argument: value})
    line = refused(kept, lambda: kept.step(**{"run_id": "r", argument: f"{value}x"}))
    assert f"'{argument}' is a text of {longest + 1:,} characters; expected at most" in line


STEP_NAMES: list[tuple[Any, str]] = [
    (None, "Action Step None"),
    ("", "Action Step "),
    ("Find peaks", "Action Step Find peaks"),
    ("試料\n2", "Action Step 試料\n2"),
    (7, "Action Step 7"),
    (0.5, "Action Step 0.5"),
    ("x" * 4000, "Action Step " + "x" * 4000),
]


@pytest.mark.parametrize(("name", "recorded"), STEP_NAMES)
def test_a_step_is_named_after_its_state(kept: Endpoint, name: Any, recorded: str) -> None:
    record = kept.record(kept.step_id(step_name=name))
    assert (record.name, record.kind) == (recorded, "step")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (True, "is a boolean; expected a text"),
        (["a"], "is a list; expected a text"),
        ({"a": 1}, "is an object; expected a text"),
        (10**5000, "is nested too deeply, or an integer of thousands of digits"),
        (NUL, "is a text with a NUL byte"),
        (SURROGATE, "is a text with half a surrogate pair"),
        (LONG, "is a text of 10,000,000 characters; expected at most 4,000; put it in a file"),
    ],
    ids=range(7),
)
def test_a_name_that_cannot_be_kept_is_refused(kept: Endpoint, name: Any, says: str) -> None:
    line = refused(kept, lambda: kept.step(step_name=name), "invalid-argument")
    assert f"'step_name' {says}" in line


@pytest.mark.parametrize(
    "flag", ["inputs_from_referenced_outputs", "outputs_from_referenced_inputs", "previous_in_run"]
)
@pytest.mark.parametrize("value", [1, 0, "true", "", [], {}])
def test_a_flag_is_true_or_false_and_nothing_else(kept: Endpoint, flag: str, value: Any) -> None:
    line = refused(kept, lambda: kept.step(run_id="r", **{flag: value}), "invalid-argument")
    assert f"'{flag}' is" in line
    assert "expected true or false" in line
    assert kept.step(run_id="r", **{flag: None})


# Definitions

EMPTY_DEFINITIONS: list[Any] = [None, [], ()]


@pytest.mark.parametrize("empty", EMPTY_DEFINITIONS)
def test_no_definitions_make_no_records(kept: Endpoint, empty: Any) -> None:
    made = kept.step(input_record_defs=empty, output_record_defs=empty)
    assert made["input_record_ids"] == made["output_record_ids"] == []


def test_one_definition_may_stand_without_a_list_and_everything_in_it_is_optional(
    kept: Endpoint,
) -> None:
    [one] = kept.step(output_record_defs={})["output_record_ids"]
    [same] = kept.step(output_record_defs=[{}])["output_record_ids"]
    assert one != same
    for record_id in (one, same):
        record = kept.record(record_id)
        assert (record.name, record.kind) == ("NoNameGiven", "data")
        assert (record.uris, record.tags) == ((), {})
        assert (record.sha256, record.size_bytes) == (None, None)


@pytest.mark.parametrize("kind", ["fact", "data", "model", "statement"])
def test_all_that_a_definition_says_is_recorded(kept: Endpoint, kind: str) -> None:
    definition = {
        "name": "scan 12",
        "kind": kind,
        "uris": ["scan:12", "https://example.org/scans/12"],
        "tags": {"detector": {"distance": 0.1}},
        "sha256": SHA.upper(),
        "size_bytes": 2**63 - 1,
        "host": "Node-7",
    }
    made = kept.step(output_record_defs=definition | {"uris": [f"scan:{kind}", "b"]})
    record = kept.record(made["output_record_ids"][0])
    assert (record.name, record.kind) == ("scan 12", kind)
    assert record.uris == (f"scan:{kind}", "b")
    assert record.tags == {"detector.distance": 0.1}
    assert (record.sha256, record.size_bytes) == (SHA, 2**63 - 1)


@pytest.mark.parametrize(
    "empty", [dict.fromkeys(("name", "kind", "sha256", "host"), ""), {"uris": "", "tags": {}}]
)
def test_what_a_definition_leaves_empty_counts_as_absent(
    kept: Endpoint, empty: dict[str, Any]
) -> None:
    made = kept.step(output_record_defs=empty | {"size_bytes": None})
    record = kept.record(made["output_record_ids"][0])
    assert (record.name, record.kind, record.uris) == ("NoNameGiven", "data", ())


def test_what_a_definition_holds_beside_is_logged(
    kept: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    kept.step(output_record_defs=[{}, {"name": "a", "colour": 1, "Sha256": 2}])
    [logged] = [entry.getMessage() for entry in caplog.records if entry.name == "braid_db"]
    assert logged == "'output_record_defs[1]' holds 'colour', 'Sha256', which is not recorded"


BAD_DEFINITIONS: dict[str, tuple[Any, str]] = {
    "a text": ("x", " is a text; expected an object with some of name, kind, uris, tags"),
    "a number": (5, " is the number 5; expected an object"),
    "true": (True, " is a boolean; expected an object"),
    "false": (False, " is a boolean; expected an object"),
    "zero": (0, " is the number 0; expected an object"),
    "a text in a list": ([{}, "x"], "[1] is a text; expected an object"),
    "null in a list": ([None], "[0] is null; expected an object"),
    "a list in a list": ([[{}]], "[0] is a list; expected an object"),
    "a kind of an activity": ({"kind": "step"}, ".kind is 'step'; expected one of fact, data"),
    "a kind of a transfer": ({"kind": "transfer"}, ".kind is 'transfer'; expected one of"),
    "an unknown kind": ({"kind": "Data"}, ".kind is 'Data'; expected one of fact, data, model"),
    "a kind of lines": ({"kind": "a\nb"}, ".kind is 'a\\nb'; expected one of"),
    "a kind that is a number": ({"kind": 1}, ".kind is the number 1; expected a text"),
    "a name that is a number": ({"name": 1}, ".name is the number 1; expected a text"),
    "a name that is a list": ({"name": ["a"]}, ".name is a list; expected a text"),
    "a name of 10 MB": ({"name": LONG}, ".name is a text of 10,000,000 characters"),
    "a name with a NUL byte": ({"name": NUL}, ".name is a text with a NUL byte"),
    "a name with a surrogate": ({"name": SURROGATE}, ".name is a text with half a surrogate"),
    "a short checksum": ({"sha256": "ab"}, ".sha256 is 'ab'; expected a SHA-256 of 64 hex"),
    "a checksum with a prefix": ({"sha256": f"sha256:{SHA}"}, "expected a SHA-256 of 64 hex"),
    "a checksum with an end of line": ({"sha256": f"{SHA}\n"}, "expected a SHA-256 of 64 hex"),
    "a checksum that is a number": ({"sha256": 10**63}, ".sha256 is the number"),
    "a negative size": ({"size_bytes": -1}, ".size_bytes is the number -1; expected a whole"),
    "a size beyond 64 bits": (
        {"size_bytes": 2**63},
        ".size_bytes is the number 9223372036854775808",
    ),
    "a size of thousands of digits": ({"size_bytes": 10**5000}, ".size_bytes is the number <int>"),
    "a size that is a float": ({"size_bytes": 1.0}, ".size_bytes is the number 1.0"),
    "a size that is true": ({"size_bytes": True}, ".size_bytes is a boolean; expected a whole"),
    "a size that is a text": ({"size_bytes": "1"}, ".size_bytes is a text; expected a whole"),
    "a host with a path": ({"host": "a/b"}, ".host is 'a/b'; expected a host's name"),
    "a host with a port": ({"host": "a:22"}, ".host is 'a:22'; expected a host's name"),
    "a host with an end of line": ({"host": "a\n"}, ".host is 'a\\n'; expected a host's name"),
    "a host that is a number": ({"host": 7}, ".host is the number 7; expected a text"),
    "tags that are a list": ({"tags": ["a"]}, ".tags is a list; expected an object of keys"),
    "a URI that is a number": ({"uris": 7}, ".uris is the number 7; expected a text"),
    "a URI that is an object": ({"uris": {"a": 1}}, ".uris is an object; expected a text"),
    "a number among the URIs": ({"uris": ["a", 7]}, ".uris[1] is the number 7; expected a text"),
    "a list among the URIs": ({"uris": [["a"]]}, ".uris[0] is a list; expected a text"),
    "a URI with a NUL byte": ({"uris": f"scan:{NUL}"}, ".uris is a text with a NUL byte"),
    "a URI with a surrogate": ({"uris": ["a", SURROGATE]}, ".uris[1] is a text with half a"),
    "a URI of 10 MB": ({"uris": LONG}, ".uris is a text of 10,000,000 characters"),
}


@pytest.mark.parametrize(("value", "says"), BAD_DEFINITIONS.values(), ids=BAD_DEFINITIONS)
@pytest.mark.parametrize("argument", ["input_record_defs", "output_record_defs"])
def test_a_definition_of_another_form_is_refused_and_nothing_is_written(
    kept: Endpoint, argument: str, value: Any, says: str
) -> None:
    call = {"run_id": "never", "previous_step_output": 3, argument: value}
    line = refused(kept, lambda: kept.step(**call), "invalid-argument")
    assert line.startswith(f"'{argument}")
    assert says in line.replace("' is ", " is ", 1)


# What compute functions tell of themselves


def told(*provenances: Any) -> dict[str, Any]:
    return document(*({"answer": n, "provenance": one} for n, one in enumerate(provenances)))


def test_a_compute_function_tells_its_own_provenance(endpoint: Endpoint) -> None:
    first = {
        "inputs": [{"name": "configuration", "kind": "fact"}],
        "outputs": {"name": "intensities"},
        "tags": {"version": {"code": "1.2"}, "status": "never mind"},
    }
    second = {"inputs": {"name": "image"}, "outputs": [{"name": "model", "kind": "model"}]}
    step = endpoint.step(
        step_result=document("text", {"no": 1}, {"provenance": first}, {"provenance": second}),
        tags={"by": "caller"},
        input_record_defs={"name": "given in"},
        output_record_defs={"name": "given out"},
    )
    inputs = [endpoint.record(one) for one in step["input_record_ids"]]
    outputs = [endpoint.record(one) for one in step["output_record_ids"]]
    assert [record.name for record in inputs] == ["given in", "configuration", "image"]
    assert [record.kind for record in inputs] == ["data", "fact", "data"]
    assert [record.name for record in outputs] == ["given out", "intensities", "model"]
    step_id = step["flow_state_record_id"]
    assert endpoint.record(step_id).tags == {
        "by": "caller",
        "version.code": "1.2",
        "status": "SUCCEEDED",
    }
    assert endpoint.into(step_id) == {((record.record_id, 1), "used") for record in inputs}
    for record in outputs:
        assert endpoint.into(record.record_id) == {((step_id, 1), "generated")}


@pytest.mark.parametrize("nothing", [None, {}, {"inputs": None, "outputs": [], "tags": None}])
def test_a_compute_function_may_tell_nothing(kept: Endpoint, nothing: Any) -> None:
    step = kept.step(step_result=told(nothing))
    assert step["input_record_ids"] == step["output_record_ids"] == []


def test_provenance_is_read_only_from_what_an_actions_functions_returned(kept: Endpoint) -> None:
    provenance = {"outputs": {"name": "x"}}
    for step_result in (
        {"provenance": provenance},
        {"details": {"provenance": provenance}},
        {"details": {"result": [{"inner": {"provenance": provenance}}]}},
        [{"provenance": provenance}],
    ):
        assert kept.step(step_result=step_result)["output_record_ids"] == []


def test_the_second_place_of_a_documents_results_is_read_where_the_first_is_missing(
    kept: Endpoint,
) -> None:
    output = {"provenance": {"outputs": [{}, {}]}}
    both = kept.step(step_result=document(output))
    second = kept.step(step_result={"details": {"results": [{"output": output}]}})
    assert len(both["output_record_ids"]) == len(second["output_record_ids"]) == 2


BAD_PROVENANCE: dict[str, tuple[Any, str]] = {
    "a text": ("x", "provenance' is a text; expected an object with inputs, outputs and tags"),
    "a list": ([], "provenance' is a list; expected an object"),
    "false": (False, "provenance' is a boolean; expected an object"),
    "inputs that are a text": ({"inputs": "x"}, "provenance.inputs' is a text; expected an object"),
    "outputs of a bad kind": (
        {"outputs": [{}, {"kind": "step"}]},
        "provenance.outputs[1].kind' is 'step'; expected one of",
    ),
    "tags that are a list": ({"tags": [1]}, "provenance.tags' is a list; expected an object"),
    "a number as a key of tags": ({"tags": {1: 1}}, "provenance.tags' is an object with the key 1"),
    "a lone surrogate": (
        {"inputs": {"name": SURROGATE}},
        "provenance.inputs.name' is a text with half a surrogate pair",
    ),
}


@pytest.mark.parametrize(("provenance", "says"), BAD_PROVENANCE.values(), ids=BAD_PROVENANCE)
def test_malformed_provenance_is_refused_by_its_place(
    kept: Endpoint, provenance: Any, says: str
) -> None:
    line = refused(kept, lambda: kept.step(step_result=told({}, provenance)), "invalid-argument")
    assert f"'step_result.details.result[1].{says}" in line


# The run, who started it, and when


def test_a_step_belongs_to_its_run(endpoint: Endpoint) -> None:
    step = endpoint.step(run_id="r", flow_id="f", started_by="urn:me", output_record_defs={})
    loose = endpoint.step()
    for record_id in (step["flow_state_record_id"], *step["output_record_ids"]):
        record = endpoint.record(record_id)
        assert (record.run_id, record.created_by) == ("r", "urn:me")
    assert endpoint.record(loose["flow_state_record_id"]).run_id is None
    [run] = endpoint.rows("run")
    assert (run.run_id, run.flow_id, run.started_by) == ("r", "f", "urn:me")


def test_what_was_not_known_of_a_run_is_filled_in_and_nothing_of_it_changed(
    endpoint: Endpoint,
) -> None:
    for said in ({}, {"flow_id": "f"}, {"flow_id": "other", "started_by": "me"}, {}):
        endpoint.step(run_id="r", **said)
    [run] = endpoint.rows("run")
    assert (run.run_id, run.flow_id, run.started_by) == ("r", "f", "me")


def test_who_started_it_is_the_documents_creator_unless_it_is_said(endpoint: Endpoint) -> None:
    told_by_document = endpoint.step_id(step_result=document(), run_id="r")
    said = endpoint.step_id(step_result=document(), started_by="me")
    moved = endpoint.transfer(transfer_result=document())["flow_state_record_id"]
    strange = endpoint.step_id(step_result=document(creator_id=5))
    creator = "urn:globus:auth:identity:1f3b0e5c"
    assert endpoint.record(told_by_document).created_by == creator
    assert endpoint.record(moved).created_by == creator
    assert endpoint.record(said).created_by == "me"
    assert endpoint.record(strange).created_by is None
    assert endpoint.rows("run")[0].started_by == creator


TIMES = [
    ("2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00.000000Z"),
    ("2026-03-01T11:00:00.5+01:00", "2026-03-01T10:00:00.500000Z"),
    ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000000Z"),
    ("2026-03-01 10:00:00", "2026-03-01T10:00:00.000000Z"),
    ("yesterday", None),
    ("", None),
    (None, None),
    (1.5, None),
    ({"a": 1}, None),
    ("0001-01-01T00:00:00+23:00", None),
]


@pytest.mark.parametrize(("time", "kept_as"), TIMES)
def test_a_step_has_the_times_of_its_action_where_they_are_times(
    kept: Endpoint, time: Any, kept_as: str | None
) -> None:
    started = kept.step_id(step_result=document(start_time=time))
    ended = kept.step_id(step_result=document(completion_time=time))
    assert kept.record(started).started_at == kept_as
    assert kept.record(ended).ended_at == kept_as
    assert kept.record(started).ended_at == "2026-03-01T10:00:02.000000Z"


# The URIs of a step


@pytest.mark.parametrize(
    ("uris", "recorded"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ("https://example.org/b", ("https://example.org/b",)),
        (["z", "a", "https://example.org/b", "a"], ("z", "a", "https://example.org/b", "a")),
        (["a", None, "", "b"], ("a", "b")),
        ("no URI at all", ("no URI at all",)),
        ("x" * 8000, ("x" * 8000,)),
    ],
    ids=range(8),
)
def test_all_uris_of_a_step_are_kept_in_their_order(
    kept: Endpoint, uris: Any, recorded: tuple[str, ...]
) -> None:
    assert kept.record(kept.step_id(uris=uris)).uris == recorded


def test_the_uris_of_a_step_identify_nothing(kept: Endpoint) -> None:
    uri = "https://example.org/the-state-of-a-flow"
    first, second = kept.step(uris=uri), kept.step(uris=uri, output_record_defs={"uris": uri})
    ids = {first["flow_state_record_id"], second["flow_state_record_id"]}
    assert len(ids) == 2
    assert not ids.intersection(second["output_record_ids"])


@pytest.mark.parametrize(
    ("uris", "says"),
    [
        (5, "'uris' is the number 5; expected a text"),
        ({"a": 1}, "'uris' is an object; expected a text"),
        (["a", True], "'uris[1]' is a boolean; expected a text"),
        ([["a"]], "'uris[0]' is a list; expected a text"),
        (nested(100_000), "'uris[0]' is a list; expected a text"),
        (["a", NUL], "'uris[1]' is a text with a NUL byte"),
        ([SURROGATE], "'uris[0]' is a text with half a surrogate pair"),
        ("x" * 8001, "'uris' is a text of 8,001 characters; expected at most 8,000"),
    ],
    ids=range(8),
)
def test_a_uri_that_cannot_be_kept_is_refused(kept: Endpoint, uris: Any, says: str) -> None:
    assert says in refused(kept, lambda: kept.step(uris=uris), "invalid-argument")
