def create_invalidation_action(
    name="Not Provided",
    action_type="shell",
    command=None,
    params=None,
    run_id=None,
    flow_id=None,
    started_by=None,
    idempotency_key=None,
    if_missing=None,
    **unknown,
):
    """Make an action that is to be carried out when a record it is linked to is recalled.

    action_type is "shell" (command is the program, params the list of its arguments) or "flow"
    (command is the flow's id, params its input). The command is required.

    Returns {"invalidation_action_id", "database"}; raises an error of one line otherwise.
    """
    arguments = dict(locals())
    from braid_db import steps

    return steps.create_invalidation_action(arguments)
