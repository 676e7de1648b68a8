"""Flow definitions: reading one, and refusing before a run what could not be run.

This is as much of the service's own validation as a run needs; each refusal is one sentence that
names the state and the field.

Source: the published schema of flow definitions, and the service's authoring guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from braid_db.errors import shown
from braid_db.flows import choice, jsonpath, parameters
from braid_db.flows.actions import ActionProviders
from braid_db.flows.errors import FlowDefinitionInvalid, FlowPathInvalid, RunOptionInvalid
from braid_db.flows.scope import DEEPEST, is_too_deep
from braid_db.flows.web_input import People

Definition = dict[str, Any]

DEFAULT_WAIT_TIME_S = 300
CATCHING = ("Action", "CreateWebInput", "AwaitWebInput")
"""The types of state that can have a Catch."""

_WEB_INPUT = {"Parameters", "InputPath", "ResultPath", "Catch"}
_NEXT = {"Type", "Comment", "Next", "End"}
_FIELDS: dict[str, set[str]] = {
    "Action": _NEXT
    | {"ActionUrl", "ActionScope", "Handler", "Parameters", "InputPath", "ResultPath"}
    | {"WaitTime", "ExceptionOnActionFailure", "Catch", "RunAs"},
    "ExpressionEval": _NEXT | {"Parameters", "ResultPath"},
    "Pass": _NEXT | {"Parameters", "InputPath", "Result", "ResultPath"},
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Wait": _NEXT | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Fail": {"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath"},
    "CreateWebInput": _NEXT | _WEB_INPUT,
    "AwaitWebInput": _NEXT | _WEB_INPUT,
}
_HANDLERS: dict[str, set[str]] = {
    "ActionProvider": {"Type", "Url", "Scope"},
    "RegisteredAPI": {"Type", "Id"},
}
_SCOPES = ("https://auth.globus.org/scopes/", "urn:globus:auth:scope:")
_TYPES: dict[str, tuple[type, str]] = {
    "Comment": (str, "a text"),
    "Next": (str, "the name of a state"),
    "Default": (str, "the name of a state"),
    "End": (bool, "true"),
    "ActionUrl": (str, "a URL"),
    "ActionScope": (str, "a text"),
    "Parameters": (dict, "an object"),
    "Result": (dict, "an object"),
    "InputPath": (str, "a path such as '$.input'"),
    "ResultPath": (str, "a path such as '$.Result'"),
    "WaitTime": (int, "a number of seconds"),
    "ExceptionOnActionFailure": (bool, "true or false"),
    "Catch": (list, "a list of catchers"),
    "RunAs": (str, "a text"),
    "Choices": (list, "a list of rules"),
    "Seconds": (int, "a number of seconds"),
    "Timestamp": (str, "a time such as '2026-01-31T12:00:00Z'"),
    "Error": (str, "a text"),
    "Cause": (str, "a text"),
    **dict.fromkeys(
        ("SecondsPath", "TimestampPath", "ErrorPath", "CausePath"), (str, "a path in the state")
    ),
}


def check_shape(definition: Any) -> None:
    """Refuse what is no definition at all, so that everything else can look into it.

    :raises FlowDefinitionInvalid: with what it is instead.
    """
    if not isinstance(definition, dict):
        raise FlowDefinitionInvalid("A flow's definition is a JSON object with StartAt and States.")
    if is_too_deep(definition):
        raise FlowDefinitionInvalid(f"The definition is nested more than {DEEPEST} deep.")


def check_definition(
    definition: Any, actions: ActionProviders, people: People | None = None
) -> None:
    """Refuse a definition that cannot be run to its end with these action providers and people.

    :raises FlowDefinitionInvalid: with the first thing that is wrong with it.
    :raises RunOptionInvalid: if a stub or an answer belongs to no state of it.
    """
    check_shape(definition)
    _check_known(definition, {"StartAt", "States", "Comment"}, "The definition")
    states = definition.get("States")
    if not (isinstance(states, dict) and states):
        raise FlowDefinitionInvalid("The definition has no 'States': an object of states by name.")
    if "StartAt" not in definition:
        raise FlowDefinitionInvalid(
            f"The definition has no 'StartAt': the name of its first state, one of {_list(states)}."
        )
    _check_target(definition["StartAt"], states, "The definition's StartAt")
    asked = people or People()
    for name, state in states.items():
        check_state(name, state)
        _check_doers(name, state, actions, asked)
        for field, target in _targets(state):
            _check_target(target, states, f"State '{name}': {field}")
    _check_named(actions.stubbed, "Action", states, "stub")
    _check_named(asked.prepared, "AwaitWebInput", states, "prepared answer")


def action_url(state: dict[str, Any]) -> str:
    """Return the URL of the provider that an Action state calls, or what else it names it by."""
    if "ActionUrl" in state:
        return str(state["ActionUrl"])
    handler = state["Handler"]
    if isinstance(handler, str):
        return handler
    return str(handler["Url"] if "Url" in handler else f"registered API {handler.get('Id')}")


def check_state(name: str, state: Any) -> None:
    """Refuse a state that could not be run, whatever it leads to and whoever does what it asks.

    :raises FlowDefinitionInvalid: with the first thing that is wrong with it.
    """
    where = f"State '{name}'"
    if not isinstance(state, dict):
        raise FlowDefinitionInvalid(f"{where} is no object with a Type.")
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise FlowDefinitionInvalid(
            f"{where} has the Type {shown(kind)}; expected one of {_list(_FIELDS)}."
        )
    _check_known(state, _FIELDS[kind], f"{where} of type {kind}")
    _check_types(state, where)
    _check_paths(state, where)
    if "Next" in _FIELDS[kind]:
        _check_next(state, where)
    if "Parameters" in state:
        parameters.check(state["Parameters"], f"the Parameters of state '{name}'")
    _CHECKS[kind](state, where)


def _check_doers(
    name: str, state: dict[str, Any], actions: ActionProviders, people: People
) -> None:
    if state["Type"] == "AwaitWebInput" and not people.can_answer(name):
        raise FlowDefinitionInvalid(
            f"State '{name}' waits for a person's answer and there is nobody to ask; run the flow "
            f"on a terminal, or answer beforehand, by --answer {name}=VALUE."
        )
    if state["Type"] == "Action" and actions.find(action_url(state), name) is None:
        raise FlowDefinitionInvalid(
            f"State '{name}' calls the action provider {action_url(state)}, which this runner does "
            f"not run; it runs {_list(actions.urls) or 'none'}. Let a file answer in its place, by "
            f"--stub {name}=FILE; transfers are run between folders, by --collection UUID=FOLDER."
        )


def _check_named(names: Any, kind: str, states: dict[str, Any], what: str) -> None:
    there = [name for name, state in states.items() if state["Type"] == kind]
    for name in names:
        if name not in there:
            raise RunOptionInvalid(
                f"There is a {what} for {shown(name)}, which is no {kind} state of the flow; "
                f"those are {_list(there) or 'none'}."
            )


def _check_action(state: dict[str, Any], where: str) -> None:
    _exactly_one(state, ("ActionUrl", "Handler"), where)
    if "Handler" in state:
        _check_handler(state["Handler"], where)
    if state.get("RunAs", "User").strip() == "":
        raise FlowDefinitionInvalid(
            f"{where} has an empty RunAs; expected 'User', 'Flow' or the name of a role."
        )
    _check_scope(state.get("ActionScope"), f"{where}: its ActionScope")
    if state.get("WaitTime", DEFAULT_WAIT_TIME_S) <= 0:
        raise FlowDefinitionInvalid(
            f"{where} has a WaitTime of {state['WaitTime']} s; expected 1 or more."
        )
    _check_web_input(state, where)


def _check_web_input(state: dict[str, Any], where: str) -> None:
    _at_most_one(state, ("Parameters", "InputPath"), where)
    for index, catcher in enumerate(state.get("Catch", [])):
        _check_catcher(catcher, f"{where}: Catch[{index}]")


def _check_handler(handler: Any, where: str) -> None:
    if isinstance(handler, str) and handler:
        return
    kind = handler.get("Type") if isinstance(handler, dict) else None
    if not isinstance(kind, str) or kind not in _HANDLERS:
        raise FlowDefinitionInvalid(
            f"{where} has the Handler {shown(handler)}; expected "
            f'{{"Type": "ActionProvider", "Url": "https://..."}}, '
            f'{{"Type": "RegisteredAPI", "Id": "..."}} or a text.'
        )
    _check_known(handler, _HANDLERS[kind], f"{where}: Handler")
    if kind == "ActionProvider" and not isinstance(handler.get("Url"), str):
        raise FlowDefinitionInvalid(f"{where} has a Handler without a Url: https://...")
    _check_scope(handler.get("Scope"), f"{where}: its Handler's Scope")


def _check_scope(scope: Any, where: str) -> None:
    if scope is not None and not (isinstance(scope, str) and scope.startswith(_SCOPES)):
        raise FlowDefinitionInvalid(
            f"{where} is {shown(scope)}; expected a scope of Globus Auth: "
            f"{' or '.join(f'{start}...' for start in _SCOPES)}."
        )


def _check_catcher(catcher: Any, where: str) -> None:
    if not isinstance(catcher, dict):
        raise FlowDefinitionInvalid(f"{where} is no object with ErrorEquals and Next.")
    _check_known(catcher, {"ErrorEquals", "Next", "ResultPath"}, where)
    errors = catcher.get("ErrorEquals")
    if not (isinstance(errors, list) and errors and all(isinstance(e, str) for e in errors)):
        raise FlowDefinitionInvalid(
            f"{where} has no ErrorEquals; expected a list of error names, such as "
            f"['ActionFailedException']."
        )
    if "Next" not in catcher:
        raise FlowDefinitionInvalid(f"{where} has no Next: the state that handles the error.")
    _check_types(catcher, where)
    _check_paths(catcher, where)


def _check_expression_eval(state: dict[str, Any], where: str) -> None:
    for field in ("Parameters", "ResultPath"):
        if field not in state:
            raise FlowDefinitionInvalid(f"{where} has no {field}; an ExpressionEval needs one.")


def _check_pass(state: dict[str, Any], where: str) -> None:
    _at_most_one(state, ("Parameters", "InputPath", "Result"), where)


def _check_choice(state: dict[str, Any], where: str) -> None:
    if not state.get("Choices"):
        raise FlowDefinitionInvalid(f"{where} has no Choices; a Choice needs one rule or more.")
    for index, rule in enumerate(state["Choices"]):
        choice.check(rule, f"{where}: Choices[{index}]")
        if "Next" not in rule:
            raise FlowDefinitionInvalid(f"{where}: Choices[{index}] has no Next.")


def _check_wait(state: dict[str, Any], where: str) -> None:
    _exactly_one(state, ("Seconds", "SecondsPath", "Timestamp", "TimestampPath"), where)
    if state.get("Seconds", 0) < 0:
        raise FlowDefinitionInvalid(
            f"{where} waits {state['Seconds']} Seconds; expected 0 or more."
        )
    if "Timestamp" in state and not choice.is_timestamp(state["Timestamp"]):
        raise FlowDefinitionInvalid(
            f"{where} waits until {shown(state['Timestamp'])}; expected a time with its zone, "
            f"such as '2026-01-31T12:00:00Z'."
        )


def _check_fail(state: dict[str, Any], where: str) -> None:
    _at_most_one(state, ("Error", "ErrorPath"), where)
    _at_most_one(state, ("Cause", "CausePath"), where)


_CHECKS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "Action": _check_action,
    "ExpressionEval": _check_expression_eval,
    "Pass": _check_pass,
    "Choice": _check_choice,
    "Wait": _check_wait,
    "Fail": _check_fail,
    "CreateWebInput": _check_web_input,
    "AwaitWebInput": _check_web_input,
}


def _check_known(fields: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(fields) - known)
    if unknown:
        raise FlowDefinitionInvalid(
            f"{where} has a field {shown(unknown[0])} that the service does not know there; "
            f"it knows {_list(known)}."
        )


def _check_types(fields: dict[str, Any], where: str) -> None:
    for field, value in fields.items():
        if field == "Comment" and value is None:
            continue  # Gladier writes one for a function without a docstring, and it says nothing
        kind, expected = _TYPES.get(field, (object, ""))
        is_wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if is_wrong or (field == "End" and value is False and "Next" not in fields):
            raise FlowDefinitionInvalid(
                f"{where} has the {field} {shown(value)}; expected {expected}."
            )


def _check_paths(fields: dict[str, Any], where: str) -> None:
    readers = {
        field: jsonpath.parse_reference if field == "ResultPath" else jsonpath.parse
        for field in fields
        if field.endswith("Path")
    }
    for field, parse in readers.items():
        try:
            parse(fields[field])
        except FlowPathInvalid as error:
            raise error.within(f"{where}: its {field}") from None


def _check_next(state: dict[str, Any], where: str) -> None:
    if ("Next" in state) == ("End" in state):
        how = "both Next and End" if "Next" in state else "neither Next nor End"
        raise FlowDefinitionInvalid(
            f'{where} has {how}; expected "Next": "<a state>" or "End": true.'
        )


def _check_target(target: Any, states: dict[str, Any], where: str) -> None:
    if not isinstance(target, str) or target not in states:
        raise FlowDefinitionInvalid(
            f"{where} names the state {shown(target)}, which is not there; "
            f"there are {_list(states)}."
        )


def _targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for index, each in enumerate(state.get(field, [])):
            yield f"{field}[{index}].Next", each["Next"]


def _exactly_one(state: dict[str, Any], fields: tuple[str, ...], where: str) -> None:
    if sum(field in state for field in fields) != 1:
        raise FlowDefinitionInvalid(
            f"{where} has not exactly one of {_list(fields)}; keep one of them, or add it."
        )


def _at_most_one(state: dict[str, Any], fields: tuple[str, ...], where: str) -> None:
    if sum(field in state for field in fields) > 1:
        raise FlowDefinitionInvalid(f"{where} has more than one of {_list(fields)}; keep one.")


def _list(names: Any) -> str:
    return ", ".join(sorted(names))
