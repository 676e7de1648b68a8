"""``braid-db recall retry``: letting actions start again that failed or were interrupted."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, recall_argument
from braid_db.cli.recall import answers, tables


@click.command("retry", context_settings=CONTEXT)
@recall_argument
@click.argument("action_run_ids", metavar="[ACTION_RUN]...", type=int, nargs=-1)
@answering
def retry_command(recall_id: int, action_run_ids: tuple[int, ...], form: str) -> None:
    """Let all actions of RECALL that failed or were interrupted start again, or some of them.

    Nobody knows how an interrupted one ended: it may be carried out twice by this.
    """
    from braid_db.recall.outbox import retry

    again = open_store().write(lambda tx: retry(tx, recall_id, action_run_ids))
    if form == "json":
        as_json.say_json({"action_runs": [answers.outcome_json(one) for one in again]})
        return
    if again:
        tables.say_outcomes(again)
    count = f"{len(again):,} are due again" if again else "Nothing has failed or was interrupted"
    text.note(f"{count}; 'braid-db recall run {recall_id}' starts what is due.")
