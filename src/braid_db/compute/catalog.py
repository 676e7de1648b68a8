"""Which functions a local run knows by which id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from braid_db.compute import sources
from braid_db.compute.errors import FunctionSourceInvalid, FunctionUnknown
from braid_db.compute.sources import FunctionSource

BESIDE_A_FLOW = "compute.py"


@dataclass(frozen=True)
class _Entry:
    """Where a function stands: a file of its own, or a module of several."""

    path: Path
    is_module: bool


class FunctionCatalog:
    """The functions of a run by name: the suite's, one file each, and those of modules.

    A module is a Python file, such as the ``compute.py`` beside a flow's definition, whose
    top-level functions are each sent alone.

    :param folder: the folder of the suite's functions.
    :param modules: files of functions.
    :raises FunctionSourceInvalid: if a name is found twice, or a module is no Python.
    """

    def __init__(self, folder: Path, modules: Iterable[Path] = ()) -> None:
        self._entries: dict[str, _Entry] = {}
        self._loaded: dict[str, FunctionSource] = {}
        for path in sorted(folder.glob("[!_]*.py")):
            self._add(path.stem, _Entry(path, is_module=False))
        for path in dict.fromkeys(each.resolve() for each in modules):
            for name in sources.public_functions(sources.read_text(path), str(path)):
                self._add(name, _Entry(path, is_module=True))

    @cached_property
    def names(self) -> list[str]:
        """Every function's name, sorted."""
        return sorted(self._entries)

    def get(self, function_id: object) -> FunctionSource:
        """Return the function that a flow names.

        :raises FunctionUnknown: if there is none of this name.
        :raises FunctionSourceInvalid: if it could not run from its text.
        """
        entry = self._entries.get(function_id) if isinstance(function_id, str) else None
        if entry is None or not isinstance(function_id, str):
            advice = (
                "Name one of these, put it into a compute.py beside the flow's definition, or "
                "give its file with --functions."
            )
            raise FunctionUnknown(function_id, self.names, advice)
        if function_id not in self._loaded:
            self._loaded[function_id] = _read(function_id, entry)
        return self._loaded[function_id]

    def _add(self, name: str, entry: _Entry) -> None:
        other = self._entries.setdefault(name, entry)
        if other is not entry:
            raise FunctionSourceInvalid(
                f"The function '{name}' is defined twice, in {other.path} and in {entry.path}, so "
                f"that a flow's function id could mean either; rename one of them."
            )


def _read(name: str, entry: _Entry) -> FunctionSource:
    if entry.is_module:
        return sources.definition_alone(name, sources.read_text(entry.path))
    return sources.read_file(entry.path)
