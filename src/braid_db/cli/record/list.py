"""``braid-db record list``: the records that fit a condition, as they are now."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import (
    CONTEXT,
    after_option,
    answering,
    kinds_option,
    limit_option,
    needed_text_of,
    open_store,
    time_of,
)

_CONDITIONS = (
    kinds_option,
    click.option(
        "--name",
        callback=needed_text_of,
        help="Only records with this in their name, in upper or lower case.",
    ),
    click.option(
        "--uri",
        callback=needed_text_of,
        help="Only records that go by this URI, be it the first or another.",
    ),
    click.option(
        "--run",
        "run_id",
        metavar="RUN",
        callback=needed_text_of,
        help="Only records made in this run.",
    ),
    click.option("--valid/--invalid", default=None, help="Only valid records, or only others."),
    click.option(
        "--since",
        metavar="TIME",
        callback=time_of,
        help="Only records whose current version was recorded at this time or later; UTC where "
        "no zone is named.",
    ),
    click.option("--until", metavar="TIME", callback=time_of, help="... or before this time."),
    click.option(
        "--where",
        metavar="CONDITION",
        help="Only records that fit, as in: loss < 0.1 and beamline = '8-ID' and name like 'a%'. "
        "Words are tags, or fields such as kind, name, uri, valid, created_at, sha256.",
    ),
)


def choosing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which records are wanted."""
    return reduce(lambda found, option: option(found), reversed(_CONDITIONS), command)


@click.command("list", context_settings=CONTEXT)
@choosing
@click.option(
    "--sort",
    metavar="KEY",
    help="By record_id (the default) or created_at, newest first; by name; or by a tag.",
)
@click.option("--reverse", is_flag=True, help="In the opposite order.")
@limit_option
@after_option
@click.option("--count", is_flag=True, help="Only say how many there are.")
@answering
def list_command(
    sort: str | None,
    reverse: bool,
    limit: int | None,
    after: str | None,
    count: bool,
    form: str,
    **conditions: Any,
) -> None:
    """List the records that fit all conditions, as they are now."""
    from braid_db.records.search import Wanted, count_records, search

    wanted = Wanted(**conditions)
    if count:
        number = open_store().read(lambda tx: count_records(tx, wanted))
        _say_count(number, form)
        return
    page = open_store().read(
        lambda tx: search(tx, wanted, sort=sort, reverse=reverse, after=after, limit=limit)
    )
    if form == "json":
        as_json.say_json(as_json.records_json(page))
        return
    text.say_table(text.SUMMARY, [text.summary(one) for one in page.items])
    text.note_next(page)


def _say_count(number: int, form: str) -> None:
    if form == "json":
        as_json.say_json({"count": number})
    else:
        text.say([str(number)])
