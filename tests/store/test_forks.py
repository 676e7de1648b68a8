"""Tests that a store can be used on both sides of a fork.

Each program runs in a process of its own, as a fork takes no threads along and a test may have
some.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from braid_db.store import Store
from tests.store.rows import runs

BEGINNING = """
import os, sys, threading
from braid_db.errors import DatabaseBusy
from braid_db.store import Store
from tests.store.rows import ADD_RUN, add_runs, runs

def child(work):
    process = os.fork()
    if process == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return process

def wait(process):
    assert os.waitpid(process, 0)[1] == 0

class Signal:
    def __init__(self):
        self.out, self.into = os.pipe()
    def give(self):
        os.write(self.into, b"x")
    def wait(self):
        os.read(self.out, 1)

url = sys.argv[1]
store = Store(url)
"""

BOTH_WRITE = """
add_runs(store, ["before"])
process = child(lambda: [add_runs(store, [f"child-{n}"]) for n in range(20)])
for n in range(20):
    add_runs(store, [f"parent-{n}"])
wait(process)
store.close()
"""

PARENT_CLOSES_FIRST = """
add_runs(store, ["before"])
written, closed = Signal(), Signal()
def work():
    add_runs(store, ["child-1"])
    written.give()
    closed.wait()
    add_runs(store, ["child-2"])
process = child(work)
written.wait()
store.close()
closed.give()
wait(process)
"""

IN_A_TRANSACTION = """
children = []
def transaction(tx):
    tx.write(ADD_RUN, [("parent-1", None, None, tx.now)])
    children.append(os.fork())
    if children[-1] == 0 and how == "fails":
        raise KeyError(0)
    if children[-1] != 0:
        tx.write(ADD_RUN, [("parent-2", None, None, tx.now)])
try:
    store.write(transaction)
except (KeyError, DatabaseBusy):
    store.busy_timeout_s = 0.2
    try:
        add_runs(store, ["child"])
    except DatabaseBusy:
        assert "sqlite" in url
    os._exit(0)
assert children[-1] != 0, "the child committed what its parent wrote"
wait(children[-1])
store.close()
"""

A_THREAD_RECORDS = """
add_runs(store, ["before"])
def record():
    for n in range(50):
        add_runs(store, [f"thread-{n:02}"])
thread = threading.Thread(target=record)
thread.start()
for n in range(10):
    wait(child(lambda: add_runs(store, [f"child-{n}"])))
thread.join()
store.close()
"""

THREADS_BEFORE_AND_AFTER = """
from concurrent.futures import ThreadPoolExecutor
def side_by_side(name):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: add_runs(store, [f"{name}-{n:02}"]), range(20)))
side_by_side("first")
process = child(lambda: (side_by_side("child"), store.close()))
side_by_side("parent")
wait(process)
side_by_side("last")
store.close()
"""

IN_A_TRANSACTION_BESIDE_OTHERS = """
inside, forked = threading.Event(), threading.Event()
def other(tx):
    tx.write(ADD_RUN, [("parent-0", None, None, tx.now)])
    inside.set()
    forked.wait()
def outer(tx):
    tx.write(ADD_RUN, [("parent-1", None, None, tx.now)])
    if not thread.is_alive():
        thread.start()
    inside.wait()
    process = child(lambda: add_runs(store, ["child"]))
    wait(process)
    forked.set()
    tx.write(ADD_RUN, [("parent-2", None, None, tx.now)])
thread = threading.Thread(target=lambda: store.write(other))
store.write(outer)
thread.join()
store.close()
"""


def expected(*groups: tuple[str, int]) -> list[str]:
    return sorted(["before"] + [f"{name}-{n}" for name, count in groups for n in range(count)])


def run(program: str, url: str) -> None:
    # A fork beside a thread is what the last program is about.
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", BEGINNING + program, url],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")


def all_runs(url: str) -> list[str]:
    store = Store(url)
    found = runs(store)
    store.close()
    return found


def test_parent_and_child_both_write(database_url: str) -> None:
    run(BOTH_WRITE, database_url)
    assert all_runs(database_url) == expected(("child", 20), ("parent", 20))


def test_a_child_keeps_writing_after_its_parent_has_closed(database_url: str) -> None:
    """With an inherited connection the last row would be lost."""
    run(PARENT_CLOSES_FIRST, database_url)
    assert all_runs(database_url) == ["before", "child-1", "child-2"]


@pytest.mark.parametrize("child", ["fails", "goes on"])
def test_a_fork_in_a_transaction_leaves_the_transaction_to_the_parent(
    database_url: str, child: str
) -> None:
    """On SQLite the child then finds the file locked for as long as it lives."""
    run(f"how = {child!r}\n{IN_A_TRANSACTION}", database_url)
    also = [] if database_url.startswith("sqlite") else ["child"]
    assert all_runs(database_url) == [*also, "parent-1", "parent-2"]


def test_parent_and_child_both_have_threads_on_connections_of_their_own(
    database_url: str,
) -> None:
    run(THREADS_BEFORE_AND_AFTER, database_url)
    names = ("first", "child", "parent", "last")
    assert all_runs(database_url) == sorted(f"{name}-{n:02}" for name in names for n in range(20))


def test_a_fork_in_a_transaction_beside_another_harms_neither(postgresql_url: str) -> None:
    run(IN_A_TRANSACTION_BESIDE_OTHERS, postgresql_url)
    assert all_runs(postgresql_url) == ["child", "parent-0", "parent-1", "parent-2"]


def test_a_fork_waits_for_the_thread_that_records(database_url: str) -> None:
    run(A_THREAD_RECORDS, database_url)
    threads = [f"thread-{n:02}" for n in range(50)]
    assert all_runs(database_url) == sorted(expected(("child", 10)) + threads)
