"""Recalls beside recorders that have not committed, on connections of their own.

Each round has a file F that is recalled, and a file X that was read before it is known who wrote
it. Beside the recall, one call uses F, one uses X, and one tells that X was made of F.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select

from braid_db.identity import IdentityRules
from braid_db.model import Definition, Kind, Reference
from braid_db.recall.recalls import invalidate
from braid_db.recall.reinstate import reinstate
from braid_db.recall.targets import Targets
from braid_db.records.steps import StepToRecord, record_step
from braid_db.store import Store, Transaction
from braid_db.store.statements import Statement

RULES = IdentityRules()
STEP = Definition("step", Kind.STEP)
LONGEST_WAIT_S = 60
_HERE = Statement(select(func.now()))

Span = tuple[float, float]


class Race:
    """Three recorders and one who recalls, each with a connection that it keeps."""

    def __init__(self, url: str) -> None:
        self._resources = ExitStack()
        self._stores = [
            self._resources.enter_context(closing(Store(url, connections=1))) for _ in range(4)
        ]
        self._threads = self._resources.enter_context(ThreadPoolExecutor(4))
        self._chance = random.Random(1)
        self._last: int | None = None

    def close(self) -> None:
        """End the threads and their connections."""
        self._resources.close()

    def run(self, number: int) -> bool:
        """Run one round; return whether the recall was called while a recorder had written."""
        file, late = _file(f"f{number}"), _file(f"x{number}")
        result = self._stores[0].write(_step((file, late)))
        recalled = Reference(result["input_record_ids"][0])
        start, uncommitted = threading.Barrier(4), threading.Event()
        calls = [
            _step((file,), (_file(f"y{number}"),)),
            _step((late,), (_file(f"z{number}"),)),
            _step((file,), (late,)),
        ]
        recorders = [
            self._threads.submit(self._record, store, call, start, uncommitted, self._pause())
            for store, call in zip(self._stores[1:], calls, strict=True)
        ]
        called = self._threads.submit(
            self._recall, recalled, start, uncommitted, self._pause()
        ).result()
        spans = [recorder.result() for recorder in recorders]
        return any(written < called < committed for written, committed in spans)

    def _pause(self) -> float:
        return self._chance.uniform(0, 0.004)

    def _record(
        self,
        store: Store,
        call: Callable[[Transaction], Any],
        start: threading.Barrier,
        uncommitted: threading.Event,
        pause_s: float,
    ) -> Span:
        """Record, and leave it uncommitted for a while; return when it was written and over."""
        written = 0.0

        def work(tx: Transaction) -> None:
            nonlocal written
            call(tx)
            tx.rows(_HERE)  # Now the server has all of it.
            written = time.monotonic()
            uncommitted.set()
            time.sleep(pause_s)

        start.wait(LONGEST_WAIT_S)
        time.sleep(pause_s / 2)
        store.write(work)
        return written, time.monotonic()

    def _recall(
        self,
        recalled: Reference,
        start: threading.Barrier,
        uncommitted: threading.Event,
        pause_s: float,
    ) -> float:
        """Recall once somebody has written, and take an earlier recall back at times."""
        start.wait(LONGEST_WAIT_S)
        uncommitted.wait(LONGEST_WAIT_S)
        time.sleep(pause_s / 2)
        called = time.monotonic()
        targets = Targets(records=(recalled,))
        [view] = self._stores[0].write(lambda tx: invalidate(tx, targets, cause="wrong"))
        if self._last is not None and view.recall_id % 3 == 0:
            last = self._last
            self._stores[0].write(lambda tx: reinstate(tx, last))
        self._last = view.recall_id
        return called


def _file(name: str) -> Definition:
    checksum = sha256(name.encode()).hexdigest()
    return Definition(name, uris=(f"file://host/{name}",), sha256=checksum)


def _step(
    used: tuple[Definition, ...], made: tuple[Definition, ...] = ()
) -> Callable[[Transaction], Any]:
    told = StepToRecord(step=STEP, used=used, made=made)
    return lambda tx: record_step(tx, RULES, told)
