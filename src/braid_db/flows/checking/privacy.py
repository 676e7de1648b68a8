"""Private values that come to light: in a run's log, in its state, or in a provenance record.

The service hides members whose name begins with ``_private``, and the Parameters that
``__Private_Parameters`` names, from the logs. Whatever is made of them elsewhere is shown, and so
is a place that one action reads in private, where another one is given it for all to see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from braid_db.flows.checking.finding import Finding, listed, warning
from braid_db.flows.checking.published import Place, written
from braid_db.flows.instrumenting.reading import (
    Path,
    State,
    States,
    is_private,
    is_provenance,
    members,
    reads_private,
    result_path,
)
from braid_db.flows.instrumenting.reads import EXPRESSION, REFERENCE, is_computed
from braid_db.flows.parameters import PRIVATE

_MAKING = ("Pass", "ExpressionEval")
_CODE = "private-leak"


def privacy_findings(states: States) -> Iterator[Finding]:
    """Yield where something that a flow keeps private is shown after all."""
    kept: dict[Path, str] = {}
    for name, state in states.items():
        for place, is_kept in _taken(state.get("Parameters")):
            if is_kept and place:
                kept.setdefault(place, name)
    for name, state in states.items():
        yield from _of_kept_elsewhere(name, state, kept)
        yield from _of_paths(name, state)
        if "Parameters" in state:
            yield from _of_parameters(name, state, state["Parameters"], ("Parameters",))


def _of_paths(name: str, state: State) -> Iterator[Finding]:
    for field in ("InputPath", "ErrorPath", "CausePath"):
        if field in state and reads_private(state[field]):
            yield warning(
                _CODE,
                name,
                field,
                f"What {state[field]} holds is private, and is shown in the run's log.",
                f"Read it by Parameters, with its name in '{PRIVATE}'."
                if field == "InputPath"
                else "Read something else here.",
            )


def _of_parameters(name: str, state: State, value: Any, at: Place) -> Iterator[Finding]:
    """Yield what of Parameters is shown; what stands in something that is hidden is hidden."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of_parameters(name, state, item, (*at, index))
    if not isinstance(value, dict):
        return
    listed_ones = value.get(PRIVATE, [])
    yield from _of_list(name, at, listed_ones, value)
    for key, inner in value.items():
        hidden = _name(key) in map(_name, listed_ones) or key.startswith("_private")
        if key == PRIVATE:
            continue
        if is_computed(key):
            yield from _of_field(name, state, (*at, key), inner, is_hidden=hidden)
        elif not hidden:
            yield from _of_parameters(name, state, inner, (*at, key))


def _taken(value: Any, *, is_kept: bool = False) -> Iterator[tuple[Path, bool]]:
    """Yield the places that references of Parameters read, and whether each is kept private."""
    for item in value if isinstance(value, list) else ():
        yield from _taken(item, is_kept=is_kept)
    if isinstance(value, dict):
        listed_ones = [_name(each) for each in value.get(PRIVATE, [])]
        for key, inner in value.items():
            hidden = is_kept or _name(key) in listed_ones or key.startswith("_private")
            if is_computed(key) and key.endswith(REFERENCE):
                yield members(inner), hidden
            elif key != PRIVATE and not is_computed(key):
                yield from _taken(inner, is_kept=hidden)


def _of_kept_elsewhere(name: str, state: State, kept: dict[Path, str]) -> Iterator[Finding]:
    """Yield which places are given for all to see that another action is given in private."""
    if state["Type"] in _MAKING:
        return  # what it makes of it is private where it is read, or is found there
    for place, is_kept in _taken(state.get("Parameters")):
        if not is_kept and place in kept and not is_private(place):
            shown = "is shown in the run's log, and may be in what the action answers"
            if is_provenance(state):
                shown = "goes into the provenance record"
            path = ".".join(("$", *place))
            yield warning(
                _CODE,
                name,
                "Parameters",
                f"{path} is given in private to {kept[place]}; here it {shown}.",
                f"Name it in '{PRIVATE}' here too, or leave it out.",
            )


def _of_list(
    name: str, at: Place, listed_ones: list[str], value: dict[str, Any]
) -> Iterator[Finding]:
    there = {_name(key) for key in value if key != PRIVATE}
    unknown = [each for each in listed_ones if _name(each) not in there]
    if unknown:
        yield warning(
            _CODE,
            name,
            written((*at, PRIVATE)),
            f"It names {listed(unknown)}, which is not beside it, and hides nothing.",
            f"Name one of {listed(there)}; a list counts for the object that it stands in.",
        )


def _of_field(
    name: str, state: State, at: Place, value: str, *, is_hidden: bool
) -> Iterator[Finding]:
    if not reads_private(value):
        return
    place = (*result_path(state), *(_name(str(step)) for step in at[1:]))
    if is_provenance(state):
        shown, mend = "goes into the provenance record", "Leave it out, or pass what may be told."
    elif state["Type"] in _MAKING and not is_private(place):
        shown = f"becomes part of the run's state, as {'.'.join(('$', *place))}"
        mend = "Give it a name that begins with '_private'."
    elif not is_hidden:
        shown, mend = "is shown in the run's log", f"Name it in '{PRIVATE}' beside it."
    else:
        return
    yield warning(_CODE, name, written(at), f"A private value is read here and {shown}.", mend)


def _name(key: str) -> str:
    for suffix in (REFERENCE, EXPRESSION):
        if key.endswith(suffix) and key != suffix:
            return key.removesuffix(suffix)
    return key
