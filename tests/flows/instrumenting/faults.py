"""Faults in weaving that the laws have to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from braid_db.flows.instrumenting import (
    calling,
    each,
    given,
    naming,
    once,
    origins,
    stripping,
    table,
    weaving,
)
from tests.flows.instrumenting import laws
from tests.records.histories.faults.planting import Fault, breaks

FAULTS: list[Fault] = []
Patch = pytest.MonkeyPatch


@breaks(laws.records_each_execution_once, planted=FAULTS)
def rounds_of_a_loop_have_one_key(patch: Patch) -> None:
    patch.setattr(calling.Document, "key", lambda self: f"_context.run_id + '{self.state_name}'")


@breaks(laws.records_each_execution_once, planted=FAULTS)
def what_nothing_catches_is_not_recorded(patch: Patch) -> None:
    patch.setattr(each, "add_catcher", lambda state, path, target: None)


@breaks(laws.records_each_execution_once, planted=FAULTS)
def a_lost_pointer_is_not_made_good(patch: Patch) -> None:
    patch.setattr(each.Each, "_may_be_lost", lambda self, name, wipes: False)


@breaks(laws.depends_on_what_it_read, planted=FAULTS)
def only_the_last_record_is_named(patch: Patch) -> None:
    patch.setattr(table, "is_last", lambda sources, facts: bool(sources))


@breaks(laws.depends_on_what_it_read, planted=FAULTS)
def data_is_taken_for_order(patch: Patch) -> None:
    patch.setattr(origins.Origins, "read_by", lambda self, state: frozenset())


@breaks(laws.keeps_secrets, planted=FAULTS)
def private_parameters_go_along(patch: Patch) -> None:
    patch.setattr(given, "_is_left_out", lambda key, value: False)


@breaks(laws.tells_what_was_given, planted=FAULTS)
def what_was_overwritten_is_read_afterwards(patch: Patch) -> None:
    patch.setattr(each.Each, "_keep_given", lambda self, name, state: given.given_to(state))


@breaks(laws.ends_in_the_same_state, planted=FAULTS)
def the_state_is_not_replaced(patch: Patch) -> None:
    def moved(comment: str, taken: str, fields: Any) -> Any:
        return {"Comment": f"{naming.MARK}{comment}", "Type": "Pass"}

    patch.setattr(each, "moved", moved)


@breaks(laws.ends_in_the_same_state, laws.gives_actions_the_same, planted=FAULTS)
def a_member_of_the_flow_is_written(patch: Patch) -> None:
    call = calling.Caller.call

    def writing(self: Any, comment: str, function: str, told: Any, result: str) -> Any:
        return call(self, comment, function, told, "$.vars")

    patch.setattr(calling.Caller, "call", writing)


@breaks(laws.goes_the_same_way, planted=FAULTS)
def a_failure_leads_to_the_end(patch: Patch) -> None:
    chain = each.Each._chain

    def ending(self: Any, name: str, links: Any, follow: str | None) -> str:
        return chain(self, name, links, None if "Failure" in links[0].name else follow)

    patch.setattr(each.Each, "_chain", ending)


@breaks(laws.tells_failures, planted=FAULTS)
def an_error_is_read_as_a_status(patch: Patch) -> None:
    told_by: Callable[..., Any] = calling.Document.arguments

    def arguments(self: Any, name: str) -> Any:
        told: Any = told_by(self, name)
        if self.is_error:
            told[name].pop("status")
        return told

    patch.setattr(calling.Document, "arguments", arguments)


@breaks(laws.takes_out_what_it_put_in, planted=FAULTS)
def result_paths_are_not_put_back(patch: Patch) -> None:
    patch.setattr(stripping, "_put_back", lambda fields, target, states: None)


@breaks(laws.is_a_definition, planted=FAULTS)
def a_state_is_left_out(patch: Patch) -> None:
    in_order = weaving._in_order
    patch.setattr(weaving, "_in_order", lambda states, new: in_order(states, new[:-1]))


@breaks(laws.records_what_is_held, planted=FAULTS)
def what_an_action_left_is_not_told(patch: Patch) -> None:
    found = once._found
    patch.setattr(
        once, "_found", lambda document: found(document) if document.state_name != "S1" else []
    )


@breaks(laws.calls_once, planted=FAULTS)
def a_way_out_leads_past_the_record(patch: Patch) -> None:
    patch.setattr(once.Once, "_enter", lambda self, definition: None)


@breaks(laws.ends_in_the_same_state, planted=FAULTS)
def a_run_that_fails_ends_well(patch: Patch) -> None:
    patch.setattr(once, "failing", lambda of, caught, note: calling.end_state())


@breaks(laws.ends_in_the_same_state, planted=FAULTS)
def a_run_that_fails_does_not_say_why(patch: Patch) -> None:
    patch.setattr(calling, "LONGEST_CAUSE", 0)


OF_ONCE = (a_run_that_fails_ends_well,)
"""Faults of the other mode, in laws of both."""
