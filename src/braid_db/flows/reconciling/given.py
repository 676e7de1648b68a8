"""What an action was given, as a log tells it and as it may be recorded."""

from __future__ import annotations

from typing import Any

from braid_db.flows import expressions
from braid_db.flows.errors import FlowDefinitionInvalid, FlowStateError
from braid_db.flows.instrumenting.given import given_to
from braid_db.flows.instrumenting.reading import State, reads_private
from braid_db.flows.instrumenting.reads import REFERENCE, is_computed
from braid_db.flows.scope import Scope, visible

_ENDS = ("source_endpoint", "destination_endpoint")
_ITEMS = ("DATA", "transfer_items")


class Given:
    """Reads what one action was given.

    :param scope: the run's state when the action began, to evaluate what the log left unevaluated:
        the service does so with expressions inside lists.
    :ivar unknown: the fields whose values cannot be told.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.unknown: list[str] = []

    def of(self, state: State | None, logged: Any, *, is_transfer: bool) -> Any:
        """Return what may be recorded of an action's input; None where that is nothing.

        :param state: the action's state, where the definition is known.
        """
        told = self._told(state, logged)
        if not is_transfer:
            return told
        if told is None and state is not None and not given_to(state):
            told = logged  # the whole state, of which a transfer needs a few members
        if not isinstance(told, dict) or not any(told.get(key) for key in _ITEMS):
            return None
        return _of_transfer(told)

    def _told(self, state: State | None, logged: Any) -> Any:
        if state is None:
            return None if logged == self._scope.state else self._resolved(logged)
        given = given_to(state)
        if "given.$" in given:
            return visible(logged)
        return self._shown(given["given"], logged) if given else None

    def _shown(self, public: Any, logged: Any) -> Any:
        """Return what the log has of Parameters from which all that is private was taken out."""
        if isinstance(public, list) and isinstance(logged, list):
            return [self._shown(*pair) for pair in zip(public, logged, strict=False)]
        if not (isinstance(public, dict) and isinstance(logged, dict)):
            return logged
        found: dict[str, Any] = {}
        for key, inner in public.items():
            name = key[: -len(REFERENCE)] if is_computed(key) else key
            if name != key and name in logged:
                found[name] = visible(logged[name])
            elif name != key:
                self._evaluate(key, inner, found)
            elif key in logged:
                found[key] = self._shown(inner, logged[key])
        return found

    def _resolved(self, logged: Any) -> Any:
        """Return what the log has, with nothing private by its name."""
        if isinstance(logged, list):
            return [self._resolved(item) for item in logged]
        if not isinstance(logged, dict):
            return logged
        found: dict[str, Any] = {}
        for key, inner in visible(logged).items():
            if is_computed(key) and isinstance(inner, str):
                self._evaluate(key, inner, found)
            else:
                found[key] = self._resolved(inner)
        return found

    def _evaluate(self, key: str, text: Any, found: dict[str, Any]) -> None:
        """Add the value of a field that the log has unevaluated, if it has one."""
        name = key[: -len(REFERENCE)]
        if reads_private(str(text)):
            return
        try:
            if key.endswith(REFERENCE):
                found[name] = visible(self._scope.read(text, name))
            else:
                found[name] = visible(expressions.evaluate(text, self._scope, name))
        except (FlowStateError, FlowDefinitionInvalid):
            self.unknown.append(name)


def _of_transfer(told: dict[str, Any]) -> dict[str, Any]:
    """Return a transfer's ends and label, and the items whose paths are known, in either form."""
    key = next(key for key in _ITEMS if told.get(key))
    items = told[key] if isinstance(told[key], list) else [told[key]]
    names = ("label", *(name for end in _ENDS for name in (end, f"{end}_id")))
    ends = {name: told[name] for name in names if name in told}
    return {**ends, key: [one for one in items if _has_paths(one)]}


def _has_paths(item: Any) -> bool:
    return not isinstance(item, dict) or {"source_path", "destination_path"} <= item.keys()
