"""What the stand-in keeps: one file of things by kind and id, written through at once."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Thing = dict[str, Any]


class State:
    """Things by kind and id, each a JSON object.

    :param path: the file; what it holds is there again after a restart.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS thing (kind TEXT, id TEXT, body TEXT, "
            "PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )
        self._things: dict[tuple[str, str], Thing] = {
            (kind, key): json.loads(body)
            for kind, key, body in self._file.execute("SELECT kind, id, body FROM thing")
        }

    def get(self, kind: str, key: str) -> Thing | None:
        """Return a thing; None where there is none."""
        with self.lock:
            return self._things.get((kind, key))

    def put(self, kind: str, key: str, thing: Thing) -> None:
        """Keep a thing, in place of what was there."""
        with self.lock:
            self._things[kind, key] = thing
            body = json.dumps(thing)
            self._file.execute("REPLACE INTO thing VALUES (?, ?, ?)", (kind, key, body))

    def drop(self, kind: str, key: str) -> None:
        """Forget a thing."""
        with self.lock:
            self._things.pop((kind, key), None)
            self._file.execute("DELETE FROM thing WHERE kind = ? AND id = ?", (kind, key))

    def all(self, kind: str) -> Iterator[tuple[str, Thing]]:
        """Yield the things of a kind as they are at this moment."""
        with self.lock:
            found = [(key, thing) for (one, key), thing in self._things.items() if one == kind]
        yield from found
