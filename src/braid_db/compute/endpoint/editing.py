"""Changing single settings in an endpoint's files, and leaving every other line as it is.

The files belong to a person, who may have changed them by hand and reads their comments.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

Setting = str | bool | int | Sequence[str]


def set_yaml(text: str, key: str, value: Setting) -> str:
    """Return YAML with a top-level key set, in its place if it is there or commented out.

    :param value: a list becomes a block of lines.
    """
    lines = text.splitlines()
    new = _yaml_lines(key, value)
    at = _find(lines, key)
    if at is None:
        return "\n".join([*lines, *new]) + "\n"
    end = at + 1
    is_comment = lines[at].startswith("#")
    for number, line in enumerate(lines[end:], end):
        if _belongs(line, is_comment=is_comment):
            end = number + 1
        elif is_comment or line.strip():
            break
    return "\n".join([*lines[:at], *new, *lines[end:]]) + "\n"


def _yaml_lines(key: str, value: Setting) -> list[str]:
    if isinstance(value, (str, bool, int)):
        return [f"{key}: {_scalar(value)}"]
    return [f"{key}:", *(f"  - {_scalar(item)}" for item in value)]


def _scalar(value: str | bool | int) -> str:
    """Return a value in one line, quoted whatever stands in it."""
    import yaml

    if not isinstance(value, str):
        return json.dumps(value)
    quoted = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=math.inf)
    return str(quoted).rstrip("\n")


def _find(lines: Sequence[str], key: str) -> int | None:
    """Return the line of a key; the one that is commented out only where there is no other."""
    name = re.escape(key)
    for start in (rf"({name}|'{name}'|\"{name}\")\s*:(\s|$)", f"#{name}:"):
        for number, line in enumerate(lines):
            if re.match(start, line):
                return number
    return None


def count_in_yaml(text: str, key: str) -> int:
    """Return how often a key stands at the top level of YAML, however it is written there.

    :raises yaml.YAMLError: if it is no YAML.
    """
    import yaml

    names = yaml.compose(text).value
    return sum(name.value == key for name, _ in names)


def _belongs(line: str, *, is_comment: bool) -> bool:
    """Return whether a line goes on with the value of the key above it."""
    return bool(re.match(r"#\s+- " if is_comment else r"\s+\S|- ", line))


def set_variable(text: str, name: str, value: str | int | bool) -> str | None:
    """Return a Jinja template with a variable that it sets set otherwise.

    :returns: None where it sets no such variable.
    """
    new = f"{{%- set {name} = {json.dumps(value)} -%}}"
    changed, count = _of_variable(name).subn(lambda _: new, text, count=1)
    return changed if count else None


def get_variable(text: str, name: str) -> Any:
    """Return the value of a variable that a Jinja template sets; None where it does not."""
    found = _of_variable(name).search(text)
    try:
        return json.loads(found.group(1)) if found else None
    except ValueError:
        return None


def _of_variable(name: str) -> re.Pattern[str]:
    return re.compile(rf"\{{%-? *set +{name} *= *(.*?) *-?%\}}")
