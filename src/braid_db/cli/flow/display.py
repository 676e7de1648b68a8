"""How a run looks on a terminal while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from braid_db.cli.text import visible
from braid_db.flows.events import Event

_MARKS = {"Completed": "[green]done[/]", "Failed": "[red]failed[/]"}


class FlowDisplay:
    """The current state with its time, below a line for each state that is over."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._task = self._progress.add_task("", total=None)
        self._started_at = datetime.now(UTC)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to somebody else for a while."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def on_event(self, event: Event) -> None:
        """Show what a run tells, also long after it happened."""
        if "state_type" not in event.details:
            return
        name, what = visible(str(event.details.get("state_name"))), event.what
        if what == "Started":
            self._started_at = event.time
            self._progress.reset(self._task, description=escape(name))
            age_s = (datetime.now(UTC) - event.time).total_seconds()
            task = self._progress.tasks[self._task]
            task.start_time = self._progress.get_time() - max(0.0, age_s)
        elif what in _MARKS:
            elapsed_s = max(0.0, (event.time - self._started_at).total_seconds())
            self._console.print(f"{_MARKS[what]} {escape(name)} {elapsed_s:.1f} s", highlight=False)

    def on_output(self, line: str) -> None:
        """Pass on a line that a function printed."""
        self._console.print(line, markup=False, highlight=False)
