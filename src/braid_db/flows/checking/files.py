"""Checking definitions as files, several in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from braid_db.flows.checking.checker import check
from braid_db.flows.checking.finding import Finding, error
from braid_db.flows.errors import FlowDefinitionInvalid
from braid_db.flows.run_input import read_definition, read_input, read_schema


@dataclass(frozen=True)
class Checked:
    """A definition's file, and what was found in it."""

    path: Path
    findings: list[Finding]

    @property
    def errors(self) -> int:
        """How many of the findings are errors."""
        return sum(finding.is_error for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many of the findings are warnings."""
        return len(self.findings) - self.errors


def check_files(
    paths: Iterable[Path], input_schema: Path | None = None, run_input: Path | None = None
) -> list[Checked]:
    """Return what is found in each definition; one that cannot be read has one error.

    :raises FlowInputInvalid: if the schema or the input cannot be read.
    """
    schema = None if input_schema is None else read_schema(input_schema)
    sample = None if run_input is None else read_input(run_input)
    checked = []
    for path in paths:
        try:
            findings = check(read_definition(path), input_schema=schema, run_input=sample)
        except FlowDefinitionInvalid as refused:
            mend = "Name a file that holds a definition as JSON."
            findings = [error("unreadable", None, "", refused.message, mend)]
        checked.append(Checked(path, findings))
    return checked
