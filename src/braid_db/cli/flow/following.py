"""How ``flow start`` and ``flow watch`` follow a run of the service, and tell its end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import click

from braid_db.cli.as_json import say_json
from braid_db.cli.errors import INTERRUPTED
from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from braid_db.flows.events import Event, Listener
    from braid_db.flows.service import FlowsService
    from braid_db.flows.watching import WatchedRun

_LONGEST_CAUSE = 1000
_WORDS = {"Started": "started", "Completed": "done", "Failed": "failed"}


def follow(service: FlowsService, run_id: str, form: str) -> NoReturn:
    """Show a run until it ends, tell its end, and exit by it: with 0 where it succeeded."""
    from braid_db.flows.watching import Watcher, watch

    try:
        with _shown() as (on_event, tell):
            trouble = _Trouble(tell)
            run = watch(service, run_id, Watcher(on_event, trouble.tell))
    except KeyboardInterrupt:
        note(f"The run goes on. See to it again by 'braid-db flow watch {run_id}'.")
        sys.exit(INTERRUPTED)
    _show(run, form)
    sys.exit(0 if run.succeeded else 1)


class _Trouble:
    """Tells once what is said again and again."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._told = tell, ""

    def tell(self, sentence: str) -> None:
        """Say why nothing is known of the run at the moment."""
        if sentence != self._told:
            self._told = sentence
            self._tell(f"{sentence} It is asked again.")


def run_json(run: WatchedRun) -> dict[str, Any]:
    """Return a run as JSON shows it."""
    return asdict(run)


@contextmanager
def _shown() -> Iterator[tuple[Listener, Callable[[str], None]]]:
    """Give a listener that shows a run: its states on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield _line, lambda told: note(visible(told))
        return
    from braid_db.cli.flow.display import FlowDisplay

    with FlowDisplay() as display:
        yield display.on_event, lambda told: display.on_output(visible(told))


def _line(event: Event) -> None:
    """Write a line for a state that began, was done or failed."""
    word = _WORDS.get(event.what) if "state_type" in event.details else None
    if word is not None:
        name = visible(str(event.details.get("state_name")))
        note(f"{event.time:%Y-%m-%d %H:%M:%S} {name} {word}")


def _show(run: WatchedRun, form: str) -> None:
    if form == "json":
        say_json(run_json(run))
    else:
        click.echo(f"Run {run.run_id} {visible(run.status)}")
    if not run.succeeded:
        where = f" in state {run.failed_state}" if run.failed_state else ""
        note(visible(f"The run failed{where}: {run.error}: {_text(run.cause)}"))


def _text(cause: Any) -> str:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    return " ".join(text.split())[:_LONGEST_CAUSE]
