"""``braid-db flow check``: says what is wrong with definitions before they live."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from braid_db.cli.files import READ_FILE
from braid_db.cli.flow.writing import as_text
from braid_db.cli.options import CONTEXT, format_option
from braid_db.cli.text import note, visible

if TYPE_CHECKING:
    from braid_db.flows.checking.files import Checked


@click.command(context_settings=CONTEXT)
@click.argument("definitions", metavar="DEFINITION...", type=READ_FILE, nargs=-1, required=True)
@click.option("--input-schema", type=READ_FILE, help="The JSON Schema of the flow's input.")
@click.option("--input", "-i", "run_input", type=READ_FILE, help="A sample of the flow's input.")
@format_option
def check(
    definitions: tuple[Path, ...], input_schema: Path | None, run_input: Path | None, form: str
) -> None:
    """Say what the service would refuse of each DEFINITION, and what would go wrong in a run.

    An error is refused by the service, or fails every run that comes there; a warning may be
    meant, or goes wrong on some way through the flow. Exit code 1 says that there are errors.

    What a state reads is looked for on every way that leads to it. Without --input-schema or
    --input, a run's input is taken to hold whatever no action, web input or Catch of the flow
    writes. Nothing of this is looked at where the definition's form is wrong already.
    """
    if len(definitions) > 1 and (input_schema or run_input):
        raise click.UsageError("Check one DEFINITION at a time against its schema or input.")
    from braid_db.flows.checking.files import check_files

    checked = check_files(definitions, input_schema, run_input)
    _show(checked, form)
    sys.exit(1 if any(each.errors for each in checked) else 0)


def _show(checked: list[Checked], form: str) -> None:
    if form == "json":
        click.echo(as_text({"definitions": [_as_json(each) for each in checked]}))
    else:
        for each in checked:
            for finding in each.findings:
                click.echo(visible(f"{each.path}: {finding}"))
    note(_summary(checked))


def _as_json(checked: Checked) -> dict[str, Any]:
    return {
        "definition": str(checked.path),
        "errors": checked.errors,
        "warnings": checked.warnings,
        "findings": [finding.as_json() for finding in checked.findings],
    }


def _summary(checked: list[Checked]) -> str:
    errors, warnings = (
        sum(counts)
        for counts in zip(*((each.errors, each.warnings) for each in checked), strict=True)
    )
    return ", ".join(
        f"{count} {what}{'' if count == 1 else 's'}"
        for count, what in ((len(checked), "definition"), (errors, "error"), (warnings, "warning"))
    )
