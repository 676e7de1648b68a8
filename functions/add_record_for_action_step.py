def add_record_for_action_step(
    step_name=None,
    tags=None,
    step_result=None,
    previous_step_output=None,
    other_predecessor_record_ids=None,
    input_record_ids=None,
    inputs_from_referenced_outputs=False,
    output_record_ids=None,
    outputs_from_referenced_inputs=False,
    input_record_defs=None,
    output_record_defs=None,
    uris=None,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    previous_in_run=False,
    **unknown,
):
    """Record one step of a flow: what it used, what it made, and which steps came before.

    References (previous_step_output, the *_record_ids) may be a record id, an earlier step's
    status document or result, or a list of these. Definitions are objects with name, kind,
    uris, tags, sha256, size_bytes and host. All arguments are optional JSON values.

    Returns {"flow_state_record_id", "input_record_ids", "output_record_ids", "exception_str",
    "input_versions", "output_versions", "database", "invalid_inputs"}; raises an error of one
    line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.add_record_for_action_step(arguments)
