"""``braid-db flow run``: runs a flow on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from braid_db.cli.errors import INTERRUPTED
from braid_db.cli.files import KEPT_FILE, READ_FILE, WRITTEN_FILE
from braid_db.cli.flow import equipment
from braid_db.cli.flow.asking import asker
from braid_db.cli.flow.equipment import Pairs, pairs_of
from braid_db.cli.options import CONTEXT, format_option, needed_text_of
from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from braid_db.flows.events import Event, Listener
    from braid_db.flows.point import RunPoint
    from braid_db.flows.runner import FlowRun, RunSetup

Quietly = Callable[[], AbstractContextManager[None]]

_HELP = """Run the flow DEFINITION here, its compute functions in local worker processes.

A function id in the input is a function's name: one of Braid-DB's own, or a function of the
compute.py beside DEFINITION. Where the input of an instrumented flow does not say what is
to record it, Braid-DB's functions of here do.

With --compute globus the functions run on endpoints of Globus Compute instead: the input
names endpoints and functions by their UUIDs, as 'braid-db functions register --write' writes
them; which database is recorded into, the endpoint decides.

A run that was interrupted, killed or has failed goes on at that state by --resume, with the
other options as they were given first; what it had recorded, it does not record again. So
does an instrumented flow: at the action that failed, not where its failure was recorded.

Not as in the service:

\b
- Nobody logs in: RunAs and scopes are checked for their form, and all
  actions are one user's; consents, roles and who may answer a web input
  mean nothing.
- The tasks of a compute action run one after the other, in the current
  folder; one that exceeds its state's WaitTime is killed, and so is a
  transfer.
- Transfers are done between folders, at once: a fault is not tried again
  for days, symbolic links in folders are passed over, and filters are
  refused.
- What else an action calls is not run; a stub answers for it.
- A status document's action_id is a UUID made of run, state and execution;
  actions are not polled, so that nothing waits for the next poll.
- A run state of more than 200,000 bytes ends the run, a path that leads
  nowhere too.
