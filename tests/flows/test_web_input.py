"""Tests of states that ask people, of the state's limit, and of what is not given."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows import FlowRun, run_flow
from braid_db.flows.errors import FlowDefinitionInvalid, FlowInputInvalid, RunOptionInvalid
from braid_db.flows.limits import LARGEST_STATE_BYTES
from braid_db.flows.web_input import People, Question, answering

# In the manner of globus-flows-examples, approved_publishing
ASK = {
    "Type": "CreateWebInput",
    "Parameters": {
        "InputType": "Selection",
        "Context": {
            "PresentationStyle": "Table",
            "Title.=": "'Publish ' + title + '?'",
            "Rows": [{"Field": "Peaks", "Value.$": "$.peaks"}],
        },
        "Options": [{"Value": "public", "Label": "Publish"}, {"Value": "private", "Label": "Keep"}],
        "RespondentUrns": ["urn:globus:group:id:11111111-2222-3333-4444-555555555555"],
    },
    "ResultPath": "$.asked",
    "Next": "Await",
}
AWAIT = {
    "Type": "AwaitWebInput",
    "Parameters": {"web_input_id.$": "$.asked.web_input_id"},
    "ResultPath": "$.answer",
    "End": True,
}
INPUT = {"title": "scan 4", "peaks": 12}


def ask(people: People, states: dict[str, Any] | None = None) -> FlowRun:
    chosen = {"Ask": ASK, "Await": AWAIT} if states is None else states
    return run_flow({"StartAt": "Ask", "States": chosen}, INPUT, people=people)


def test_a_person_is_shown_what_the_flow_says_and_the_answer_goes_into_the_state() -> None:
    questions: list[Question] = []

    def answer(question: Question) -> str:
        questions.append(question)
        return "public"

    finished = ask(People(ask=answer))
    assert finished.state["answer"]["response"] == "public"
    assert finished.state["answer"]["web_input_id"] == finished.state["asked"]["web_input_id"]
    (question,) = questions
    assert (question.state_name, question.title) == ("Await", "Publish scan 4?")
    assert question.rows == (("Peaks", "12"),)
    assert [option.value for option in question.options] == ["public", "private"]


def test_answers_given_beforehand_are_taken_in_turn() -> None:
    again = {"Variable": "$.answer.response", "StringEquals": "private", "Next": "Ask"}
    states = {
        "Ask": ASK,
        "Await": {**AWAIT, "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [again], "Default": "Done"},
        "Done": {"Type": "Pass", "End": True},
    }
    del states["Await"]["End"]
    answers = {"Await": answering(["private", "private", "public"])}
    events: list[str] = []
    finished = run_flow(
        {"StartAt": "Ask", "States": states},
        INPUT,
        people=People(answers),
        on_event=lambda event: events.append(event.code),
    )
    assert finished.state["answer"]["response"] == "public"
    assert events.count("AwaitWebInputCompleted") == 3


def test_an_answer_that_nobody_gives_is_an_error_that_can_be_caught() -> None:
    nobody = People({"Await": answering([None])})
    assert ask(nobody).error == "Flows.WebInputExpired"
    catcher = {"ErrorEquals": ["Flows.WebInputExpired"], "ResultPath": "$.late", "Next": "Done"}
    done = {"Type": "Pass", "End": True}
    finished = ask(nobody, {"Ask": ASK, "Await": {**AWAIT, "Catch": [catcher]}, "Done": done})
    assert finished.state["late"]["Error"] == "Flows.WebInputExpired"


def test_what_cannot_be_answered_is_refused() -> None:
    with pytest.raises(RunOptionInvalid, match="'maybe' to state 'Await' is none of public, priv"):
        ask(People({"Await": answering(["maybe"])}))
    with pytest.raises(FlowDefinitionInvalid, match="--answer Await=VALUE"):
        ask(People())
    with pytest.raises(
        RunOptionInvalid, match="prepared answer for 'Ask', which is no AwaitWebInput"
    ):
        ask(People({"Ask": answering(["public"])}, answering(["public"])))
    with pytest.raises(RunOptionInvalid, match="'Nowhere', which is no Action state"):
        run_flow(
            {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
            {},
            stubs={"Nowhere": lambda call: {}},
        )
    unasked = {**AWAIT, "Parameters": {"web_input_id": "x"}}
    failed = ask(People(ask=answering(["public"])), {"Ask": unasked})
    assert "no CreateWebInput state of this run has made" in str(failed.explanation)


def test_a_state_that_the_service_could_not_keep_ends_the_run() -> None:
    def run(size: int) -> FlowRun:
        state = {"Type": "Pass", "Parameters": {"big.=": f"'é' * {size}"}, "ResultPath": "$.r"}
        return run_flow({"StartAt": "P", "States": {"P": {**state, "End": True}}}, {})

    around = len('{"r":{"big":""}}')
    assert run((LARGEST_STATE_BYTES - around) // 2).succeeded
    failed = run((LARGEST_STATE_BYTES - around) // 2 + 1)
    assert failed.error == "States.DataLimitExceeded"
    assert "at most 200,000 (its largest member is 'r' with 199,9" in str(failed.explanation)
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    with pytest.raises(FlowInputInvalid, match="The flow's input has 200,0"):
        run_flow(definition, {"big": "x" * LARGEST_STATE_BYTES})
