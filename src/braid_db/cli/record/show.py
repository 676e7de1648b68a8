"""``braid-db record show``: one version of a record, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import CONTEXT, answering, open_store, record_argument, version_option
from braid_db.cli.record.finding import find_record

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput
    from braid_db.store import Transaction
    from braid_db.views import RecordView, StateFile


@click.command(context_settings=CONTEXT)
@record_argument
@version_option
@answering
def show(named: str, version: int | None, form: str) -> None:
    """Show one version of RECORD as it was described then, and why it is invalid, if it is.

    Of a model it shows the files that hold this state.
    """
    shown, files, causes = open_store().read(lambda tx: _read(tx, named, version))
    if form == "json":
        more = {"files": as_json.files_json(files), "invalid": causes}
        as_json.say_json(as_json.record_json(shown) | more)
    else:
        text.say([*text.describe(shown, files), *text.reasons(causes)])


def _read(
    tx: Transaction, named: str, version: int | None
) -> tuple[RecordView, tuple[StateFile, ...], list[InvalidInput]]:
    from braid_db.recall.causes import causes_of_views
    from braid_db.records.states import state_files
    from braid_db.records.views import get_record

    shown = get_record(tx, find_record(tx, named), version)
    return shown, state_files(tx, shown), causes_of_views(tx, [shown])
