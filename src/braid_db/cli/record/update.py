"""``braid-db record update``: give a record new content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from braid_db.cli.options import (
    CONTEXT,
    answering,
    identity_rules,
    needed_text_of,
    record_argument,
    text_of,
    texts_of,
)
from braid_db.cli.record.changing import describing, read_states, saying_why, write_version
from braid_db.cli.record.finding import find_reference
from braid_db.steps import values

if TYPE_CHECKING:
    pass


@click.command(context_settings=CONTEXT)
@record_argument
@click.option(
    "--sha256",
    metavar="DIGEST",
    help="Its checksum.",
    callback=lambda context, option, told: values.sha256(
        "--sha256", needed_text_of(context, option, told)
    ),
)
@click.option(
    "--size-bytes",
    type=click.IntRange(0, values.LARGEST_INTEGER),
    metavar="N",
    help="Its size, in bytes.",
)
@click.option(
    "--from",
    "sources",
    metavar="RECORD[@VERSION]",
    multiple=True,
    help="What went into it; may be given several times.",
    callback=texts_of,
)
@click.option(
    "--based-on",
    type=click.IntRange(1, values.LARGEST_COUNT),
    metavar="N",
    help="The version that it revises; the current one by default.",
)
@click.option(
    "--correction",
    is_flag=True,
    help="It mends that version and does not come from it, so that a recall of the mistake leaves "
    "it alone.",
)
@click.option(
    "--state",
    "states",
    metavar="FILE_OR_URI",
    multiple=True,
    help="A file with this state of a model; may be given several times. The checksum and size of "
    "one on this machine are computed.",
    callback=texts_of,
)
@click.option("--framework", metavar="TEXT", help="What can read these files.", callback=text_of)
@describing
@saying_why
@answering
def update(
    named: str,
    sources: tuple[str, ...],
    states: tuple[str, ...],
    framework: str | None,
    form: str,
    **told: Any,
) -> None:
    """Give RECORD new content, in a new version.

    It comes from the version that it revises, and from all that went into it.
    """
    from braid_db.records.versions import update_record

    rules = identity_rules()
    files = read_states(states, framework, rules)
    write_version(
        named,
        form,
        lambda tx, record_id: update_record(
            tx,
            rules,
            record_id,
            states=files,
            derived_from=[find_reference(tx, source) for source in sources],
            **told,
        ),
    )
