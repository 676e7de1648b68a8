"""Objects as texts, and as small tables in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from braid_db.errors import shown
from braid_db.views import RecordView

if TYPE_CHECKING:
    from braid_db.api.writing import Pin

_MOST = 20
"""How many URIs and tags a table shows."""
_LONGEST = 200


def text_of(class_name: str, pin: Pin | None, name: str, as_of: datetime | None) -> str:
    """Return an object as one line, without a look into the database."""
    where = "not stored" if pin is None else f"record {pin.record_id}, version {pin.version}"
    when = "" if as_of is None else f", as of {as_of:%Y-%m-%d %H:%M:%S} UTC"
    return f"<{class_name} {shown(name)}: {where}{when}>"


def html_of(class_name: str, name: str, view: RecordView | None) -> str:
    """Return an object as a table; all that a database holds is escaped.

    :param view: what is known of it; None for a record that is not stored.
    """
    rows = [("name", name), ("stored", "no")] if view is None else _rows(view)
    return table([(class_name, ""), *rows])


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return rows of a name and a value as a table."""
    lines = "".join(
        f'<tr><th style="text-align:left">{_cell(name)}</th>'
        f'<td style="text-align:left">{_cell(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{lines}</table>"


def _rows(view: RecordView) -> list[tuple[str, str]]:
    version = f"{view.version} of {view.versions}"
    told = [
        ("record", str(view.record_id)),
        ("version", version),
        ("kind", view.kind.value),
        ("name", view.name),
        ("valid", "yes" if view.valid else "no: recalled"),
        ("recorded", view.created_at),
    ]
    told += [("sha256", view.sha256)] if view.sha256 else []
    told += [("uri", uri) for uri in view.uris[:_MOST]]
    told += [(f"tag {key}", str(value)) for key, value in list(view.tags.items())[:_MOST]]
    more = max(0, len(view.uris) - _MOST) + max(0, len(view.tags) - _MOST)
    return told + ([("", f"and {more} more")] if more else [])


def _cell(text: str) -> str:
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
