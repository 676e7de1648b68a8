"""Where the folders lie that Braid-DB is shipped with: functions, endpoint_config and flows."""

from __future__ import annotations

from pathlib import Path

from braid_db.errors import ResourceNotFound

FOLDERS = ("functions", "endpoint_config", "flows")

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return a shipped folder: the copy in an installed package, or the one of the checkout.

    :param name: one of ``functions``, ``endpoint_config`` and ``flows``.
    :raises ResourceNotFound: if it is in neither place.
    """
    candidates = [_PACKAGE / "_data" / name, *_in_checkout(name)]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise ResourceNotFound(name, " and ".join(str(candidate) for candidate in candidates))


def functions_folder() -> Path:
    """Return the folder of the remote functions, one file each."""
    return folder("functions")


def endpoint_config_folder() -> Path:
    """Return the folder of the templates for an endpoint that owns a provenance database."""
    return folder("endpoint_config")


def flows_folder() -> Path:
    """Return the folder of the flow definitions, one folder per use case."""
    return folder("flows")


def _in_checkout(name: str) -> list[Path]:
    # An editable install has no copy. The checkout is known by its build file, so that a folder
    # which only happens to be called "flows" above site-packages is never taken for ours.
    return [
        parent / name
        for parent in _PACKAGE.parents
        if (parent / "pyproject.toml").is_file() and (parent / "src" / "braid_db").is_dir()
    ][:1]
