"""Which functions are meant on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from braid_db.cli.files import READ_FILE

if TYPE_CHECKING:
    from braid_db.compute.sources import FunctionSource

F = TypeVar("F", bound=Callable[..., Any])


def choosing_functions(command: F) -> F:
    """Give a command the argument and the option that choose functions."""
    names = click.argument("names", metavar="[NAME]...", nargs=-1)
    modules = click.option(
        "--functions",
        "modules",
        type=READ_FILE,
        multiple=True,
        help="A file with more functions, such as the compute.py of a flow.",
    )
    return names(modules(command))


def chosen_functions(names: tuple[str, ...], modules: tuple[Path, ...]) -> list[FunctionSource]:
    """Return the functions of these names; all where none is named."""
    from braid_db import resources
    from braid_db.compute.catalog import FunctionCatalog

    catalog = FunctionCatalog(resources.functions_folder(), modules)
    return [catalog.get(name) for name in names or catalog.names]
