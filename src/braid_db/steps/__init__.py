"""From a flow's JSON to a use case and back: what the remote functions call.

A function's module is imported when it is asked for: a worker calls one or two of them, and
starts sooner without the others.
"""

from __future__ import annotations

import gc
from importlib import import_module
from types import ModuleType
from typing import Any

_MODULES = {
    "add_record_for_action_step": "action_step",
    "add_records": "records",
    "add_transfer_request": "transfer_task",
    "create_invalidation_action": "invalidation",
    "add_invalidation_action_to_record": "invalidation",
    "check_records": "recall",
    "record_flow_run": "flow_run",
    "invalidate_record": "recall",
}


def __getattr__(name: str) -> Any:
    """Return a function, out of the module that it stands in."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function = getattr(_imported(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = function
    return function


def _imported(module: str) -> ModuleType:
    """Import a module without looking for garbage meanwhile, nor ever again in what it brought.

    Collections would walk all of SQLAlchemy, in the middle of the import and at the process's
    end, and find nothing: a fifth of the time in which a new process records its first step.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        imported = import_module(module)
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
    return imported
