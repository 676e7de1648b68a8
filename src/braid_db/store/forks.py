"""No connection passes through a fork.

A child that inherits an SQLite connection believes that it holds the parent's locks, and what it
writes on a new connection of its own may be lost, even if it never touches the inherited one. So
connections are closed before a fork, and opened anew by whoever needs one afterwards.

Source: https://www.sqlite.org/howtocorrupt.html, section 2.6, and seen to happen.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet


class KeepsAConnection(Protocol):
    """What keeps a connection open between calls."""

    def rest(self) -> bool:
        """Close the connection and let nobody open one; return False if it is in use."""

    def wake(self) -> None:
        """Go on after a rest."""

    def abandon(self) -> None:
        """In a child: leave a connection that was in use to the parent."""


_watched: WeakSet[KeepsAConnection] = WeakSet()
_resting: list[KeepsAConnection] = []
_in_use: list[KeepsAConnection] = []
_one_fork_at_a_time = threading.Lock()


def watch(store: KeepsAConnection) -> None:
    """Let a store rest whenever this process forks."""
    _watched.add(store)


def _before() -> None:
    _one_fork_at_a_time.acquire()
    for store in list(_watched):
        (_resting if store.rest() else _in_use).append(store)


def _after() -> None:
    for store in _resting:
        store.wake()
    _resting.clear()
    _in_use.clear()
    _one_fork_at_a_time.release()


def _after_in_child() -> None:
    for store in _in_use:
        store.abandon()
    _after()


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
