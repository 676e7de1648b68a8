"""Function ids in a flow's input: the member ``functions``, an object of name -> id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from braid_db.compute.errors import FlowInputUnwritable
from braid_db.compute.owned_file import replace_file

MEMBER = "functions"


def write_ids(path: Path, ids: Mapping[str, str], *, dry_run: bool = False) -> list[str]:
    """Write function ids into a flow's input, and return the names whose ids are other ones now.

    Names that stand there get their ids; all do where the input names no functions yet. What
    else stands there stays.

    :param dry_run: whether to write nothing, and return what would change.
    :raises FlowInputUnwritable: if the file is no JSON object, or cannot be written.
    """
    flow_input = _read(path)
    named = flow_input.setdefault(MEMBER, dict.fromkeys(ids))
    if not isinstance(named, dict):
        raise FlowInputUnwritable(path, f"has a member '{MEMBER}' that is no object")
    changed = [name for name in named if name in ids and named[name] != ids[name]]
    if changed and not dry_run:
        named.update({name: ids[name] for name in changed})
        try:
            replace_file(path, json.dumps(flow_input, indent=2, ensure_ascii=False))
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise FlowInputUnwritable(path, problem) from None
    return changed


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FlowInputUnwritable(path, f"cannot be read ({error.strerror})") from None
    except ValueError:
        raise FlowInputUnwritable(path, "is no JSON") from None
    if not isinstance(found, dict):
        raise FlowInputUnwritable(path, "is no JSON object")
    return found
