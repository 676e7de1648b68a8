"""Function ids in a flow's input: the member ``functions``, an object of name -> id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braid_db.compute.errors import FlowInputUnwritable
from braid_db.compute.owned_file import replace_file

MEMBER = "functions"


@dataclass(frozen=True, slots=True)
class Written:
    """What writing ids into a flow's input came to.

    :param changed: the names whose ids are other ones now.
    :param left_out: those that the input does not name, and that were not written.
    """

    changed: list[str]
    left_out: list[str]


def check_input(path: Path) -> None:
    """Refuse a file that function ids could not be written into.

    :raises FlowInputUnwritable: if it cannot be read, or is no flow's input.
    """
    _read(path)


def write_ids(path: Path, ids: Mapping[str, str], *, dry_run: bool = False) -> Written:
    """Write function ids into a flow's input.

    Names that stand there get their ids; all do where the input names no functions yet. What
    else stands there stays: a flow's input schema may accept no more.

    :param dry_run: whether to write nothing, and return what would be written.
    :raises FlowInputUnwritable: if the file is no JSON object, or cannot be written.
    """
    flow_input = _read(path)
    named = flow_input[MEMBER]
    wanted = named or ids
    changed = [name for name in wanted if name in ids and named.get(name) != ids[name]]
    if changed and not dry_run:
        named.update({name: ids[name] for name in changed})
        try:
            replace_file(path, json.dumps(flow_input, indent=2, ensure_ascii=False))
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise FlowInputUnwritable(path, problem) from None
    return Written(changed, [name for name in ids if name not in wanted])


def _read(path: Path) -> dict[str, Any]:
    """Return a flow's input, which has the member then."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FlowInputUnwritable(path, f"cannot be read ({error.strerror})") from None
    except ValueError:
        raise FlowInputUnwritable(path, "is no JSON") from None
    if not isinstance(found, dict):
        raise FlowInputUnwritable(path, "is no JSON object")
    if not isinstance(found.setdefault(MEMBER, {}), dict):
        raise FlowInputUnwritable(path, f"has a member '{MEMBER}' that is no object")
    return found
