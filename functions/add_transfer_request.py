def add_transfer_request(
    previous_step_record_id=None,
    transfer_input=None,
    transfer_result=None,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    previous_in_run=False,
    other_predecessor_record_ids=None,
    **unknown,
):
    """Record a Globus Transfer task: its sources, its destinations, and which came from which.

    previous_step_record_id refers to the step before; transfer_input is what the Transfer
    action was given, in either form of its input; transfer_result is its status document;
    other_predecessor_record_ids refers to the steps whose results that input was made of.

    Returns {"flow_state_record_id", "input_record_ids", "output_record_ids", "exception_str",
    "input_versions", "output_versions", "database", "invalid_inputs"}; raises an error of one
    line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.add_transfer_request(arguments)
