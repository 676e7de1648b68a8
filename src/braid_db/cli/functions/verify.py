"""``braid-db functions verify``: whether Globus Compute runs what stands in the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from braid_db.cli.functions.choosing import choosing_functions, chosen_functions
from braid_db.cli.functions.comparing import say_compared
from braid_db.cli.options import CONTEXT, format_option


@click.command(context_settings=CONTEXT)
@choosing_functions
@format_option
def verify(names: tuple[str, ...], modules: tuple[Path, ...], form: str) -> None:
    """Ask Globus Compute whether the functions NAME, by default all, are registered as they are.

    Exits with 1 where one is not; 'braid-db functions register' then registers it.
    """
    from braid_db.compute.registering import State, compare_functions
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService

    functions = chosen_functions(names, modules)
    compared = compare_functions(ComputeService(), Registrations(), functions, asking=True)
    say_compared(compared, form)
    sys.exit(0 if all(one.state is State.CURRENT for one in compared) else 1)
