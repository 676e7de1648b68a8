"""What instrumentation has to know of a definition: its states, their edges, what they call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from braid_db.errors import shown
from braid_db.flows import jsonpath, parameters
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.scope import DEEPEST, is_too_deep

State = dict[str, Any]
States = dict[str, State]
Path = tuple[str, ...]
"""Member names from the top of a run's state; what stands in a list counts as the whole list."""

ROOT: Path = ()
_PRIVATE_NAME = re.compile(r"(?<!\w)_private")
_ACTING = {"Action", "AwaitWebInput", "CreateWebInput"}
TYPES = {"Choice", "ExpressionEval", "Fail", "Pass", "Wait"} | _ACTING
FUNCTIONS = ("add_record_for_action_step", "add_transfer_request", "record_flow_run")
"""The remote functions that added states call."""

_PROVENANCE = {
    *FUNCTIONS,
    "add_records",
    "add_invalidation_action_to_record",
    "check_records",
    "create_invalidation_action",
    "invalidate_record",
}


def read_states(definition: Any) -> States:
    """Return the states of a definition that can be instrumented.

    :raises FlowDefinitionInvalid: if it is no definition, or one that the service does not accept
        in what matters here: types, targets, and where results go.
    """
    states = definition.get("States") if isinstance(definition, dict) else None
    if not (isinstance(states, dict) and states):
        raise FlowDefinitionInvalid("A flow's definition is a JSON object with StartAt and States.")
    if is_too_deep(definition):
        raise FlowDefinitionInvalid(f"The definition is nested more than {DEEPEST} deep.")
    for name, state in states.items():
        _check_state(name, state)
    targets = list(all_targets(definition))
    wrong = [one for one in targets if not isinstance(one, str) or one not in states]
    if wrong:
        raise FlowDefinitionInvalid(
            f"The definition names the state {shown(wrong[0])}, which is not there; "
            f"there are {', '.join(sorted(states))}."
        )
    return states


def _check_state(name: str, state: Any) -> None:
    kind = state.get("Type") if isinstance(state, dict) else None
    if not (isinstance(kind, str) and kind in TYPES):
        raise FlowDefinitionInvalid(
            f"State '{name}' has the Type {shown(kind)}; expected {', '.join(sorted(TYPES))}."
        )
    for where, fields, key, expected in _forms(state):
        if not isinstance(fields.get(key, expected()), expected):
            raise FlowDefinitionInvalid(
                f"State '{name}'{where}: its {key} is {shown(fields[key])}, of another type than "
                f"the service knows there."
            )
    for fields in (state, *state.get("Catch", [])):
        if "ResultPath" in fields:
            jsonpath.parse_reference(fields["ResultPath"])
    if "InputPath" in state:
        jsonpath.parse(state["InputPath"])
    parameters.check(state.get("Parameters"), f"the Parameters of state '{name}'")
    is_last = kind in ("Choice", "Fail")
    if not is_last and ("Next" in state) == ("End" in state):
        raise FlowDefinitionInvalid(
            f'State \'{name}\' needs either "Next": "<a state>" or "End": true.'
        )


def _forms(state: State) -> Iterator[tuple[str, State, str, type]]:
    """Yield which field has to be of which type, outer ones before those inside them."""
    yield "", state, "Catch", list
    yield "", state, "Choices", list
    yield "", state, "Parameters", dict
    for field in ("ResultPath", "InputPath", "Next", "Default"):
        yield "", state, field, str
    for field in ("Catch", "Choices"):
        for number, inner in enumerate(state.get(field, [])):
            where = f", {field}[{number}]"
            holder = {"entry": inner}
            yield where, holder, "entry", dict
            yield where, {"Next": None, **inner}, "Next", str
            yield where, inner, "ResultPath", str
            if field == "Catch":
                yield where, {"ErrorEquals": None, **inner}, "ErrorEquals", list


def all_targets(definition: dict[str, Any]) -> Iterator[Any]:
    """Yield every state that a definition names, wherever it does."""
    yield definition.get("StartAt", "")
    for state in definition["States"].values():
        for holder, field in edges(state):
            yield holder[field]


def edges(state: State) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield what holds the name of a following state, and under which key: Catch included."""
    for field in ("Next", "Default"):
        if field in state:
            yield state, field
    for field in ("Choices", "Catch"):
        for inner in state.get(field, []):
            yield inner, "Next"


def result_path(fields: State) -> Path:
    """Return where a state or catcher writes; ``$``, the whole state, by default."""
    return members(fields.get("ResultPath", "$"))


def members(path: str) -> Path:
    """Return the member names that a path begins with."""
    return leading(jsonpath.parse(path).steps)


def leading(steps: tuple[jsonpath.Step, ...]) -> Path:
    """Return the member names that come first, up to an index or slice."""
    names: list[str] = []
    for step in steps:
        if not isinstance(step, str):
            break
        names.append(step)
    return tuple(names)


def overlap(one: Path, other: Path) -> bool:
    """Return whether what is written at one path changes what is read at the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def is_private(path: Path) -> bool:
    """Return whether a path leads to what a flow keeps out of its logs."""
    return any(name.startswith("_private") for name in path)


def reads_private(text: str) -> bool:
    """Return whether a JSONPath or an expression names what a flow keeps private, wherever it does.

    Behind an index, in a comprehension or as the text that a method is given: what is told of too
    little can be told later, a secret cannot be taken back.
    """
    return _PRIVATE_NAME.search(text) is not None


def provider(state: State) -> str:
    """Return the URL of the provider that an Action calls; empty where it has none."""
    handler = state.get("Handler")
    url = handler.get("Url") if isinstance(handler, dict) else handler
    return str(state.get("ActionUrl", url or ""))


def is_transfer(state: State) -> bool:
    """Return whether an Action starts a Transfer task, by either generation of the provider."""
    url = urlsplit(provider(state))
    place = (url.hostname or "", url.path.rstrip("/"))
    old = ("actions.globus.org", "actions.automate.globus.org")
    return place == ("transfer.actions.globus.org", "/transfer") or (
        place[0] in old and place[1] == "/transfer/transfer"
    )


def is_compute(state: State) -> bool:
    """Return whether an Action calls functions by Globus Compute, in any form of its provider."""
    return urlsplit(provider(state)).hostname == "compute.actions.globus.org"


def is_provenance(state: State, function_ids: frozenset[str] = frozenset()) -> bool:
    """Return whether an Action calls a function of Braid-DB, and so needs no record itself.

    :param function_ids: ids under which they are registered.
    """
    if state["Type"] != "Action":
        return False
    called = set(_functions(state.get("Parameters", {})))
    return any(each in function_ids or each.rpartition(".")[2] in _PROVENANCE for each in called)


def _functions(value: Any) -> Iterator[str]:
    """Yield the ids of functions, or the paths to them, that a Compute action is given."""
    if isinstance(value, list):
        for item in value:
            yield from _functions(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            name = key.removesuffix(".$").removesuffix(".=")
            if name in ("function_id", "function") and isinstance(inner, str):
                yield inner
            elif name == "tasks":
                yield from _functions(inner)


def text_of(definition: dict[str, Any]) -> str:
    """Return a definition as one text, to look for names in."""
    return json.dumps(definition, ensure_ascii=False)
