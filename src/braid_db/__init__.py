"""Braid-DB: provenance for Globus Flows.

The names of the Python API are imported when they are asked for: what only records never is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from braid_db.api.actions import InvalidationAction, InvalidationActionType
    from braid_db.api.database import BraidDB
    from braid_db.api.models import APIBraidRecordInput, APIBraidRecordOutput
    from braid_db.api.naming import digits
    from braid_db.api.record import BraidData, BraidFact, BraidModel, BraidRecord, BraidStatement
    from braid_db.api.session import Session
    from braid_db.api.tags import BraidTagType, BraidTagValue
    from braid_db.views import StateFile

__all__ = [
    "APIBraidRecordInput",
    "APIBraidRecordOutput",
    "BraidDB",
    "BraidData",
    "BraidFact",
    "BraidModel",
    "BraidRecord",
    "BraidStatement",
    "BraidTagType",
    "BraidTagValue",
    "InvalidationAction",
    "InvalidationActionType",
    "Session",
    "StateFile",
    "digits",
]

_MODULES = {
    "APIBraidRecordInput": "api.models",
    "APIBraidRecordOutput": "api.models",
    "BraidDB": "api.database",
    "BraidTagType": "api.tags",
    "BraidTagValue": "api.tags",
    "InvalidationAction": "api.actions",
    "InvalidationActionType": "api.actions",
    "Session": "api.session",
    "StateFile": "views",
    "digits": "api.naming",
}


def __getattr__(name: str) -> Any:
    """Return a name of the Python API, out of the module that it stands in."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'api.record')}")
    return getattr(module, name)
