"""Tests of running a flow: each type of state, errors and their catchers, the log."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.flows import Event, FlowRun, run_flow
from braid_db.flows.errors import FlowDefinitionInvalid, FlowInputInvalid
from tests.flows.greeting import HELLO, HelloWorld
from tests.flows.test_jsonpath import objects


def run(states: dict[str, Any], run_input: dict[str, Any] | None = None, **options: Any) -> FlowRun:
    definition = {"StartAt": next(iter(states)), "States": states}
    return run_flow(definition, run_input or {}, actions={HELLO: HelloWorld()}, **options)


def state_after(states: dict[str, Any], run_input: dict[str, Any] | None = None) -> Any:
    finished = run(states, run_input)
    assert finished.succeeded, finished
    return finished.state


def hello(**fields: Any) -> dict[str, Any]:
    state = {"Type": "Action", "ActionUrl": HELLO, **fields}
    return state if "Next" in state else {**state, "End": True}


END = {"Type": "Pass", "End": True}
DONE = {"Type": "Pass", "Result": {"done": True}, "ResultPath": "$.done", "End": True}


# Pass and ExpressionEval


def test_a_pass_state_writes_its_parameters_at_its_result_path() -> None:
    # globus-automate-client, examples/flows/pass-with-parameters
    state = {"Type": "Pass", "Parameters": {"foo": "bar", "value_5": 5}, "End": True}
    assert state_after({"P": {**state, "ResultPath": "$.PassResult"}}, {"a": 1}) == {
        "a": 1,
        "PassResult": {"foo": "bar", "value_5": 5},
    }


def test_a_pass_state_without_a_result_path_replaces_the_whole_state() -> None:
    assert state_after({"P": {"Type": "Pass", "Result": {"b": 2}, "End": True}}, {"a": 1}) == {
        "b": 2
    }


def test_a_pass_state_without_fields_leaves_the_state_as_it_is() -> None:
    assert state_after({"P": END}, {"a": 1}) == {"a": 1}


def test_a_pass_state_moves_what_its_input_path_selects() -> None:
    state = {"Type": "Pass", "InputPath": "$.a.b", "ResultPath": "$.c.d", "End": True}
    assert state_after({"P": state}, {"a": {"b": [1]}}) == {"a": {"b": [1]}, "c": {"d": [1]}}


def test_an_expression_eval_puts_what_it_computes_at_its_result_path() -> None:
    state = {
        "Type": "ExpressionEval",
        "Parameters": {"sum.=": "a + `$.b`", "c.$": "$.b", "d": 4},
        "ResultPath": "$.vars",
        "End": True,
    }
    assert state_after({"E": state}, {"a": 1, "b": 2})["vars"] == {"sum": 3, "c": 2, "d": 4}


def test_a_loop_over_batches_ends_with_all_of_them() -> None:
    # globus-automate-client, examples/flows/loop-with-batch-processing, its listing given
    names = [{"name": name} for name in "abcde"]
    finished = state_after(
        {
            "setup": {
                "Type": "Pass",
                "Parameters": {
                    "state": {"i": 0, "batches": []},
                    "step.$": "$.step",
                    "ls.$": "$.ls",
                },
                "Next": "loop",
            },
            "loop": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Variable": "$.state.i",
                        "NumericLessThanPath": "$.ls.details.length",
                        "Next": "process-batch",
                    }
                ],
                "Default": "done",
            },
            "process-batch": {
                "Type": "ExpressionEval",
                "Parameters": {
                    "i.$": "$.state.i",
                    "batches.=": "state.batches + "
                    "[[file.name for file in ls.details.DATA[state.i:state.i+step]]]",
                },
                "ResultPath": "$.state",
                "Next": "increment-batch",
            },
            "increment-batch": {
                "Type": "ExpressionEval",
                "Parameters": {"i.=": "state.i + step", "batches.$": "$.state.batches"},
                "ResultPath": "$.state",
                "Next": "loop",
            },
            "done": END,
        },
        {"step": 2, "ls": {"details": {"length": 5, "DATA": names}}},
    )
    assert finished["state"] == {"i": 6, "batches": [["a", "b"], ["c", "d"], ["e"]]}


def test_a_counter_is_made_where_it_is_missing_and_counted_up() -> None:
    # globus-automate-client, examples/flows/loop-a-set-number-of-times
    states = {
        "Test": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.state_manager", "IsPresent": False, "Next": "Initialize"},
                {"Variable": "$.state_manager.counter", "NumericLessThan": 10, "Next": "Increment"},
            ],
            "Default": "Success",
        },
        "Initialize": {"Type": "Pass", "Result": {"state_manager": {"counter": 0}}, "Next": "Test"},
        "Increment": {
            "Type": "ExpressionEval",
            "Parameters": {"counter.=": "state_manager.counter + 1"},
            "ResultPath": "$.state_manager",
            "Next": "Test",
        },
        "Success": END,
    }
    assert state_after(states) == {"state_manager": {"counter": 10}}


def test_hello_world_is_said_to_each_of_a_list() -> None:
    # globus-automate-client, examples/flows/complex-hello-world, the comparison made here
    provider = HelloWorld()
    definition = {
        "StartAt": "RunHelloWorld",
        "States": {
            "RunHelloWorld": hello(
                Parameters={"echo_string.$": "$.input.Hellos[0]", "sleep_time": 3},
                ResultPath="$.HelloOutput",
                Next="SliceHellos",
            ),
            "SliceHellos": {
                "Type": "Pass",
                "Parameters": {"Hellos.$": "$.input.Hellos[1:]"},
                "ResultPath": "$.input",
                "Next": "ComputeCompletion",
            },
            "ComputeCompletion": {
                "Type": "ExpressionEval",
                "Parameters": {"loop_done.=": "input.Hellos == input.Hellos[0:0]"},
                "ResultPath": "$.Completion",
                "Next": "CheckCompletion",
            },
            "CheckCompletion": {
                "Type": "Choice",
                "Default": "Done",
                "Choices": [
                    {
                        "Variable": "$.Completion.loop_done",
                        "BooleanEquals": False,
                        "Next": "RunHelloWorld",
                    }
                ],
            },
            "Done": END,
        },
    }
    run_input = {"input": {"Hellos": ["a", "b", "c"]}}
    assert run_flow(definition, run_input, actions={HELLO: provider}).succeeded
    assert [call.body["echo_string"] for call in provider.calls] == ["a", "b", "c"]


# Choice, Wait and Fail


def test_a_choice_without_a_match_and_a_default_ends_the_run() -> None:
    rule = {"Variable": "$.a", "IsPresent": True, "Next": "End"}
    failed = run({"C": {"Type": "Choice", "Choices": [rule]}, "End": END})
    assert (failed.status, failed.failed_state) == ("FAILED", "C")
    assert failed.error == "States.NoChoiceMatched"


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ({"Seconds": 1800}, 1800),
        ({"SecondsPath": "$.s"}, 1.5),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, 0),
        ({"TimestampPath": "$.soon"}, 3600),
    ],
)
def test_a_wait_state_waits_as_long_as_it_says(wait: dict[str, Any], seconds: float) -> None:
    waits: list[float] = []
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    finished = run(
        {"W": {"Type": "Wait", **wait, "End": True}}, {"s": 1.5, "soon": soon}, sleep=waits.append
    )
    assert finished.state == {"s": 1.5, "soon": soon}
    assert waits == [pytest.approx(seconds, abs=5)]


@pytest.mark.parametrize(
    "wait",
    [
        {"SecondsPath": "$.text"},
        {"SecondsPath": "$.minus"},
        {"SecondsPath": "$.true"},
        {"SecondsPath": "$.missing"},
        {"TimestampPath": "$.text"},
        {"TimestampPath": "$.minus"},
    ],
)
def test_a_wait_for_something_that_is_no_time_ends_the_run(wait: dict[str, Any]) -> None:
    run_input = {"text": "soon", "minus": -1, "true": True}
    failed = run({"W": {"Type": "Wait", **wait, "End": True}}, run_input, sleep=pytest.fail)
    assert (failed.failed_state, failed.error) == ("W", "States.Runtime")


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        # globus-flows-examples, tar_and_transfer
        (
            {"Error": "InvalidInputData", "Cause": "Invalid source path."},
            "InvalidInputData",
            "Invalid source path.",
        ),
        ({"ErrorPath": "$.e", "CausePath": "$.c"}, "E", "{'x': 1}"),
        ({}, "Fail", "The run came to the Fail state 'F'"),
    ],
)
def test_a_fail_state_ends_the_run_with_its_error_and_cause(
    fields: dict[str, Any], error: str, cause: str
) -> None:
    failed = run({"F": {"Type": "Fail", **fields}}, {"e": "E", "c": {"x": 1}})
    assert (failed.status, failed.error, failed.cause) == ("FAILED", error, cause)
    assert failed.state == {"e": "E", "c": {"x": 1}}


# Actions


def test_an_action_leaves_its_status_document_with_the_name_of_its_state() -> None:
    finished = state_after(
        {"Greet": hello(Parameters={"echo_string.$": "$.who"}, ResultPath="$.out.first")},
        {"who": "you"},
    )
    document = finished["out"]["first"]
    assert next(iter(document)) == "state_name"
    assert document["state_name"] == "Greet"
    assert document["details"] == {"Hello": "World", "hello": "you"}
    assert finished["who"] == "you"


def test_an_action_without_a_result_path_replaces_the_whole_state() -> None:
    assert state_after({"Greet": hello(Parameters={})}, {"who": "you"})["state_name"] == "Greet"


def test_an_action_without_parameters_is_given_what_its_input_path_selects_or_everything() -> None:
    provider = HelloWorld()
    states = {"A": hello(InputPath="$.a", ResultPath="$.r", Next="B"), "B": hello()}
    definition = {"StartAt": "A", "States": states}
    run_flow(definition, {"a": {"echo_string": "x"}}, actions={HELLO: provider})
    assert provider.calls[0].body == {"echo_string": "x"}
    assert set(provider.calls[1].body) == {"a", "r"}


def test_an_action_is_told_how_long_its_state_waits_and_who_runs_the_flow() -> None:
    provider = HelloWorld()
    states = {"A": hello(WaitTime=7, Next="B"), "B": hello()}
    run_flow({"StartAt": "A", "States": states}, {}, actions={HELLO: provider})
    assert [call.wait_time_s for call in provider.calls] == [7, 300]
    assert provider.calls[0].creator_id.startswith("urn:globus:auth:identity:")


def test_a_failed_action_ends_the_run_unless_the_state_says_otherwise() -> None:
    failing = hello(Parameters={"required_status": "FAILED"}, ResultPath="$.r")
    failed = run({"A": failing})
    assert (failed.error, failed.explanation) == ("ActionFailedException", "failed")
    assert failed.cause["status"] == "FAILED"
    assert failed.state == {}
    finished = run({"A": {**failing, "ExceptionOnActionFailure": False}})
    assert finished.succeeded
    assert finished.state["r"]["status"] == "FAILED"


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("FAILED", "ActionFailedException"),
        ("REFUSED", "ActionUnableToRun"),
        ("SLOW", "ActionTimeout"),
        ("ODD", "Some.Error"),
    ],
)
def test_an_error_is_caught_by_its_name_or_by_all_and_the_first_catcher_wins(
    how: str, error: str
) -> None:
    for names in ([error], ["Other", error], ["States.ALL"]):
        catchers = [
            {"ErrorEquals": ["Another"], "Next": "Wrong"},
            {"ErrorEquals": names, "Next": "Right", "ResultPath": "$.caught"},
            {"ErrorEquals": ["States.ALL"], "Next": "Wrong"},
        ]
        finished = state_after(
            {
                "A": hello(Parameters={"required_status": how}, Catch=catchers, ResultPath="$.r"),
                "Right": DONE,
                "Wrong": {"Type": "Fail"},
            },
            {"kept": 1},
        )
        assert set(finished) == {"kept", "caught", "done"}
        assert finished["caught"]["Error"] == error
        assert isinstance(finished["caught"]["Cause"], dict)


def test_the_error_of_a_failed_action_carries_its_status_document() -> None:
    catcher = {"ErrorEquals": ["ActionFailedException"], "Next": "Done", "ResultPath": "$.e"}
    finished = state_after(
        {"A": hello(Parameters={"required_status": "FAILED"}, Catch=[catcher]), "Done": DONE}
    )
    assert finished["e"]["Cause"]["status"] == "FAILED"
    assert finished["e"]["Cause"]["state_name"] == "A"


def test_a_timeout_carries_the_last_status_document() -> None:
    catcher = {"ErrorEquals": ["ActionTimeout"], "Next": "Done", "ResultPath": "$.e"}
    finished = state_after(
        {"A": hello(Parameters={"required_status": "SLOW"}, Catch=[catcher]), "Done": DONE}
    )
    assert finished["e"]["Cause"]["status"] == "ACTIVE"


def test_a_catcher_without_a_result_path_replaces_the_whole_state() -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Done"}
    finished = state_after(
        {"A": hello(Parameters={"required_status": "FAILED"}, Catch=[catcher]), "Done": DONE},
        {"lost": 1},
    )
    assert set(finished) == {"Error", "Cause", "done"}


def test_an_error_that_no_catcher_names_ends_the_run() -> None:
    catcher = {"ErrorEquals": ["ActionTimeout"], "Next": "Done"}
    failed = run(
        {"A": hello(Parameters={"required_status": "FAILED"}, Catch=[catcher]), "Done": DONE}
    )
    assert failed.failed_state == "A"


def test_a_path_to_nothing_is_not_caught() -> None:
    # globus-cli issue 1254 shows States.Runtime as what the service calls it
    catcher = {"ErrorEquals": ["States.ALL", "States.Runtime"], "Next": "Done"}
    failed = run(
        {"A": hello(Parameters={"a.$": "$.destination.path"}, Catch=[catcher]), "Done": DONE}
    )
    assert (failed.failed_state, failed.error) == ("A", "States.Runtime")
    assert "$.destination.path" in str(failed.explanation)


def test_a_result_that_cannot_be_written_is_an_error_that_can_be_caught() -> None:
    blocked = hello(Parameters={}, ResultPath="$.text.below")
    failed = run({"A": blocked}, {"text": "x"})
    assert failed.error == "States.ResultPathMatchFailure"
    assert "a text is in the way of 'below'" in str(failed.explanation)
    catcher = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Done"}
    assert "e" in state_after({"A": {**blocked, "Catch": [catcher]}, "Done": DONE}, {"text": "x"})


# The context


def test_the_context_is_read_by_paths_and_expressions_and_is_no_part_of_the_state() -> None:
    finished = run(
        {
            "P": {
                "Type": "Pass",
                "Parameters": {
                    "context.$": "$._context",
                    "run.=": "_context.run_id + '/' + `$._context.flow_id`",
                    "all.$": "$",
                },
                "End": True,
            }
        },
        {"a": 1},
        run_id="R",
        flow_id="F",
    )
    context = finished.state["context"]
    assert finished.state["run"] == "R/F"
    assert finished.state["all"] == {"a": 1}
    assert (finished.run_id, finished.flow_id) == ("R", "F")
    assert context["run_id"] == context["action_id"] == "R"
    assert context["user_id"] in context["identities"]
    assert context["user_id"].startswith("urn:globus:auth:identity:")
    assert context["username"] == context["email"]
    assert set(context["token_info"]) == {"exp", "iat", "nbf"}


def test_no_state_can_put_something_in_the_contexts_place() -> None:
    replaced = {
        "Type": "Pass",
        "Result": {"_context": {"run_id": "forged"}, "x": 1},
        "Next": "Read",
    }
    read = {"Type": "Pass", "Parameters": {"id.$": "$._context.run_id"}, "ResultPath": "$.r"}
    finished = run({"P": replaced, "Read": {**read, "End": True}}, run_id="R")
    assert finished.state == {"x": 1, "r": {"id": "R"}}


def test_each_run_has_its_own_id_and_a_definition_always_the_same_flow_id() -> None:
    first, second, other = run({"P": END}), run({"P": END}), run({"P": DONE})
    assert first.run_id != second.run_id
    assert first.flow_id == second.flow_id != other.flow_id


# The input and the log


@pytest.mark.parametrize("run_input", [[], "x", None, {"_context": {}}, {"a": {1, 2}}])
def test_an_input_that_is_no_json_object_or_hides_the_context_is_refused(run_input: Any) -> None:
    with pytest.raises(FlowInputInvalid):
        run_flow({"StartAt": "P", "States": {"P": END}}, run_input, actions={})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_what_is_nested_too_deeply_is_refused_and_anything_less_is_run() -> None:
    assert run({"P": END}, {"a": nested(199)}).succeeded
    for depth in (200, 900, 5000):
        with pytest.raises(FlowInputInvalid, match="nested more than 200 deep"):
            run({"P": END}, {"a": nested(depth)})
        state = {"Type": "Pass", "Parameters": {"a": nested(depth)}, "End": True}
        with pytest.raises(FlowDefinitionInvalid, match="nested more than 200 deep"):
            run({"P": state})


def test_a_loop_that_nests_the_state_in_itself_ends_with_a_sentence() -> None:
    failed = run({"P": {"Type": "Pass", "Parameters": {"inner.$": "$"}, "Next": "P"}})
    assert (failed.failed_state, failed.error) == ("P", "States.Runtime")
    assert "nested more than 200 deep" in str(failed.explanation)


def test_a_definition_is_refused_before_anything_is_told() -> None:
    with pytest.raises(FlowDefinitionInvalid):
        run({"P": {"Type": "Pass", "Next": "Nowhere"}}, on_event=pytest.fail)


def test_the_input_and_the_definition_are_left_as_they_are() -> None:
    states = {"A": hello(Parameters={"a.$": "$.a"}, ResultPath="$.a.b.c"), "End": END}
    run_input = {"a": {"b": {"x": [1]}}}
    before = copy.deepcopy((states, run_input))
    run(states, run_input)
    assert (states, run_input) == before


def test_the_log_has_the_services_codes_and_the_whole_state_after_each_state() -> None:
    events: list[Event] = []
    states = {
        "A": hello(Parameters={"echo_string": "x", "k": 1, "__Private_Parameters": ["k"]})
        | {"ResultPath": "$.r", "Next": "P"},
        "P": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$._private_p", "Next": "C"},
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$._private_p.x", "NumericEquals": 1, "Next": "F"}],
        },
        "F": {"Type": "Fail", "Error": "E", "Cause": "why"},
    }
    states["A"].pop("End")
    finished = run(states, {"in": 1}, on_event=events.append)
    del states["A"]["Parameters"]
    codes = ["FlowStarted", "ActionStarted", "ActionCompleted", "PassStarted", "PassCompleted"]
    codes += ["ChoiceStarted", "ChoiceCompleted", "FailStarted", "FlowFailed"]
    assert [event.code for event in events] == codes
    entries = [json.loads(json.dumps(event.as_log_entry())) for event in events]
    assert entries[0]["details"].pop("user_id").startswith("urn:globus:auth:identity:")
    ids = {"run_id": finished.run_id, "flow_id": finished.flow_id}
    assert entries[0]["details"] == {"input": {"in": 1}, **ids}
    assert entries[1]["details"] == {
        "state_name": "A",
        "state_type": "Action",
        "input": {"echo_string": "x"},
    }
    assert set(entries[2]["details"]["output"]) == {"in", "r"}
    assert set(entries[4]["details"]["output"]) == {"in", "r"}
    assert entries[-1]["details"] == {"state_name": "F", "exception": "E", "cause": "why"}
    assert set(finished.state) == {"in", "r", "_private_p"}
    assert set(finished.visible_state) == {"in", "r"}
    assert all(datetime.fromisoformat(entry["time"]).tzinfo for entry in entries)


def test_a_caught_error_is_told_as_a_failed_action_and_the_run_succeeds() -> None:
    events: list[Event] = []
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Done"}
    states = {"A": hello(Parameters={"required_status": "FAILED"}, Catch=[catcher]), "Done": DONE}
    run(states, on_event=events.append)
    codes = [event.code for event in events]
    assert codes[1:3] == ["ActionStarted", "ActionFailed"]
    assert codes[-1] == "FlowSucceeded"
    assert events[2].details["exception"] == "ActionFailedException"


# A flow as a plain program


places = st.sampled_from(["$.a", "$.b", "$.c.a", "$.c.b", "$"])
passes = st.builds(
    lambda value, place: {"Type": "Pass", "Result": value, "ResultPath": place}, objects, places
)
choices = st.builds(
    lambda variable, then: (variable, then), st.sampled_from("abc"), st.integers(0, 5)
)


def follow(steps: list[Any], state: dict[str, Any]) -> tuple[list[int], Any]:
    """Walk Pass and Choice steps as a program of our own would: (which were entered, state)."""
    entered, position = [], 0
    while position < len(steps):
        entered.append(position)
        step = steps[position]
        if isinstance(step, dict):
            *way, last = step["ResultPath"].split(".")[1:] or [None]
            target = state = copy.deepcopy(state)
            for name in way:
                if not isinstance(target.setdefault(name, {}), dict):
                    return entered, "blocked"
                target = target[name]
            if last is None:
                state = step["Result"]
            else:
                target[last] = step["Result"]
            position += 1
        else:
            variable, then = step
            # Only forwards, so that every walk ends.
            position = max(position + 1, then) if variable in state else position + 1
    return entered, state


@given(st.lists(passes | choices, min_size=1, max_size=6), objects)
def test_a_flow_of_pass_and_choice_states_walks_as_a_plain_program_does(
    steps: list[Any], run_input: dict[str, Any]
) -> None:
    names = [f"S{index}" for index in range(len(steps))]
    states: dict[str, Any] = {}
    for index, (name, step) in enumerate(zip(names, steps, strict=True)):
        following = names[index + 1] if index + 1 < len(names) else "End"
        if isinstance(step, dict):
            states[name] = {**step, "Next": following}
        else:
            variable, then = step
            goal = max(index + 1, then)
            rule = {"Variable": f"$.{variable}", "IsPresent": True}
            target = names[goal] if goal < len(names) else "End"
            states[name] = {
                "Type": "Choice",
                "Choices": [{**rule, "Next": target}],
                "Default": following,
            }
    states["End"] = END
    events: list[Event] = []
    finished = run(states, run_input, on_event=events.append)
    entered = [
        e.details["state_name"] for e in events if e.code in ("PassStarted", "ChoiceStarted")
    ]
    expected, state = follow(steps, run_input)
    assert [name for name in entered if name != "End"] == [names[index] for index in expected]
    if state == "blocked":
        assert finished.error == "States.ResultPathMatchFailure"
    else:
        assert finished.state == state