- A run ends with its first error, and is never INACTIVE.
- The log's first entry also says of which run it is, for 'flow reconcile'.
"""


@click.command(context_settings=CONTEXT, help=_HELP)
@click.argument("definition", type=READ_FILE, required=False)
@click.option("--input", "-i", "input_file", type=READ_FILE, help="The run's input: a JSON object.")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Replace a value of the input. KEY may be dotted; VALUE is JSON, or a text.",
)
@click.option("--run-id", help="The run's id; a new one by default.")
@click.option(
    "--functions",
    type=READ_FILE,
    multiple=True,
    help="A file of compute functions, beside the compute.py next to DEFINITION.",
)
@click.option(
    "--worker-python",
    show_default="this one",
    help="The Python interpreter that runs the functions.",
)
@click.option(
    "--db",
    metavar="URL_OR_PATH",
    callback=needed_text_of,
    help="The provenance database: their BRAID_DB_URL.",
)
@click.option(
    "--compute",
    type=click.Choice(["local", "globus"]),
    default="local",
    show_default=True,
    help="Where compute functions run: here, or on the endpoints that the input names.",
)
@click.option(
    "--collection",
    "collections",
    metavar="UUID=FOLDER",
    multiple=True,
    callback=pairs_of,
    help="A folder that stands in for a collection: Transfer is run between such folders.",
)
@click.option(
    "--stub",
    "stubs",
    metavar="STATE=FILE",
    multiple=True,
    callback=pairs_of,
    help="Let a JSON file answer for a state's action: a status document, the details of one that "
    "succeeded, or a list of these, one for each time.",
)
@click.option(
    "--answer",
    "answers",
    metavar="STATE=VALUE",
    multiple=True,
    callback=pairs_of,
    help="Answer what an AwaitWebInput state awaits. VALUE is the answer, empty for nobody in "
    "time, or the name of a .json file of one or a list of them.",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How much of its time a Wait state waits; 0 does not wait.",
)
@click.option(
    "--log", "log_file", type=WRITTEN_FILE, help="Write the run's log, as the service keeps it."
)
@click.option(
    "--state",
    "state_file",
    type=KEPT_FILE,
    help="Keep the run here after each state. If it holds a run of the same --run-id, go on.",
)
@click.option(
    "--resume", "resume_file", type=KEPT_FILE, help="Go on with the run that --state has kept here."
)
@format_option
def run(
    definition: Path | None,
    input_file: Path | None,
    settings: tuple[str, ...],
    run_id: str | None,
    functions: tuple[Path, ...],
    worker_python: str | None,
    db: str | None,
    compute: str,
    collections: Pairs,
    stubs: Pairs,
    answers: Pairs,
    time_scale: float,
    log_file: Path | None,
    state_file: Path | None,
    resume_file: Path | None,
    form: str,
) -> None:
    """Run a flow on local workers or on endpoints, and show its state."""
    if (definition is None) == (resume_file is None):
        raise click.UsageError("Give a DEFINITION to run, or --resume FILE to go on with a run.")
    if compute == "globus":
        _refuse({"--functions": functions, "--worker-python": worker_python, "--db": db})
    kept_in = resume_file or state_file
    with _interruptible(kept_in), _progress() as (on_event, on_output, quietly):
        from braid_db.cli.flow.unrecorded import Unrecorded
        from braid_db.compute.local_run import LocalRunOptions, continue_locally
        from braid_db.compute.remote_run import continue_on_globus

        with ExitStack() as open_files:
            point, resumed = _start(definition, input_file, settings, run_id, kept_in)
            unrecorded = Unrecorded(
                point.definition, _logged(log_file, resumed, on_event, open_files)
            )
            setup = replace(
                _setup(collections, stubs, answers, time_scale, quietly),
                on_event=unrecorded.on_event,
                keep=_keeper(kept_in),
            )
            if compute == "globus":
                result = continue_on_globus(point, setup, resumed=resumed)
            else:
                python = worker_python or sys.executable
                options = LocalRunOptions(python, functions, db, on_output)
                result = continue_locally(point, setup, options, resumed=resumed)
    _show(result, form)
    unrecorded.tell()
    sys.exit(0 if result.succeeded else 1)


def _refuse(of_workers_here: dict[str, object]) -> None:
    """Refuse the options that mean nothing to functions on endpoints."""
    given = [option for option, value in of_workers_here.items() if value]
    if given:
        raise click.UsageError(
            f"{' and '.join(given)}: only for functions that run here. With --compute globus "
            f"'braid-db functions register' knows the functions, and the endpoint has a Python and "
            f"a database of its own: leave it out."
        )


def _start(
    definition: Path | None,
    input_file: Path | None,
    settings: tuple[str, ...],
    run_id: str | None,
    kept_in: Path | None,
) -> tuple[RunPoint, bool]:
    """Return where the run stands, and whether it was interrupted there."""
    from braid_db.flows.errors import SavedRunUnusable
    from braid_db.flows.point import load, start_of
    from braid_db.flows.run_input import read_definition, read_input

    if kept_in is not None and (definition is None or kept_in.exists()):
        kept = load(kept_in)
        if run_id != kept.run_id and (definition is not None or run_id is not None):
            raise SavedRunUnusable(
                kept_in, f"holds run {kept.run_id}; name another, or go on with it by --resume"
            )
        if definition is not None and read_definition(definition) != kept.definition:
            raise SavedRunUnusable(kept_in, "holds a run of another definition; name another")
        return kept, True
    assert definition is not None  # of the two, one is given
    given = read_input(input_file, settings)
    return start_of(read_definition(definition), given, run_id=run_id, source=definition), False


def _setup(
    collections: Pairs,
    stubs: Pairs,
    answers: Pairs,
    time_scale: float,
    quietly: Quietly | None,
) -> RunSetup:
    from braid_db.flows.runner import RunSetup
    from braid_db.flows.web_input import People

    sleep = equipment.scaled_sleep(time_scale)
    ask = asker(quietly) if quietly is not None and sys.stdin.isatty() else None
    people = People(equipment.answers(answers), ask)
    return RunSetup(
        actions=equipment.providers(collections, sleep),
        stubs=equipment.stubs(stubs),
        people=people,
        sleep=sleep,
    )


def _keeper(path: Path | None) -> Callable[[RunPoint], None]:
    from braid_db.flows.point import keep_nothing, save

    return keep_nothing if path is None else lambda point: save(point, path)


def _logged(
    path: Path | None, resumed: bool, on_event: Listener, open_files: ExitStack
) -> Listener:
    """Return who is told the run's events: the terminal, and a log if one is to be written."""
    if path is None:
        return on_event
    from braid_db.flows.log_file import LogFile

    log = open_files.enter_context(LogFile(path, goes_on=resumed))

    def tell(event: Event) -> None:
        log.on_event(event)
        on_event(event)

    return tell


def _show(result: FlowRun, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(_as_json(result), indent=2))
    else:
        click.echo(f"Run {result.run_id} {result.status}")
        click.echo(json.dumps(result.visible_state, indent=2))
    if not result.succeeded:
        note(visible(_failure(result)))


def _as_json(result: FlowRun) -> dict[str, object]:
    return {
        "run_id": result.run_id,
        "flow_id": result.flow_id,
        "status": result.status,
        "state": result.visible_state,
        "failed_state": result.failed_state,
        "error": result.error,
        "cause": result.explanation,
    }


def _failure(result: FlowRun) -> str:
    cause = " ".join((result.explanation or "").split())
    return f"The run failed in state {result.failed_state}: {result.error}: {cause}"


@contextmanager
def _interruptible(kept_in: Path | None) -> Iterator[None]:
    """Turn Ctrl-C into one line and the exit code that shells expect of it."""
    try:
        yield
    except KeyboardInterrupt:
        note("Interrupted; the run's workers were ended.")
        if kept_in is not None:
            note(f"Go on with 'braid-db flow run --resume {kept_in}'.")
        sys.exit(INTERRUPTED)


@contextmanager
def _progress() -> Iterator[tuple[Listener, Callable[[str], None], Quietly | None]]:
    """Give a listener for the run's events, one for what its functions print, and a pause.

    On a terminal the current state is shown while it goes on, but for a pause to ask something;
    elsewhere only what the functions print is passed on.
    """
    if not sys.stderr.isatty():
        yield _silent, note, None
        return
    from braid_db.cli.flow.display import FlowDisplay

    with FlowDisplay() as display:
        yield display.on_event, display.on_output, display.paused


def _silent(event: Event) -> None:
    """Show nothing of the run's events."""
