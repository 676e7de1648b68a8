"""The definitions that others published, and our use cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from braid_db.resources import flows_folder

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = {
    path.stem.removeprefix("globus_globus-"): path for path in sorted(FOLDER.glob("*.json"))
}
OF_2020 = "automate-client__examples_flows_sync-via-intermediate-with-identifier_defintion"
USE_CASES = sorted(path.parent for path in flows_folder().glob("*/definition.json"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def accepted() -> dict[str, Any]:
    """Return the definitions of others that the service accepts."""
    return {name: read(path) for name, path in EXAMPLES.items() if name != OF_2020}
