"""``braid-db endpoint configure``: makes an endpoint own a provenance database."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.endpoint.options import filled_text_of, name_argument
from braid_db.cli.options import CONTEXT, format_option

if TYPE_CHECKING:
    from braid_db.compute.endpoint.configuring import FileChange
    from braid_db.compute.endpoint.folder import EndpointFolder
    from braid_db.compute.endpoint.workers import Workers


_chosen = partial(click.option, callback=filled_text_of)


@click.command(context_settings=CONTEXT)
@name_argument
@_chosen("--db", metavar="URL_OR_PATH", help="The database: the functions' BRAID_DB_URL.")
@_chosen("--host", help="The host that file:///path means: their BRAID_DB_HOST.")
@_chosen("--engine", help="ProcessPoolEngine, the default, or GlobusComputeEngine.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many calls are run at once.")
@_chosen(
    "--python",
    metavar="PATH",
    help="The Python of agent and workers, or the folder of its environment; by default this one.",
)
@_chosen("--display-name", help="What people see in the Globus web app.")
@click.option(
    "--json-only/--any-arguments",
    default=None,
    help="Whether arguments are read as JSON alone. Any by default; JSON once it is shared.",
)
@click.option("--allow-registered", is_flag=True, help="Let nothing but registered functions run.")
@click.option(
    "--account",
    "accounts",
    metavar="DOMAIN=ACCOUNT",
    multiple=True,
    help="Share it, as root: whoever has an identity of DOMAIN records as ACCOUNT, besides those "
    "of other domains.",
)
@_chosen("--email", help="Whom Globus writes to about a shared endpoint.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@format_option
def configure(
    name: str,
    db: str | None,
    host: str | None,
    engine: str | None,
    workers: int | None,
    python: str | None,
    display_name: str | None,
    json_only: bool | None,
    allow_registered: bool,
    accounts: tuple[str, ...],
    email: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """Make the endpoint NAME own a provenance database, or change how it does.

    What is not said stays as it is, as do the endpoint's id, the functions that it lets run, and
    what was changed in its files by hand. An agent that runs must be started again to see it.
    """
    from braid_db.compute.endpoint.configuring import (
        Choices,
        plan_changes,
        with_changes,
        write_changes,
    )
    from braid_db.compute.endpoint.folder import EndpointFolder
    from braid_db.compute.endpoint.seen import workers_of
    from braid_db.compute.endpoint.workers import interpreter_of

    endpoint = EndpointFolder.named(name)
    shared = dict(_account(told) for told in accounts) or None
    interpreter = None if python is None and endpoint.is_configured else python or sys.executable
    choices = Choices(
        database_url=db,
        host=host,
        engine=engine,
        workers=workers,
        json_only=json_only,
        python=str(interpreter_of(interpreter)) if interpreter else None,
        display_name=display_name,
        allowed=_registered() if allow_registered else (),
        accounts=shared,
        email=email,
    )
    changes = plan_changes(endpoint, choices)
    _prove(workers_of(with_changes(endpoint, changes)), create=not dry_run)
    if not dry_run:
        write_changes(endpoint, changes)
    _show(endpoint, changes, dry_run=dry_run, form=form)


def _account(told: str) -> tuple[str, str]:
    domain, equals, account = told.partition("=")
    if not (domain and equals and account):
        raise click.UsageError(f"--account {told}: expected DOMAIN=ACCOUNT.")
    return domain, account


def _registered() -> list[str]:
    """Return the ids of all that is registered; earlier ones may be used by flows that live."""
    from braid_db.compute.endpoint.errors import EndpointChoiceInvalid
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService

    ids = [one.function_id for one in Registrations().of(ComputeService().owner)]
    if not ids:
        raise EndpointChoiceInvalid(
            "No function is registered yet, and an endpoint that names none lets every one run. "
            "Register them first: braid-db functions register."
        )
    return ids


def _prove(workers: Workers, *, create: bool) -> None:
    """Refuse workers that cannot record, by running them."""
    from importlib.metadata import version

    from braid_db.compute.endpoint.errors import EndpointChoiceInvalid, WorkersUnfit
    from braid_db.errors import DatabaseUnreachable

    found = workers.versions()
    ours = version("braid-db")
    if found.braid_db != ours:
        problem = f"has braid-db {found.braid_db}, and here is {ours}"
        raise WorkersUnfit(workers.python, problem, "Install the same version there.")
    if found.agent is None:
        problem = "has no agent beside it, and workers are started by an agent of their Python"
        raise WorkersUnfit(
            workers.python, problem, "Install it there: pip install 'braid-db[endpoint]'."
        )
    seen = workers.database(create=create)
    error = seen.error
    # Where nothing is to be made, there may be none yet.
    if error is not None and not create and seen.code == DatabaseUnreachable.code:
        error = workers.keeps_from_making()
    if error is not None:
        raise EndpointChoiceInvalid(f"The workers cannot use the database: {error}")


def _show(endpoint: EndpointFolder, changes: list[FileChange], *, dry_run: bool, form: str) -> None:
    from braid_db.cli.agent import how_to_start
    from braid_db.compute.endpoint.configuring import lacks_address

    if form == "json":
        as_json.say_json(
            {
                "name": endpoint.name,
                "folder": str(endpoint.path),
                "endpoint_id": endpoint.endpoint_id,
                "changed": [] if dry_run else [change.path.name for change in changes],
                "diff": [line for change in changes for line in change.diff()],
            }
        )
        return
    for change in changes:
        is_new = change.before is None
        text.say([f"New: {change.path}"] if is_new else map(text.visible, change.diff()))
    if not changes:
        text.say([f"Nothing to change: the endpoint {endpoint.name} is as it should be."])
    elif dry_run:
        text.note("Nothing was changed.")
    else:
        if lacks_address(endpoint):
            address = f"braid-db endpoint configure {endpoint.name} --email ADDRESS"
            text.note(f"Root's agent needs an address that Globus can write to, first: {address}")
        text.note(how_to_start(endpoint))
