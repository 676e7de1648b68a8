def add_records(
    record_dicts=None,
    *more,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    **unknown,
):
    """Add records together with what was derived from them, all of them or none.

    record_dicts is one object or a list of objects with name, kind, uris, tags, sha256,
    size_bytes, host, derivations (a list of the same) and derived_from_record_id; a tag is a
    value, or {"value", "type"} with the type NONE, STRING, INT or FLOAT.

    Returns a list, in order, of {"record_id", "name", "uris", "tags", "time", "derivations",
    "invalidation_id", "invalidation"}; raises an error of one line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.add_records(arguments)
