def invalidate_record(
    record_id=None,
    cause=None,
    version=None,
    all_versions=False,
    since=None,
    until=None,
    follow_order=False,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    **unknown,
):
    """Recall a record with all that came of it; the actions that are linked to these are owed.

    record_id and cause are required; record_id may be the id itself or the status document or
    result of the step that is meant. Where the record has more than one content, name its
    version, all_versions, or the time (since, until: ISO 8601; UTC where no zone is named) in which
    the wrong ones were recorded. follow_order follows the order of steps even where their inputs
    are known. Owed actions are not started here but by "braid-db recall run".

    Returns {"recall_ids", "recalls", "reached", "owed_actions", "database"}, of the ids the first
    thousand; raises an error of one line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.invalidate_record(arguments)
