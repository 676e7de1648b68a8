"""Recording a step of a flow: what it used, what it made, and which steps came before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from braid_db.identity import IdentityRules
from braid_db.model import (
    NO_REFERENCES,
    NO_RUN,
    UNKNOWN_TIMES,
    Definition,
    References,
    Role,
    RunContext,
    Times,
)
from braid_db.records.contents import Content
from braid_db.records.late import NOT_LATE, Late
from braid_db.records.predecessors import Predecessors, ids_of
from braid_db.records.receipts import Result
from braid_db.records.recorder import Recorder
from braid_db.store import Transaction

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput

NOTHING_SAID = Definition()
MOST_INVALID = 100
"""How many invalid inputs a result lists."""


class StepToRecord(NamedTuple):
    """What a call tells of one step.

    :param step: the step's own definition: its name, tags and URIs.
    :param previous: the step before it in the flow's order.
    :param others: other predecessors.
    :param inputs: records that it used, by reference; ``used`` holds those it defines.
    :param outputs: records that it made, by reference; ``made`` holds those it defines.
    :param mark_missing: whether references that lead nowhere are noted instead of refused.
    :param late: what its run tells of it, where it is told late.
    """

    step: Definition
    context: RunContext = NO_RUN
    times: Times = UNKNOWN_TIMES
    previous: References = NO_REFERENCES
    previous_in_run: bool = False
    others: References = NO_REFERENCES
    inputs: References = NO_REFERENCES
    outputs: References = NO_REFERENCES
    used: tuple[Definition, ...] = ()
    made: tuple[Definition, ...] = ()
    mark_missing: bool = False
    late: Late = NOT_LATE


def record_step(tx: Transaction, rules: IdentityRules, told: StepToRecord) -> Result:
    """Record one step whole.

    :returns: the ids that the flow hands on, and which versions they mean.
    :raises BraidError: if anything that is told cannot be recorded; nothing is written then.
    """
    recorder = Recorder(tx, rules, told.context)
    earlier = Predecessors(recorder, mark=told.mark_missing)
    earlier.read(told.previous, told.others, told.inputs, told.outputs)
    before = earlier.previous(told.previous, told.context, latest=told.previous_in_run)
    recorder.prepare(
        (*told.used, *told.made, told.step),
        inputs=told.used,
        changed=ids_of(told.others, told.inputs, told.outputs),
        named=ids_of(before),
        late=told.late,
    )
    followed, others = earlier.contents(before), earlier.contents(told.others)
    inputs, outputs = earlier.contents(told.inputs), earlier.entities(told.outputs)
    inputs += [recorder.use(definition) for definition in told.used]
    recorder.derive_from_folders()
    step = recorder.make(told.step, told.times)
    add_predecessors(recorder, step, followed, [*others, *inputs])
    made = [recorder.contents.of_output(entity, NOTHING_SAID, step) for entity in outputs]
    made += [recorder.generate(definition, step) for definition in told.made]
    recorder.descriptions.add_tags(step.entity, [*recorder.descriptions.differing, *earlier.tags()])
    invalid = recorder.contents.spread_invalid([*others, *inputs], followed)
    return result_of(tx, step, inputs, made, earlier.missing, invalid)


def add_predecessors(
    recorder: Recorder, step: Content, followed: Iterable[Content], used: Iterable[Content]
) -> None:
    """Add what a new step came after, and what it used: a step's data inform, others are used."""
    for content in followed:
        recorder.contents.add_derivation(content, step, Role.FOLLOWED)
    for content in used:
        role = Role.INFORMED if content.entity.kind.is_activity else Role.USED
        recorder.contents.add_derivation(content, step, role)


def result_of(
    tx: Transaction,
    step: Content,
    inputs: Sequence[Content],
    outputs: Sequence[Content],
    missing: Sequence[str],
    invalid_inputs: Sequence[InvalidInput],
) -> Result:
    """Return what a call answers: ids for the flow's state, and the versions that they mean.

    Of many invalid inputs only some are listed, as a flow's state is small.
    """
    result: Result = {
        "flow_state_record_id": step.entity.record_id,
        "input_record_ids": [content.entity.record_id for content in inputs],
        "output_record_ids": [content.entity.record_id for content in outputs],
        "exception_str": None,
        "input_versions": versions_of(inputs),
        "output_versions": versions_of(outputs),
        "database": tx.database,
        "invalid_inputs": list(invalid_inputs[:MOST_INVALID]),
    }
    if len(invalid_inputs) > MOST_INVALID:
        result["more_invalid_inputs"] = len(invalid_inputs) - MOST_INVALID
    if missing:
        result["missing"] = list(missing)
    return result


def versions_of(contents: Iterable[Content]) -> dict[str, int | list[int]]:
    """Return the versions that are not the first, by record id as JSON's keys are.

    A record that is named in more than one version has them in a list, in order.
    """
    numbers: dict[str, list[int]] = {}
    for content in contents:
        numbers.setdefault(str(content.entity.record_id), []).append(content.number)
    return {
        record_id: given[0] if len(set(given)) == 1 else given
        for record_id, given in numbers.items()
        if set(given) != {1}
    }
