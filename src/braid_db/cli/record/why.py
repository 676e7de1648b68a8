"""``braid-db record why``: how a record came about, as a story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import click

from braid_db.cli import as_json, text
from braid_db.cli.lineage_json import explanation_json
from braid_db.cli.options import (
    CONTEXT,
    answering,
    as_of_option,
    open_store,
    record_argument,
    version_option,
)
from braid_db.cli.record.finding import find_record
from braid_db.cli.tree import label
from braid_db.views import Explanation, RecordView

_MOST_NAMED = 8


@click.command(context_settings=CONTEXT)
@record_argument
@version_option
@as_of_option
@answering
def why(named: str, version: int | None, as_of: datetime | None, form: str) -> None:
    """Tell how RECORD came about, such as how a decision was made.

    What was given, then each step after those that it builds on, with what it used and made of
    what led to RECORD.
    """
    from braid_db.records.reasons import explain

    told = open_store().read(
        lambda tx: explain(tx, find_record(tx, named), version=version, as_of=as_of)
    )
    if form == "json":
        as_json.say_json(explanation_json(told))
    else:
        text.say(_lines(told))


def _lines(told: Explanation) -> Iterator[str]:
    yield label(told.record)
    if told.given:
        yield from ["", "It began with"]
        yield from (f"  {label(one)}" for one in told.given)
    for number, one in enumerate(told.steps, 1):
        yield from ["", f"{number}. {label(one.step)}"]
        yield from _named("used", one.used)
        yield from _named("made", one.made)
    if told.derived:
        yield from ["", "Derived directly"]
        yield from (f"  {label(one)}  from  {label(source)}" for source, one, _ in told.derived)
    if not told.steps and not told.derived:
        yield from ["", "Nothing is recorded that led to it."]


def _named(what: str, records: Sequence[RecordView]) -> Iterable[str]:
    """Yield a line for each record; of many only the first ones, and how many there are."""
    yield from (f"   {what} {label(one)}" for one in records[:_MOST_NAMED])
    if len(records) > _MOST_NAMED:
        yield f"   {what} {len(records) - _MOST_NAMED:,} more"
