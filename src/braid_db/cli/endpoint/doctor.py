"""``braid-db endpoint doctor``: whether an endpoint is as it should be, and what to do."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from braid_db.cli import as_json, text
from braid_db.cli.endpoint.options import name_argument
from braid_db.cli.options import CONTEXT, format_option
from braid_db.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from braid_db.compute.endpoint.checks import Examined
    from braid_db.compute.endpoint.verdicts import Check


@click.command(context_settings=CONTEXT)
@name_argument
@click.option(
    "--round-trip",
    is_flag=True,
    help="Register the functions, record a step through the endpoint, and ask for it.",
)
@click.option(
    "--limit",
    "limit_s",
    type=click.FloatRange(min=1),
    default=120,
    show_default=True,
    help="How long a call may take on the round trip, in seconds.",
)
@format_option
def doctor(name: str, round_trip: bool, limit_s: float, form: str) -> None:
    """Check the endpoint NAME: one line for each check, with what to do.

    Exits with 0 if all is as it should be, else with 1.
    """
    from importlib.metadata import version

    from braid_db.cli.functions.choosing import chosen_functions
    from braid_db.compute.endpoint.checks import Examined, attempted, examine
    from braid_db.compute.endpoint.folder import EndpointFolder
    from braid_db.compute.endpoint.verdicts import Verdict
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService

    examined = Examined(
        EndpointFolder.named(name),
        version("braid-db"),
        ComputeService(),
        Registrations(),
        chosen_functions((), ()),
    )
    checks = []
    with progress(f"Examining the endpoint {name}") as tell:
        unregistered: list[Check] = []
        if round_trip:
            tell("registering functions")
            unregistered += attempted("round trip", lambda: _register(examined))
        for check in examine(examined):
            tell(check.name)
            checks.append(check)
        if round_trip:
            tell("round trip")
            trip = attempted("round trip", lambda: _round_trip(examined, limit_s))
            checks += unregistered or trip
    _show(checks, form)
    sys.exit(1 if any(check.verdict is Verdict.BAD for check in checks) else 0)


def _register(examined: Examined) -> Sequence[Check]:
    """Register what the round trip needs; there is nothing to be said of it."""
    from braid_db.compute.registering import register_missing

    register_missing(examined.service, examined.registrations, examined.functions)
    return ()


def _round_trip(examined: Examined, limit_s: float) -> Iterator[Check]:
    from braid_db.compute.endpoint.checks import where_it_is_told
    from braid_db.compute.endpoint.errors import RoundTripFailed
    from braid_db.compute.endpoint.round_trip import go_round
    from braid_db.compute.endpoint.verdicts import Check, Verdict
    from braid_db.compute.errors import TaskTimeout
    from braid_db.compute.remote import RemoteTasks

    endpoint_id = examined.endpoint.endpoint_id
    if endpoint_id is None:
        yield Check("round trip", Verdict.BAD, "the endpoint has no id yet", "Start it first.")
        return
    ids = {name: one.function_id for name, one in examined.registered().items()}
    try:
        with RemoteTasks(examined.service) as tasks:
            made = go_round(tasks, endpoint_id, ids, limit_s)
    except TaskTimeout:
        found = f"no answer within {limit_s:g} s, the --limit"
        yield Check("round trip", Verdict.BAD, found, where_it_is_told(examined))
    except RoundTripFailed as error:
        found = f"failed: {error.problem}"
        yield Check("round trip", Verdict.BAD, found, where_it_is_told(examined))
    else:
        found = f"record {made.record_id} in database {made.database}"
        yield Check("round trip", Verdict.GOOD, found)


def _show(checks: list[Check], form: str) -> None:
    if form == "json":
        as_json.say_json([asdict(check) for check in checks])
        return
    rows = [
        (check.verdict.value, check.name, text.visible(check.found), text.visible(check.advice))
        for check in checks
    ]
    text.say_table(("", "check", "found", "what to do"), rows)
