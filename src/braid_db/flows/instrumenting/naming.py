"""How added states are told from a flow's own: by a mark, names of their own, and one member.

The mark stands at the beginning of a state's Comment, as a definition has no place for anything
else; whoever takes the added states out again needs nothing but the definition.
"""

from __future__ import annotations

import re
from typing import Any

from braid_db.flows.instrumenting.reading import State, States, text_of

MARK = "[braid-db] "
MEMBER = "braid_db"


def is_added(state: State) -> bool:
    """Return whether a state was added to a flow by instrumentation."""
    return str(state.get("Comment", "")).startswith(MARK)


class Naming:
    """Names for what is added to one definition, none of which it has already.

    :ivar member: the one member of the run's state that is written to.
    """

    def __init__(self, definition: dict[str, Any]) -> None:
        self._taken = set(definition["States"])
        self._slots: dict[str, str] = {}
        text, self.member = text_of(definition), MEMBER
        while self.member in text:
            self.member += "_"

    def state(self, what: str, of: str) -> str:
        """Return the name of an added state."""
        name, number = f"{what}_{of}", 1
        while name in self._taken:
            number += 1
            name = f"{what}_{of}_{number}"
        self._taken.add(name)
        return name

    def slot(self, of: str) -> str:
        """Return the member that stands for a state, which an expression can name."""
        if of not in self._slots:
            plain = re.sub(r"\W", "_", of)
            while plain in self._slots.values():
                plain += "_"
            self._slots[of] = plain
        return self._slots[of]

    def path(self, *names: str) -> str:
        """Return the path to something in the member, to write to."""
        return ".".join(("$", self.member, *names))

    def get(self, *names: str) -> str:
        """Return the expression that reads something in the member, or None where it is not."""
        return get(".".join((self.member, *names)))


def get(path: str, default: Any = None) -> str:
    """Return the expression that reads a path, or a default where nothing is there."""
    return f"getattr({path.removeprefix('$.')!r}, {default!r})"


def get_first(*paths: str) -> str:
    """Return the expression that reads the first of some paths at which anything is."""
    expression = "None"
    for path in reversed(paths):
        expression = f"getattr({path.removeprefix('$.')!r}, {expression})"
    return expression


def added(states: States) -> list[str]:
    """Return the names of the states that instrumentation added."""
    return [name for name, state in states.items() if is_added(state)]
