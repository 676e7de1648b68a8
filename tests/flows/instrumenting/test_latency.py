"""What `instrument` says that a run has to wait: for the calls on its ways."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.test_each import action, flow


def chooses(default: str, *others: str) -> dict[str, Any]:
    rules = [{"Variable": "$.a", "NumericEquals": n, "Next": one} for n, one in enumerate(others)]
    return {"Type": "Choice", "Choices": rules, "Default": default, "Next": None}


CAUGHT = [{"ErrorEquals": ["States.ALL"], "Next": "Mend", "ResultPath": "$.caught"}]
DONE = {"Type": "Pass", "End": True}
FLOWS: dict[str, tuple[dict[str, Any], int, dict[str, int]]] = {
    "no action": ({"Done": DONE}, 0, {}),
    "one after the other": ({name: action(name) for name in "ABC"}, 3, {}),
    "the longer one of two branches": (
        {
            "A": action("A"),
            "Ask": chooses("B", "D"),
            "B": action("B"),
            "C": action("C", Next="Done"),
            "D": action("D"),
            "Done": DONE,
        },
        3,
        {},
    ),
    "a loop that is left at its end": (
        {"A": action("A"), "B": action("B"), "Ask": chooses("Done", "A"), "Done": DONE},
        2,
        {"A": 2},
    ),
    "a loop that is left at its beginning, with one inside": (
        {
            "Outer": chooses("Last", "A"),
            "A": action("A"),
            "Inner": chooses("Outer", "B"),
            "B": action("B", Next="Inner"),
            "Last": action("Last"),
        },
        2,  # as B fails
        {"Inner": 1, "Outer": 1},
    ),
    "a way that a Catch opens": (
        {"A": action("A", Catch=CAUGHT, Next="Done"), "Mend": action("Mend"), "Done": DONE},
        2,
        {},
    ),
    "what is given is kept before": (
        {
            "A": action("A", Parameters={"a.$": "$.A"}),
            "Ask": chooses("Done", "A"),
            "Done": DONE,
        },
        1,
        {"A": 1},
    ),
}


@pytest.mark.parametrize("name", FLOWS)
def test_the_calls_on_the_longest_way_and_in_each_loop_are_counted(name: str) -> None:
    states, calls, loops = FLOWS[name]
    told = flow(**{each: dict(state) for each, state in states.items()})
    for state in told["States"].values():
        if state["Type"] == "Choice":
            state.pop("Next")
    found = instrument(told).latency
    assert found.calls == calls
    assert {loop.state: loop.calls for loop in found.loops} == loops
    assert found.seconds == (round(calls * 0.14, 2), calls)
    assert instrument(told, mode="once").latency.calls == min(calls, 1)


def test_a_sentence_says_it() -> None:
    states = {"A": action("A"), "Ask": chooses("Done", "A"), "Done": DONE}
    told = flow(**states)
    del told["States"]["Ask"]["Next"]
    sentence = str(instrument(told).latency)
    assert sentence.startswith("Latency: a run waits for up to 1 call, about 0.14 to 1 s on an")
    assert sentence.endswith("Each return to A adds up to 1 call.")
