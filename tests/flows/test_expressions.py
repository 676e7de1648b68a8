"""Tests of expressions: what published flows use, and what is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows import expressions
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid, FlowStateError
from braid_db.flows.scope import Scope

STATE: dict[str, Any] = {
    "source": {"id": "s", "path": "/~/data/scan.h5"},
    "destination": {"path": "/results/"},
    "transfer_settings": {
        "DATA": [
            {"source_path": "/data/a/", "DATA_TYPE": "transfer_item", "recursive": True},
            {"source_path": "/data/b.h5", "DATA_TYPE": "transfer_item", "recursive": False},
        ]
    },
    "source_paths": ["/data/a/", "/data/b.h5"],
    "run_vars": {"compute_output_directory": "/r/"},
    "compute_func_result": {"details": {"result": ["/r/out.tar"]}},
    "SourceStat": {"details": {"type": "dir"}},
    "DestinationStat": {"details": {"code": "NotFound"}},
    "PathTypes": {
        "source_is_dir": True,
        "source_is_default_dir": False,
        "source_is_root": False,
    },
    "state": {"i": 1, "batches": [["x"]], "counter": 3},
    "step": 2,
    "ls": {"details": {"DATA": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "length": 3}},
    "Ls": {"details": {"results": [{"task_id": "t1"}]}},
    "compute_results": {"low": 1, "high": 2.5, "title": "T"},
    "odd": {"items": [1], "values": 2, "get": 3, "a b": 4},
    "nothing": None,
    "word": "w",
}
CONTEXT = {"run_id": "R", "flow_id": "F", "email": "", "username": "u@x", "user_id": "urn:u"}
SCOPE = Scope(STATE, CONTEXT)

EXAMPLES = "globus-flows-examples"
CLIENT = "globus-automate-client"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("'/' + _context.run_id + '/'", "/R/", id=f"{EXAMPLES}: tar_and_transfer 1"),
        pytest.param(
            "['~' in transfer_data.source_path or transfer_data.source_path == '/' "
            "for transfer_data in transfer_settings.DATA] == [False] * len(transfer_settings.DATA)",
            True,
            id=f"{EXAMPLES}: tar_and_transfer 1, validation",
        ),
        pytest.param(
            "[run_vars.compute_output_directory + pathsplit(p.rstrip('/'))[1] + '/' "
            "if p.endswith('/') else run_vars.compute_output_directory + pathsplit(p)[1] "
            "for p in source_paths]",
            ["/r/a/", "/r/b.h5"],
            id=f"{EXAMPLES}: tar_and_transfer 2, source paths",
        ),
        pytest.param(
            "[{'source_path': d.source_path, 'DATA_TYPE': d.DATA_TYPE, 'recursive': d.recursive} "
            "for d in transfer_settings.DATA]",
            STATE["transfer_settings"]["DATA"],
            id=f"{EXAMPLES}: tar_and_transfer 1, objects made in a list",
        ),
        pytest.param(
            "getattr('destination_path', '/~/' + "
            "pathsplit(compute_func_result.details.result[0])[1])",
            "/~/out.tar",
            id=f"{EXAMPLES}: compute_transfer, a default",
        ),
        pytest.param(
            "compute_func_result.details.result[0]", "/r/out.tar", id=f"{EXAMPLES}: a result"
        ),
        pytest.param("SourceStat.details.type == 'dir'", True, id=f"{EXAMPLES}: move, source"),
        pytest.param(
            "'type' in DestinationStat.details and DestinationStat.details.type == 'dir'",
            False,
            id=f"{EXAMPLES}: move, what is looked for is not there",
        ),
        pytest.param(
            "'code' not in DestinationStat.details or DestinationStat.details.code != 'NotFound'",
            False,
            id=f"{EXAMPLES}: move, destination exists",
        ),
        pytest.param(
            "source.path.rpartition('/')[2] if not PathTypes.source_is_dir else 'DEFAULT' "
            "if PathTypes.source_is_default_dir else 'ROOT' if PathTypes.source_is_root "
            "else source.path.split('/')[-2]",
            "data",
            id=f"{EXAMPLES}: two_hop, nested conditions",
        ),
        pytest.param(
            "[{'path': source.path.rstrip('/') + '/' + item.name} for item in ls.details.DATA][:1]",
            [{"path": "/~/data/scan.h5/a"}],
            id=f"{EXAMPLES}: looping_batched_move",
        ),
        pytest.param("[`$.source.path`]", ["/~/data/scan.h5"], id=f"{CLIENT}: transfer-mv"),
        pytest.param("state.counter + 1", 4, id=f"{CLIENT}: loop-a-set-number-of-times"),
        pytest.param(
            "state.batches + [[file.name for file in ls.details.DATA[state.i:state.i+step]]]",
            [["x"], ["b", "c"]],
            id=f"{CLIENT}: loop-with-batch-processing",
        ),
        pytest.param(
            "str(len(`$.transfer_settings.DATA`))", "2", id=f"{EXAMPLES}: approved_publishing"
        ),
        pytest.param(
            "(`$._context.email` or `$._context.username`) + ' (' + `$._context.user_id` + ')'",
            "u@x (urn:u)",
            id=f"{EXAMPLES}: admin_signoff",
        ),
        pytest.param(
            "'[' + str(`$.compute_results.low`) + ', ' + str(`$.compute_results.high`) + ']'",
            "[1, 2.5]",
            id=f"{EXAMPLES}: evaluate_preliminary_results",
        ),
        pytest.param(
            "'Approve \"' + `$.compute_results.title` + '\"'", 'Approve "T"', id="quotes in quotes"
        ),
        pytest.param(
            "`$.Ls.details.results[0].task_id` + '.crate'", "t1.crate", id="the real run log"
        ),
        pytest.param("x if is_present('x') else 10", 10, id="authoring guide: is_present"),
        pytest.param("getattr('x', 10)", 10, id="authoring guide: getattr with a default"),
        pytest.param("getattr('missing_property')", None, id="authoring guide: getattr without"),
        pytest.param("getattr('nothing', 1)", None, id="a null that is there is no default"),
        pytest.param("is_present('nothing')", True, id="a null is there"),
        pytest.param("is_present('ls.details.DATA[2].name')", True, id="a path without $"),
        pytest.param("is_present('$._context.run_id')", True, id="the context is there"),
        pytest.param("`$['odd']['a b']` + 1", 5, id="a quoted name in backticks"),
        pytest.param("odd['items']", [1], id="an object's member named like a method"),
        pytest.param("`$.odd.values`", 2, id="the same by a path"),
        pytest.param("[k for k in sorted_or_not] if False else (1, 2)", [1, 2], id="a tuple"),
        pytest.param("{1: 2}", {"1": 2}, id="keys become texts"),
        pytest.param("'a `$.word` b'", "a `$.word` b", id="backticks inside a text"),
        pytest.param("f'{word}!'", "w!", id="a formatted text"),
        pytest.param("  step  ", 2, id="white space around it"),
        pytest.param("2 ** 10 % 1000", 24, id="arithmetic"),
        pytest.param("state.items_ if False else not None", True, id="boolean operators"),
    ],
)
def test_an_expression_has_the_value_that_its_author_meant(expression: str, value: Any) -> None:
    expressions.check(expression, "'x.='")
    assert expressions.evaluate(expression, SCOPE, "'x.='") == value


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        # both of the authoring guide
        ("/foo/bar/blech", ["/foo/bar", "blech"]),
        ("/~/path", ["/~/", "path"]),
        ("/~/", ["/~/", ""]),
        ("/~/a/b", ["/~/a", "b"]),
        ("/a", ["/", "a"]),
        ("a", ["", "a"]),
        ("a/b/", ["a/b", ""]),
    ],
)
def test_pathsplit_takes_the_last_name_off_a_path(path: str, parts: list[str]) -> None:
    assert expressions.evaluate(f"pathsplit({path!r})", SCOPE, "x") == parts


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("9**9**9", "too large"),
        ("4000000 ** 4000000", "too large"),
        ("2 ** 99999999", "too large"),
        ("1 << 99999", "too large"),
        ("'a' * 10000000", "too large"),
        ("[0] * 10000000", "too large"),
        ("[a for a in [0] * 999 for b in [0] * 999]", "too large"),
        ("().__class__.__bases__[0].__subclasses__()", "may not"),
        ("word.__class__", "may not"),
        ("'{0.__class__}'.format(1)", "may not"),
        ("_context._secret", "may not"),
        ("len.__self__", "may not"),
        ("(lambda: 1)()", "may not"),
        ("[].append.__self__", "may not"),
        ("__import__('os').system('true')", "no function '__import__'"),
        ("open('/etc/passwd')", "no function 'open'"),
        ("eval('1')", "no function 'eval'"),
        ("rand()", "no function 'rand'"),
        ("unknown", "the run's state has no 'unknown'"),
        ("source.nothing", "no member 'nothing'"),
        ("odd['no']", "no member 'no'"),
        ("source_paths[9]", "index out of range"),
        ("word + 1", "can only concatenate str"),
        ("1 / 0", "division by zero"),
        ("`$.no.where`", "Nothing stands at the path '\\$.no.where'"),
        ("{1, 2}", "not JSON"),
        ("len", "not JSON"),
        ("float('nan')", "not JSON"),
        ("word.encode()", "not JSON"),
        ("int('9' * 5000)", "Exceeds the limit"),
    ],
)
def test_an_expression_without_a_value_fails_with_the_reason(expression: str, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(FlowStateError, match=reason) as caught:
        expressions.evaluate(expression, SCOPE, "'x.=' in the Parameters of state 'S'")
    assert caught.value.error == "States.Runtime"
    assert "'x.=' in the Parameters of state 'S'" in caught.value.explanation
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "cannot be read"),
        ("a +", "invalid syntax"),
        ("a = 1", "cannot be read"),
        ("a; b", "cannot be read"),
        ("import os", "cannot be read"),
        ("`$.a", "invalid syntax"),
        ("a\0b", "cannot be read"),
        ("(" * 5000 + "1" + ")" * 5000, "cannot be read"),
        ("-" * 50000 + "1", "nested too deeply|too complex|cannot be read"),
        ("odd.items", r"write \['items'\]"),
        ("[x for x in odd.values]", r"write \['values'\]"),
        ("odd.get + 1", r"write \['get'\]"),
    ],
)
def test_what_can_never_have_a_value_is_refused_before_a_run(expression: str, reason: str) -> None:
    with pytest.raises(FlowDefinitionInvalid, match=reason):
        expressions.check(expression, "'x.='")


@pytest.mark.parametrize("expression", ["`a.b`", "`$.a[*]`", "``"])
def test_what_stands_in_backticks_must_be_a_path(expression: str) -> None:
    with pytest.raises(FlowPathInvalid, match=r"In the expression of 'x\.='"):
        expressions.check(expression, "'x.='")


def test_a_method_of_an_object_can_be_called() -> None:
    assert expressions.evaluate("source.get('no', 5)", SCOPE, "x") == 5
    assert expressions.evaluate("[k for k in source.keys()]", SCOPE, "x") == ["id", "path"]


def test_an_expression_cannot_change_the_state() -> None:
    before = json.dumps(STATE)
    for expression in ("source.update({'id': 1})", "source_paths.pop()", "`$.source`.clear()"):
        expressions.evaluate(expression, SCOPE, "x")
    expressions.evaluate("getattr('source_paths').clear()", SCOPE, "x")
    assert json.dumps(STATE) == before


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_a_value_of_the_state_passes_through_unchanged(value: Any) -> None:
    scope = Scope({"v": value, "path_0": "not this"}, CONTEXT)
    for expression in ("v", "`$.v`", "getattr('v')", "[v][0]"):
        assert expressions.evaluate(expression, scope, "x") == value
