"""``add_record_for_action_step``: its request, read into what the use case takes."""

from __future__ import annotations

from typing import Annotated, Any

from braid_db.model import NO_REFERENCES, Definition, Kind, Tag
from braid_db.records.receipts import Result
from braid_db.records.steps import StepToRecord, record_step
from braid_db.steps.call import Arguments, UseCase, call
from braid_db.steps.definitions import Provenance
from braid_db.steps.documents import creator_of, is_document, results_of, times_of
from braid_db.steps.home import Home
from braid_db.steps.references import INPUT_IDS, OUTPUT_IDS, read_references
from braid_db.steps.requests import (
    Definitions,
    Flag,
    FollowingRequest,
    Steps,
    Uris,
    read_by,
    read_step_name,
)
from braid_db.steps.tags import read_public_tags, read_tags
from braid_db.steps.values import written

NAME = "Action Step {}"
NO_RESULT = "Not Provided"
NO_STATUS = "Not Present in Step Results"
STATUS = "status"


class ActionStepRequest(FollowingRequest):
    """The arguments of ``add_record_for_action_step``."""

    step_name: Annotated[str, read_by(read_step_name)] = "None"
    tags: Annotated[tuple[Tag, ...], read_by(read_public_tags)] = ()
    step_result: Any = None
    previous_step_output: Steps = NO_REFERENCES
    other_predecessor_record_ids: Steps = NO_REFERENCES
    input_record_ids: Any = None
    inputs_from_referenced_outputs: Flag = False
    output_record_ids: Any = None
    outputs_from_referenced_inputs: Flag = False
    input_record_defs: Definitions = ()
    output_record_defs: Definitions = ()
    uris: Uris = ()


def add_record_for_action_step(arguments: Arguments) -> Result:
    """Record a step of a flow.

    :returns: ``{"flow_state_record_id", "input_record_ids", "output_record_ids", ...}``.
    :raises BraidError: if it is refused; nothing is written then.
    """

    def read(request: ActionStepRequest, where: Home) -> UseCase:
        told = read_action_step(request)
        return lambda tx: record_step(tx, where.rules, told)

    return call("add_record_for_action_step", ActionStepRequest, arguments, read)


def read_action_step(request: ActionStepRequest) -> StepToRecord:
    """Return what a call tells of one step.

    :raises InvalidArgument: if a part of it has a form that is not accepted.
    """
    document = request.step_result if is_document(request.step_result) else {}
    told = Provenance("step_result.details.result", results_of(document))
    return StepToRecord(
        step=Definition(
            name=NAME.format(request.step_name),
            kind=Kind.STEP,
            uris=request.uris,
            tags=tags_of(request, told.tags),
        ),
        context=request.context(creator_of(document)),
        times=times_of(document.get("start_time"), document.get("completion_time")),
        previous=request.previous_step_output,
        previous_in_run=request.previous_in_run,
        others=request.other_predecessor_record_ids,
        inputs=read_references(
            "input_record_ids",
            request.input_record_ids,
            OUTPUT_IDS if request.inputs_from_referenced_outputs else INPUT_IDS,
        ),
        outputs=read_references(
            "output_record_ids",
            request.output_record_ids,
            INPUT_IDS if request.outputs_from_referenced_inputs else OUTPUT_IDS,
        ),
        used=request.input_record_defs + told.inputs,
        made=request.output_record_defs + told.outputs,
        mark_missing=bool(request.if_missing),
    )


def tags_of(request: ActionStepRequest, told: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Return the step's tags: those of the call and of its functions, and its status."""
    given = dict.fromkeys((*request.tags, *told)) if told else request.tags
    status = read_tags("step_result", {STATUS: status_of(request.step_result)})
    return (*[tag for tag in given if tag.key != STATUS], *status)


def status_of(step_result: Any) -> Any:
    """Return the status of a step, as upstream wrote it."""
    if step_result is None:
        return NO_RESULT
    if isinstance(step_result, dict):
        return step_result.get("status", NO_STATUS)
    return written("step_result", step_result)
