"""Where values come from in states that nest themselves: bounded, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.instrumenting.dataflow import Source, facts_of
from braid_db.flows.instrumenting.origins import DEEPEST_PLACE, MOST_PLACES, Origins
from braid_db.flows.instrumenting.reading import ROOT

ACTION = {"Type": "Action", "ActionUrl": "https://a.example.org/run"}


def nesting(times: int) -> dict[str, Any]:
    """Return the states of a loop in which so many states put the whole state into itself."""
    names = [*(f"P{number}" for number in range(times)), "Again"]
    passes = {
        name: {"Type": "Pass", "InputPath": "$", "ResultPath": f"$.{name}", "Next": names[at + 1]}
        for at, name in enumerate(names[:-1])
    }
    rule = {"Variable": "$.A.details.again", "BooleanEquals": True, "Next": "P0"}
    return {
        "A": {**ACTION, "ResultPath": "$.A", "Next": "P0"},
        **passes,
        "Again": {"Type": "Choice", "Choices": [rule], "Default": "B"},
        "B": {**ACTION, "Parameters": {"a.$": "$.P0.P1.A"}, "ResultPath": "$.B", "End": True},
    }


@pytest.mark.parametrize("times", [2, 4, 8])
def test_states_that_nest_themselves_in_a_loop_are_told_apart_only_so_far(times: int) -> None:
    states = nesting(times)
    facts = facts_of("A", states, frozenset({"A", "B"}))
    assert max(len(known.origins.places) for known in facts.values()) <= MOST_PLACES
    assert facts["B"].origins.read_by(states["B"]) == {Source("A")}


def test_what_is_too_deep_to_be_told_apart_counts_beside_what_holds_it() -> None:
    end = ("a", *"b" * (DEEPEST_PLACE - 1))
    begin = Origins({ROOT: frozenset[str]()})
    held = begin.written({("a",): frozenset({"holder"})})
    found = held.written({(*end, "c"): frozenset({"inner"})})
    assert found.of((*end, "c")) == found.of((*end, "d")) == {"holder", "inner"}
    assert found.at(("a",)) == {"holder"}
