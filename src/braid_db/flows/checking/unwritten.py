"""Places that a state reads and that no way through the flow has written, or some way has not."""

from __future__ import annotations

from collections.abc import Iterator

from braid_db.flows.checking.choosing import Decision
from braid_db.flows.checking.finding import Finding, error, listed, warning
from braid_db.flows.checking.reads import Read, reads_of
from braid_db.flows.checking.shape import (
    ABSENT,
    GIVEN,
    MADE,
    OPEN,
    UNASKED,
    UNDOCUMENTED,
    WRITTEN,
    Shape,
)
from braid_db.flows.instrumenting.reading import Path, State, States, is_provenance
from braid_db.flows.scope import CONTEXT

_REFERENCES = (
    *("previous_step_output", "previous_step_record_id", "other_predecessor_record_ids"),
    *("input_record_ids", "output_record_ids", "record_id", "invalidation_action_id"),
)
"""Arguments by which a provenance function is told of steps that were recorded before."""


def unwritten_findings(states: States, shapes: dict[str, Shape]) -> Iterator[Finding]:
    """Yield what is read and may not be there, state by state.

    :param shapes: how a run's state may look at each state that it may come to.
    """
    for name, state in states.items():
        told: set[Path] = set()
        for read, shape in _reads_at(state, shapes[name]) if name in shapes else ():
            finding = _of_read(name, state, read, shape)
            if finding is not None and read.path not in told:
                told.add(read.path)
                yield finding


def _reads_at(state: State, shape: Shape) -> Iterator[tuple[Read, Shape]]:
    if state["Type"] == "Choice":
        decision = Decision(shape)
        for index, rule in enumerate(state["Choices"]):
            decision.take(rule, f"Choices[{index}]")
        yield from decision.reads
    else:
        for read in reads_of(state):
            yield read, shape


def _of_read(name: str, state: State, read: Read, shape: Shape) -> Finding | None:
    how = shape.find(read.path).how
    path = _as_text(read.path)
    if how == {ABSENT}:
        sentence = f"No way through the flow has written {path} when a run comes here."
        mend = f"Write it on a way that leads here; {_what_is_there(read, shape)}."
        return error("path-never-written", name, read.field, sentence, mend)
    is_written = not how.isdisjoint({WRITTEN, MADE})
    if ABSENT in how or (WRITTEN in how and not how.isdisjoint({OPEN, UNASKED})):
        if is_provenance(state) and any(each in read.field for each in _REFERENCES):
            return _predecessor(name, read)
        if ABSENT in how and shape.replaced_by:
            return _replaced(name, read, shape, is_written=is_written)
        if ABSENT in how and GIVEN in how and not is_written:
            return warning(
                "input-not-required",
                name,
                read.field,
                f"{path} is read, and the input may lack it: it is not required.",
                _guard(read),
            )
        sentence = f"Some way through the flow leads here without having written {path}."
        if _is_of_input_alone(read.path, shape):
            sentence = f"No way through the flow has written {path} when a run comes here; it "
            sentence += "would have to be in the run's input."
        return warning("path-not-always-written", name, read.field, sentence, _guard(read))
    return _of_others(name, read, how, path)


def _is_of_input_alone(path: Path, shape: Shape) -> bool:
    """Return whether nothing that leads to a path is of the flow itself."""
    return all(
        shape.find(path[:length]).how.isdisjoint({WRITTEN, MADE, UNDOCUMENTED})
        for length in range(1, len(path) + 1)
    )


def _of_others(name: str, read: Read, how: frozenset[str], path: str) -> Finding | None:
    if UNASKED in how:
        return warning(
            "input-not-asked-for",
            name,
            read.field,
            f"{path} is read of the input, and the input schema does not ask for it.",
            "Add it to the schema's properties, and to what it requires.",
        )
    if UNDOCUMENTED in how:
        return warning(
            "path-undocumented",
            name,
            read.field,
            f"{path} is read, and what the service writes there is documented without it.",
            "An action's own result stands in 'details', as in $.State.details.result[0].",
        )
    return None


def _predecessor(name: str, read: Read) -> Finding:
    return warning(
        "predecessor-may-not-have-run",
        name,
        read.field,
        f"On some way the step that writes {_as_text(read.path)} has not run, and then this one "
        f"cannot be recorded.",
        f"Read it by '.=' as {_getattr(read.path)}: a reference to nothing is accepted.",
    )


def _replaced(name: str, read: Read, shape: Shape, *, is_written: bool) -> Finding:
    """Tell of what may have been replaced together with the whole state."""
    path, by = _as_text(read.path), " or ".join(sorted(shape.replaced_by))
    sentence = f"On some way that leads here there is no {path}: {by} has replaced the whole state"
    sentence += ", or nothing has written it." if is_written else "."
    mend = f"Give that a ResultPath of its own. {_guard(read)}"
    return warning("path-not-always-written", name, read.field, sentence, mend)


def _guard(read: Read) -> str:
    if read.field.startswith("Choices"):
        return 'Ask by "IsPresent" in an And before it.'
    if ".$" in read.field or ".=" in read.field:
        return f"Write it on every way, or read it by '.=' as {_getattr(read.path)}."
    return "Write it on every way that leads here."


def _what_is_there(read: Read, shape: Shape) -> str:
    """Return what is there, in the innermost object of the path that is."""
    known = 0
    while shape.find(read.path[: known + 1]).how != {ABSENT}:
        known += 1
    place = shape.find(read.path[:known]).shape.members
    names = [name for name, each in place.items() if each.how != {ABSENT} and name != CONTEXT]
    return f"{_as_text(read.path[:known])} has {listed(names) or 'no members'} here"


def _getattr(path: Path) -> str:
    return f"getattr('{'.'.join(path)}', None)"


def _as_text(path: Path) -> str:
    return ".".join(("$", *path))
