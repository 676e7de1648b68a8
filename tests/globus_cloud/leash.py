"""What somebody started ends with whoever started it, however that ends: even if it is killed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# The end of the input is the end of whoever holds the other end. More than once, as one of them
# may have started another meanwhile.
_END_ALL = """
cat >/dev/null
for round in 1 2 3; do
    grep -lszxF "HOME=$1" /proc/[0-9]*/environ | tr -cd '0-9\\n' | xargs -r kill -KILL
done
"""


class Leash:
    """Holds all processes that have a folder for their home.

    :param home: the folder, which nobody else has for a home.
    """

    def __init__(self, home: Path) -> None:
        self._holder = subprocess.Popen(
            ["sh", "-c", _END_ALL, "leash", home],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Its home is nobody's, so that no other one ends it.
            env={"PATH": os.environ["PATH"]},
            # What interrupts us by the keyboard must not interrupt it.
            start_new_session=True,
        )

    def end_all(self) -> None:
        """Kill them, and return when that is done."""
        if self._holder.poll() is None:
            self._holder.communicate()
