"""``braid-db record diff``: what one version of a record says otherwise than another."""

from __future__ import annotations

from collections.abc import Iterator

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, record_argument
from braid_db.cli.record.finding import find_record
from braid_db.steps import values
from braid_db.views import Difference


@click.command(context_settings=CONTEXT)
@record_argument
@click.option(
    "--from",
    "from_",
    type=click.IntRange(1, values.LARGEST_COUNT),
    metavar="N",
    help="The one before by default.",
)
@click.option(
    "--to",
    type=click.IntRange(1, values.LARGEST_COUNT),
    metavar="N",
    help="The current one by default.",
)
@answering
def diff(named: str, from_: int | None, to: int | None, form: str) -> None:
    """Show what one version of RECORD says otherwise than another."""
    from braid_db.records.versions import diff_versions

    found = open_store().read(lambda tx: diff_versions(tx, find_record(tx, named), from_, to))
    if form == "json":
        as_json.say_json(as_json.difference_json(found))
    else:
        text.say(_lines(found))


def _lines(found: Difference) -> Iterator[str]:
    content = "the same content" if found.same_content else "another content"
    yield f"record {found.record_id}, version {found.from_version} to {found.to_version}: {content}"
    for label in ("name", "sha256", "size_bytes"):
        if (pair := getattr(found, label)) is not None:
            yield from _sides(label, *([] if one is None else [str(one)] for one in pair))
    for key, pair in found.tags.items():
        yield from _sides(f"tag {key}", *([text.tag_text(one) for one in side] for side in pair))
    if found.uris is not None:
        yield from _sides("uri", *_moved(*found.uris))


def _moved(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield which URIs are gone and which came; all of them where their order is another."""
    here = [uri for uri in before if uri in after]
    there = [uri for uri in after if uri in before]
    stay = here if here == there else ()
    for side in (before, after):
        yield [uri for uri in side if uri not in stay]


def _sides(label: str, before: list[str], after: list[str]) -> Iterator[str]:
    """Yield what is taken away and what comes in its place, a line each."""
    for sign, side, colour in (("-", before, "red"), ("+", after, "green")):
        for one in side:
            yield click.style(f"{sign} {text.visible(label)}  {text.visible(one)}", fg=colour)
