def add_invalidation_action_to_record(
    record_id=None,
    invalidation_action_id=None,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    **unknown,
):
    """Link an invalidation action to a record, to be carried out when the record is recalled.

    Both arguments are required; each may be the id itself or the status document or result of
    the step that made it.

    Returns {"invalidation_action_id", "flow_state_record_id", "database"}; raises an error of
    one line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.add_invalidation_action_to_record(arguments)
