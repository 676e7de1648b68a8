"""``braid-db recall show``: one recall, what it reaches, and what became of the actions."""

from __future__ import annotations

import click

from braid_db.cli import as_json
from braid_db.cli.options import CONTEXT, answering, limit_option, open_store, recall_argument
from braid_db.cli.recall import answers, tables


@click.command(context_settings=CONTEXT)
@recall_argument
@limit_option
@answering
def show(recall_id: int, limit: int | None, form: str) -> None:
    """Show RECALL: what was recalled and why, what it reaches, and how far its actions are."""
    from braid_db.recall.outcomes import list_outcomes
    from braid_db.recall.recalls import get_recall

    shown, actions = open_store().read(
        lambda tx: (
            get_recall(tx, recall_id, limit=limit),
            list_outcomes(tx, recall_id, limit=limit),
        )
    )
    if form == "json":
        as_json.say_json(answers.recall_with_reach_json(shown, actions))
    else:
        tables.say_recall(shown, actions)
