"""``braid-db model states``: the states of a model and the files that hold them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, version_option
from braid_db.cli.record.finding import find_record
from braid_db.views import RecordView, StateFile, StateView

_HEADINGS = ("version", "valid", "recorded (UTC)", "framework", "tags", "uri", "sha256")


@click.command(context_settings=CONTEXT)
@click.argument("named", metavar="MODEL")
@version_option
@answering
def states(named: str, version: int | None, form: str) -> None:
    """List the states of MODEL, the first one first: one for each content that it had.

    Each is shown by the newest version that has it. Where no file was told of, the URI and checksum
    are the record's own.
    """
    from braid_db.records.states import list_states

    found = open_store().read(lambda tx: list_states(tx, find_record(tx, named), version))
    if form == "json":
        as_json.say_json(as_json.states_json(found))
        return
    text.say_table(_HEADINGS, [row for state in found for row in _rows(state)])


def _rows(state: StateView) -> Iterator[tuple[str, ...]]:
    """Yield a row for each file; what is said of the state stands in the first one."""
    record = state.record
    tags = " ".join(f"{key}={text.tag_text(value)}" for key, value in record.tags.items())
    about = (str(record.version), text.valid(record.valid), text.minute(record.created_at))
    for place, file in enumerate(state.files or [_own(record)]):
        seen = (file.framework or "", tags if place == 0 else "", file.uri, file.sha256 or "")
        yield (*(about if place == 0 else ("", "", "")), *map(text.visible, seen))


def _own(record: RecordView) -> StateFile:
    return StateFile(record.uris[0] if record.uris else "", record.sha256)
