"""How functions and their registrations are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from braid_db.cli import as_json, text

if TYPE_CHECKING:
    from braid_db.compute.registering import Compared


def say_compared(compared: Sequence[Compared], form: str) -> None:
    """Show functions with their newest registrations."""
    if form == "json":
        as_json.say_json([_json(one) for one in compared])
        return
    text.say_table(
        ("function", "id", "registered (UTC)", "state"), [_cells(one) for one in compared]
    )


def _json(one: Compared) -> dict[str, object]:
    known = asdict(one.registration) if one.registration else {"function_id": None}
    return {"name": one.name, "state": one.state, **known}


def _cells(one: Compared) -> tuple[str, ...]:
    known = one.registration
    if known is None:
        return one.name, "", "", one.state
    return one.name, known.function_id, text.minute(known.registered_at), one.state
