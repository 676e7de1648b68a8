"""Which room of the package may import which: the rows of the house style, read from top to bottom.

A module imports from its own row and from the rows above it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "braid_db"

ROWS = [
    {
        "errors",
        "model",
        "conditions",
        "lines",
        "views",
        "settings",
        "resources",
        "identity",
        "times",
        "uuid7",
    },
    {"store"},
    {"records", "recall"},
    {"steps"},
    {"flows", "compute", "exchange", "hpc"},
    {"cli", "web", "api"},
    {"__main__"},
]

# Two neighbours know provenance steps only as functions that they run.
STRANGERS = {
    "flows": {"store", "records", "recall", "steps"},
    "compute": {"store", "records", "recall", "steps"},
}

# Libraries that only one room knows.
KEPT_BY = {"sqlalchemy": "store", "alembic": "store", "psycopg": "store", "sqlite3": "store"}


@dataclass(frozen=True)
class Import:
    """One import statement: which file and line imports which module, by its whole name."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(file: Path) -> Iterator[Import]:
    """Return every import of a file, wherever in it and for whatever purpose."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                yield Import(file, node.lineno, f"{origin}.{alias.name}")


def wrong_imports(package: Path) -> list[str]:
    """Return a sentence for each import in a package's folder that breaks the rows."""
    return [
        f"{found}, {reason}"
        for file in sorted(package.rglob("*.py"))
        for found in imports_of(file)
        if (reason := _objection(_room(file.relative_to(package)), found.module))
    ]


def rooms_without_a_row(package: Path) -> set[str]:
    """Return the modules and folders of a package that stand in no row."""
    found = {_room(file.relative_to(package)) for file in package.rglob("*.py")}
    return found - set().union(*ROWS) - {"__init__"}


def _room(path: Path) -> str:
    return Path(path.parts[0]).stem


def _objection(room: str, module: str) -> str | None:
    library, *rest = module.split(".")
    if library == "":
        return "but an import names its module from the top"
    keeper = KEPT_BY.get(library)
    if keeper not in (None, room):
        return f"which is {keeper}'s alone"
    if library != PACKAGE or not rest:
        return None
    target = rest[0]
    if target in STRANGERS.get(room, set()):
        return f"of which {room} knows nothing"
    if room != "__init__" and _row(target) > _row(room):
        return f"which stands below {room}"
    return None


def _row(room: str) -> int:
    return next((number for number, row in enumerate(ROWS) if room in row), -1)
