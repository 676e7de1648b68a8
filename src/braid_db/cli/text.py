"""Answers for people: lines and tables, on a terminal or in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from braid_db.lines import FEW as FEW
from braid_db.lines import aligned as aligned
from braid_db.lines import counted as counted
from braid_db.lines import minute as minute
from braid_db.lines import tag_text as tag_text
from braid_db.lines import visible as visible
from braid_db.views import Page, RecordPage, RecordView, StateFile

if TYPE_CHECKING:
    from braid_db.recall.views import InvalidInput

SUMMARY = ("record", "kind", "valid", "recorded (UTC)", "name", "uri")
"""The headings above the cells that stand for a record."""

_LONG = (
    *("name", "uri", "run", "flow", "started by", "by", "reason", "framework", "tags", "sha256"),
    *("cause", "command", "output", "here"),
)
_INVALID = "INVALID"


def say(lines: Iterable[str]) -> None:
    """Write lines to stdout, all at once."""
    click.echo("".join(f"{line}\n" for line in lines), nl=False)


def note(text: str) -> None:
    """Write to stderr what is not part of the answer."""
    click.echo(text, err=True)


def note_hidden(page: Page[Any], what: str) -> None:
    """Say how much of a list is not shown, or that it is empty."""
    if not page.total:
        note(f"No {what}.")
    elif page.hidden:
        shown = f"{len(page.items):,} of {page.total:,} {what} shown"
        note(f"{shown}; --limit 0 shows all.")


def note_next(page: RecordPage) -> None:
    """Say how to see the next page of records, or that there are none."""
    if not page.items:
        note("No records.")
    elif page.next is not None:
        note(f"{len(page.items):,} records shown, and there are more: --after {page.next}")


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table; on a terminal it is fitted to the window, elsewhere nothing is cut.

    :param rows: the cells, with nothing in them that could steer a terminal.
    """
    if sys.stdout.isatty():
        _say_rich_table(headings, rows)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    say(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    )


def _say_rich_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading not in _LONG)
    for row in rows:
        table.add_row(*(Text(cell, style="bold red" if cell == _INVALID else "") for cell in row))
    Console(highlight=False).print(table)


def summary(record: RecordView) -> tuple[str, ...]:
    """Return the cells that stand for a record in a table."""
    more = f" (+{len(record.uris) - 1})" if len(record.uris) > 1 else ""
    version = f" v{record.version}" if record.versions > 1 else ""
    return (
        f"{record.record_id}{version}",
        record.kind.value,
        valid(record.valid),
        minute(record.created_at),
        visible(record.name),
        visible(record.uris[0]) + more if record.uris else "",
    )


def valid(is_valid: bool) -> str:
    """Return whether something is valid, as tables show it."""
    return "yes" if is_valid else _INVALID


def describe(record: RecordView, files: Iterable[StateFile] = ()) -> list[str]:
    """Return all that is known of one version of a record, a line each.

    :param files: those that hold it, where it is the state of a model.
    """
    several = f" of {record.versions}" if record.versions > 1 else ""
    size = None if record.size_bytes is None else f"{record.size_bytes:,} bytes"
    by = f" by {record.created_by}" if record.created_by else ""
    rows: list[tuple[str, str | None]] = [
        ("record", f"{record.record_id}, version {record.version}{several}"),
        ("name", record.name),
        ("kind", record.kind.value),
        ("valid", "yes" if record.valid else "NO: it was recalled, or came from what was"),
        *(("uri", uri) for uri in record.uris),
        *(("state file", str(file)) for file in files),
        *((f"tag {key}", tag_text(value)) for key, value in record.tags.items()),
        ("sha256", record.sha256),
        ("size", size),
        ("run", record.run_id),
        ("started", record.started_at),
        ("ended", record.ended_at),
        ("recorded", f"{record.created_at}{by}"),
        ("uid", record.uid),
    ]
    return aligned(rows)


def reasons(causes: Iterable[InvalidInput]) -> list[str]:
    """Return why what stands above is invalid, a line for each recall; nothing if it is valid."""
    found: dict[int, list[InvalidInput]] = {}
    for cause in causes:
        found.setdefault(cause["recall_id"], []).append(cause)
    lines = []
    for recall_id, reached in sorted(found.items()):
        names = [f"{one['record_id']}@{one['version']}" for one in reached[:FEW]]
        more = f" and {len(reached) - FEW:,} more" if len(reached) > FEW else ""
        said = visible(reached[0]["cause"])
        lines.append(f"recall {recall_id} reaches {', '.join(names)}{more}: {said}")
    return ["", *lines] if lines else []
