def check_records(
    record_ids=None,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    **unknown,
):
    """Say whether records are safe to use: whether no recall that stands reaches one of them.

    record_ids is required: a record id, an earlier step's status document or result, or a list of
    these; a document or result means the step and what it made. Nothing is written, and each
    call is answered anew.

    Returns {"valid": bool, "invalid": [{"record_id", "version", "cause", "recall_id"}],
    "invalid_count", "database"}, of what is invalid the first twenty; raises an error of one line
    otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.check_records(arguments)
