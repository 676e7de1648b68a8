def record_flow_run(
    steps=None,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    previous_step_output=None,
    **unknown,
):
    """Record all the actions that ran in one run of a flow, all of them or none.

    steps is a list of objects with step_name, outcomes (a list of {"document"}, an action's status
    document, or {"error"}, what a Catch wrote; those that are empty are passed over), given (what
    the action was given), is_transfer, and after (the names of steps whose results it was given).
    An action that was recorded before under the same run_id is not recorded again;
    previous_step_output refers to the step after which the first one ran that was not.

    Returns {"flow_state_record_id", "record_ids", "records", "exception_str", "database"}, the
    first of the last record, of the ids the first thousand; raises an error of one line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps as provenance

    return provenance.record_flow_run(arguments)
