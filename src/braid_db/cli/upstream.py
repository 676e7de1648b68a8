"""The commands of braid-db 0.1 under their old names, with their old arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli import text
from braid_db.cli.endpoint.options import filled_text_of
from braid_db.cli.groups import ExplainingCommand
from braid_db.cli.options import CONTEXT, login_name, open_store, text_of, texts_of
from braid_db.cli.record.finding import find_reference
from braid_db.errors import SettingsError

if TYPE_CHECKING:
    from braid_db.compute.registering import Registered
    from braid_db.compute.service import ComputeService
    from braid_db.recall.views import RecallView
    from braid_db.store import Store, Transaction
    from braid_db.views import Lineage, RecordView

_LIMIT_S = 120
"""How long an endpoint may take for a call, which may have to start its workers."""


@click.command("db-create", cls=ExplainingCommand, context_settings=CONTEXT)
@click.option("-B", "backup", is_flag=True, help="Move a file that is there to DB.NNN.bak first.")
@click.option("-v", "verbose", is_flag=True, help="Say what is done.")
@click.argument("database", metavar="DB")
def db_create(backup: bool, verbose: bool, database: str) -> None:
    """Make the provenance database DB, a path or URL; today: braid-db db create --db DB."""
    from braid_db.records.database import create_database, place_of

    if backup and (moved := move_aside(database)) and verbose:
        text.note(f"Moved the file that was there to {moved}")
    store = open_store(database, create=True)
    made = create_database(store)
    if verbose:
        text.note(f"{'Made' if made else 'Already there:'} {place_of(store)}")


@click.command("db-print", cls=ExplainingCommand, context_settings=CONTEXT)
@click.argument("database", metavar="DB")
def db_print(database: str) -> None:
    """Print all records of the provenance database DB; today: braid-db record list --db DB."""
    from braid_db.records.search import search

    page = open_store(database).read(search)
    text.say(_blocks(reversed(page.items)))


@click.command("invalidate-record", cls=ExplainingCommand, context_settings=CONTEXT)
@click.argument("database", metavar="DB")
@click.argument("cause", metavar="CAUSE", callback=text_of)
@click.argument("named", metavar="ID...", nargs=-1, required=True, callback=texts_of)
def invalidate_record(database: str, cause: str | None, named: tuple[str, ...]) -> None:
    """Recall the records ID with all that came of them; today: braid-db recall make.

    An ID may name its version: 12@3.
    """
    from braid_db.recall.recalls import invalidate
    from braid_db.recall.targets import Targets

    def work(tx: Transaction) -> list[RecallView]:
        records = tuple(find_reference(tx, name) for name in named)
        return invalidate(tx, Targets(records), cause=cause or "", by=login_name())

    for recall in open_store(database).write(work):
        reached = sum(recall.reached.values())
        text.say([f"recall {recall.recall_id} of record {recall.record_id} reaches {reached:,}"])


@click.command("db-to-mermaid", cls=ExplainingCommand, context_settings=CONTEXT)
@click.argument("record_id", metavar="ID", type=int)
@click.option("--db-file", metavar="FILE", help="The provenance database, a path or URL.")
@click.option("--raw-mermaid", is_flag=True, help="Only Mermaid's text, instead of a page.")
def db_to_mermaid(record_id: int, db_file: str | None, raw_mermaid: bool) -> None:
    """Write the lineage of the record ID as a page; today: braid-db graph ID."""
    from braid_db.exchange.mermaid import mermaid, mermaid_page

    lineage = _lineage(open_store(db_file), record_id)
    click.echo(mermaid(lineage) if raw_mermaid else mermaid_page(lineage), nl=False)


@click.command("register-funcx", cls=ExplainingCommand, context_settings=CONTEXT)
def register_funcx() -> None:
    """Register the functions, and print their UUIDs; today: braid-db functions register."""
    from braid_db.compute.service import ComputeService

    for one in _registered(ComputeService()):
        word = "Added" if one.is_new else "Known"
        text.say([f"{word} function {one.name} with uuid {one.function_id}"])


@click.command("funcx-add-record", cls=ExplainingCommand, context_settings=CONTEXT)
@click.option(
    "--endpoint-id",
    metavar="UUID",
    callback=filled_text_of,
    help="By default that of braid_db, on this machine.",
)
@click.option(
    "--function-id",
    metavar="UUID",
    callback=filled_text_of,
    help="Of add_records; by default the newest registration, or a new one where there is none.",
)
@click.argument("name", metavar="RECORD_NAME")
def funcx_add_record(endpoint_id: str | None, function_id: str | None, name: str) -> None:
    """Add a record through an endpoint; today: braid-db endpoint doctor --round-trip."""
    from braid_db.compute.endpoint.round_trip import ADD, add_record
    from braid_db.compute.remote import RemoteTasks
    from braid_db.compute.service import ComputeService

    place = endpoint_id or _endpoint_here()
    service = ComputeService()
    with RemoteTasks(service) as tasks:
        function = function_id or _function_id(service, ADD)
        text.say([f"Added record with id {add_record(tasks, place, function, name, _LIMIT_S)}"])


def move_aside(database: str) -> Path | None:
    """Move a database file to the first free ``DB.NNN.bak``, with what SQLite keeps beside it.

    :returns: where it is now; None where there was none.
    :raises SettingsError: if the database is no file.
    """
    from braid_db.store.files import BESIDE, beside

    if "://" in database and not database.startswith("sqlite:///"):
        raise SettingsError("DB", "is no file, so -B cannot move it", "the path of a file")
    path = Path(database.removeprefix("sqlite:///")).expanduser()
    if not path.is_file():
        return None
    numbered = (path.with_name(f"{path.name}.{number:03}.bak") for number in range(1, 10**6))
    moved = next(candidate for candidate in numbered if not candidate.exists())
    path.rename(moved)
    for ending in BESIDE:
        if beside(path, ending).exists():
            beside(path, ending).rename(beside(moved, ending))
    return moved


def _registered(service: ComputeService, *names: str) -> Iterator[Registered]:
    """Register functions, all where none is named."""
    from braid_db.cli.functions.choosing import chosen_functions
    from braid_db.compute.registering import register_functions
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import PRIVATE

    return register_functions(service, Registrations(), chosen_functions(names, ()), PRIVATE)


def _function_id(service: ComputeService, name: str) -> str:
    """Return the id of a function's newest registration, whoever may run it; else a new one's."""
    from braid_db.compute.registrations import Registrations

    if newest := Registrations().newest(service.owner).get(name):
        return newest.function_id
    [new] = _registered(service, name)
    return str(new.function_id)


def _endpoint_here() -> str:
    from braid_db.cli.endpoint.options import DEFAULT_NAME
    from braid_db.compute.endpoint.folder import EndpointFolder

    found = EndpointFolder.named(DEFAULT_NAME).endpoint_id
    if found is None:
        reason = f"no endpoint {DEFAULT_NAME} was started on this machine"
        raise click.UsageError(f"--endpoint-id is needed: {reason}.")
    return found


def _lineage(store: Store, record_id: int) -> Lineage:
    from braid_db.records.lineage import get_lineage
    from braid_db.views import Direction

    return store.read(lambda tx: get_lineage(tx, record_id, direction=Direction.BOTH))


def _blocks(records: Iterable[RecordView]) -> Iterator[str]:
    for record in records:
        yield from text.describe(record)
        yield ""
