"""What the READMEs of the use cases show is what their commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.shown import blocks_of, is_shown
from tests.effort import only_whole
from tests.use_cases.case import FLOWS, UseCase

CASES = sorted(path.parent.name for path in FLOWS.glob("*/README.md"))
PRINTED = """\
record  verdict  measured   limit    valid  recorded (UTC)    name
7       passed   0.0136 K   0.025 K  yes    2026-11-25 14:54  The couplings are found
8       failed   6.807 %    5.0 %    yes    2026-11-25 14:54  Patterns are given back
fact 3 numpy 2.4.6
└── used: step 4 Fit
    └── generated: model 5 couplings.json
1. give anew fact 3@1 fit.json (run 54810139-c7bf-4d4f-920d-c7bc4b76ee66)
      used  fact 2@1 experiment.json: keep
2. run again step 4@1 Fit (run 54810139-c7bf-4d4f-920d-c7bc4b76ee66)
"""


@pytest.mark.parametrize("name", CASES)
def test_the_commands_of_a_use_case_print_what_its_readme_shows(name: str, tmp_path: Path) -> None:
    _check(UseCase(name), "Run it", tmp_path)


@only_whole("it runs each use case once more")
@pytest.mark.parametrize("name", CASES)
def test_what_a_readme_tells_of_a_recall_is_what_is_printed(name: str, tmp_path: Path) -> None:
    case = UseCase(name)
    [heading] = [each for each in case.headings() if each.endswith("proves wrong")]
    _check(case, heading, tmp_path)


def _check(case: UseCase, heading: str, folder: Path) -> None:
    printed, blocks = case.output_of_readme(heading, folder), blocks_of(case.section(heading))
    for block in blocks:
        assert is_shown(block, printed), "\n".join([*block, "", "is not in", "", printed])


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("fact 3 numpy 1.0\n└── used: step 4 Fit", True),
        ("fact 4 numpy 2.4.6", False),
        ("fact 3 scipy 2.4.6", False),
        ("fact 3 numpy 1.0\n    └── generated: model 5 couplings.json", False),
        ("fact 3 numpy 1.0\n    ...\n    └── generated: model 5 couplings.json", True),
        ("record  name\n7       The couplings are found", True),
        ("record  measured\n7       0.0139 K", True),
        ("record  measured\n7       0.0239 K", False),
        ("record  verdict\n8       passed", False),
        ("record  colour\n8       red", False),
        ("1. give anew fact 3@1 fit.json\n2. run again step 4@1 Fit", True),
        ("1. give anew fact 3@1 fit.json\n2. run again step 5@1 Fit", False),
    ],
)
def test_what_is_shown_is_told_from_what_is_not(block: str, expected: bool) -> None:
    assert is_shown(block.splitlines(), PRINTED) == expected
