"""``braid-db recall make``: recalling something, or asking beforehand what that would do."""

from __future__ import annotations

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import (
    CONTEXT,
    answering,
    follow_order_option,
    identity_rules,
    limit_option,
    open_store,
    person_option,
    settings,
    text_of,
)
from braid_db.cli.recall import answers, tables
from braid_db.cli.recall.selecting import Selection, selecting
from braid_db.store import Store


@click.command(context_settings=CONTEXT)
@selecting
@click.option("--cause", metavar="TEXT", callback=text_of, help="What is wrong; it is required.")
@person_option
@follow_order_option
@click.option("--dry-run", is_flag=True, help="Only show what would be recalled, and what follows.")
@limit_option
@answering
def make(
    selection: Selection,
    cause: str | None,
    by: str | None,
    follow_order: bool,
    dry_run: bool,
    limit: int | None,
    form: str,
) -> None:
    """Recall RECORD, or what the options select, with all that came of it.

    A RECORD is an id, an id with its version (12@3), or a URI. One that has more than one content
    is refused until you choose: the wrong one may not be the newest.

    The actions that are linked to what is reached are owed; 'braid-db recall run' starts them.
    """
    from braid_db.recall.recalls import invalidate

    store = open_store()
    if dry_run:
        _preview(store, selection, follow_order, limit, form)
        return
    rules = identity_rules()
    made = store.write(
        lambda tx: invalidate(
            tx,
            selection.targets(tx),
            cause=cause or "",
            by=by,
            follow_order=follow_order,
            rules=rules,
        )
    )
    if form == "json":
        as_json.say_json({"recalls": [answers.recall_json(one) for one in made]})
        return
    tables.say_recalls(made)
    if owed := sum(sum(one.actions.values()) for one in made):
        text.note(f"{owed:,} actions are owed; 'braid-db recall run' starts them.")


def _preview(
    store: Store, selection: Selection, follow_order: bool, limit: int | None, form: str
) -> None:
    from braid_db.recall.jobs import here
    from braid_db.recall.preview import preview

    rules = identity_rules()
    shown = store.read(
        lambda tx: preview(
            tx, selection.targets(tx), follow_order=follow_order, rules=rules, limit=limit
        )
    )
    means = here(settings())
    lacks = [means.lack_for(action.type, action.command) for action in shown.actions]
    if form == "json":
        as_json.say_json(answers.preview_json(shown, lacks))
    else:
        tables.say_preview(shown, lacks)
