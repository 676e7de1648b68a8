"""``braid-db functions list``: the functions, and under which ids they are registered."""

from __future__ import annotations

from pathlib import Path

import click

from braid_db.cli.functions.choosing import choosing_functions, chosen_functions
from braid_db.cli.functions.comparing import say_compared
from braid_db.cli.options import CONTEXT, format_option


@click.command("list", context_settings=CONTEXT)
@choosing_functions
@format_option
def list_command(names: tuple[str, ...], modules: tuple[Path, ...], form: str) -> None:
    """List the functions NAME, by default all, with the ids of their newest registrations."""
    from braid_db.compute.registering import compare_functions
    from braid_db.compute.registrations import Registrations
    from braid_db.compute.service import ComputeService

    functions = chosen_functions(names, modules)
    say_compared(
        compare_functions(ComputeService(), Registrations(), functions, asking=False), form
    )
