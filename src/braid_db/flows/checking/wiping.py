"""Results and errors that replace the whole state of a run, because they have no ResultPath."""

from __future__ import annotations

from collections.abc import Iterator

from braid_db.flows.checking.finding import Finding, warning
from braid_db.flows.instrumenting.reading import States

_ACTING = ("Action", "CreateWebInput", "AwaitWebInput")


def wiping_findings(states: States) -> Iterator[Finding]:
    """Yield what wipes the state of a run that goes on; an explicit ``$`` is taken as meant."""
    for name, state in states.items():
        if state["Type"] in _ACTING and "ResultPath" not in state and not state.get("End"):
            yield warning(
                "state-wiped",
                name,
                "ResultPath",
                "Without a ResultPath its result replaces the whole state, the input included.",
                f'Write "ResultPath": "$.{name}", or "$" if that is meant.',
            )
        for index, catcher in enumerate(state.get("Catch", [])):
            if "ResultPath" not in catcher and states[catcher["Next"]]["Type"] != "Fail":
                yield warning(
                    "state-wiped",
                    name,
                    f"Catch[{index}].ResultPath",
                    "Without a ResultPath the error replaces the whole state, the input included.",
                    'Write "ResultPath": "$.error", or "$" if that is meant.',
                )
