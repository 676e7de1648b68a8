"""What a flow's definition tells of its states to whoever reads the log of a run."""

from __future__ import annotations

from typing import Any

from braid_db.flows import jsonpath
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.instrumenting.dataflow import Facts, facts_of
from braid_db.flows.instrumenting.naming import is_added
from braid_db.flows.instrumenting.reading import (
    State,
    States,
    is_private,
    is_provenance,
    is_transfer,
    read_states,
    result_path,
)
from braid_db.flows.instrumenting.stripping import strip
from braid_db.flows.reconciling.following import Way
from braid_db.flows.runner import catcher_of


class KnownFlow:
    """A flow by its definition; without one, what can be said of any.

    :param definition: as it was when the run began, with the provenance that was woven into it.
    :ivar warnings: what could not be understood of it.
    """

    def __init__(self, definition: Any = None) -> None:
        self.warnings: list[str] = []
        self._as_run: States = {}
        self._states: States = {}
        self._start: str | None = None
        self._facts: dict[str, Facts] = {}
        try:
            if definition is not None:
                self._read(definition)
        except FlowDefinitionInvalid as error:
            self.warnings.append(
                f"The flow's definition cannot be used, so that the order of the actions is "
                f"recorded and not what was made of what: {error.message}"
            )
            self._as_run, self._states = {}, {}

    def _read(self, definition: Any) -> None:
        self._as_run = read_states(definition)
        own = strip(definition)
        states = read_states(own)  # again, as somebody may have changed what was added
        recorded = frozenset(
            name
            for name, state in states.items()
            if state["Type"] == "Action" and not is_provenance(state)
        )
        self._facts = facts_of(own["StartAt"], states, recorded)
        self._start, self._states = own["StartAt"], states

    @property
    def is_known(self) -> bool:
        """Whether there is a definition that can be used."""
        return self._start is not None

    def way(self) -> Way:
        """Return what follows a run along its way."""
        return Way(self._start, self._states, self._facts)

    def state(self, name: str) -> State | None:
        """Return a state as the flow's author wrote it."""
        return self._states.get(name)

    def records(self, name: str) -> bool:
        """Return whether a state is no part of the flow's own work, but of its provenance."""
        state = self._as_run.get(name)
        return state is not None and (is_added(state) or is_provenance(state))

    def is_transfer(self, name: str) -> bool | None:
        """Return whether an action starts a Transfer task; None where that is not known."""
        state = self.state(name)
        return None if state is None else is_transfer(state)

    def result_in(self, output: Any, name: str) -> Any:
        """Return what stands where a state wrote its result; None where that is not known."""
        state = self._as_run.get(name)
        if state is None:
            return None
        try:
            return jsonpath.parse(state.get("ResultPath", "$")).read(output)
        except jsonpath.PathNotFound:
            return None

    def hides_result(self, name: str) -> bool:
        """Return whether a state's result is kept out of logs."""
        state = self.state(name)
        return state is not None and is_private(result_path(state))

    def hides_error(self, name: str, error: str) -> bool:
        """Return whether an error of a state goes where it is kept out of logs."""
        state = self.state(name)
        if state is None:
            return False
        catcher = catcher_of(state, error)
        return is_private(result_path(state if catcher is None else catcher))

    def may_be_failed(self, name: str) -> bool:
        """Return whether a run may go on after an action of a state that failed."""
        state = self.state(name)
        return state is None or state.get("ExceptionOnActionFailure", True) is not True
