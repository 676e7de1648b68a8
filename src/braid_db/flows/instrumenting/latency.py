"""How long a run waits for its provenance: the calls on the ways that it may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from braid_db.flows.instrumenting.naming import is_added
from braid_db.flows.instrumenting.reading import States, edges

WARM_CALL_S = (0.14, 0.5)
"""How long a call takes, in seconds, on an endpoint that has done one before.

Source: measured with the real agent (globus-compute-endpoint 4.19) on one machine; the way to the
cloud comes to it.
"""

POLLING = 2
"""At most so many times as long as an action takes does a run wait for it.

Source: the service asks for an action's end at intervals that double (docs.globus.org, Authoring
Flows). How long its first interval is, is not documented.
"""


@dataclass(frozen=True)
class Loop:
    """A state that a run may return to, and the calls that each return adds at most."""

    state: str
    calls: int


@dataclass(frozen=True)
class Latency:
    """How many calls of provenance a run waits for, one after the other.

    :param calls: on the way that makes most of them and comes to no state twice.
    :param loops: what each return to a state adds to that.
    """

    calls: int
    loops: tuple[Loop, ...]

    @property
    def seconds(self) -> tuple[float, float]:
        """The shortest and the longest time that these calls take, in seconds, when all is warm."""
        shortest, longest = WARM_CALL_S
        return round(self.calls * shortest, 2), round(self.calls * longest * POLLING, 2)

    def __str__(self) -> str:
        low, high = self.seconds
        more = "".join(
            f" Each return to {loop.state} adds up to {_calls(loop.calls)}." for loop in self.loops
        )
        return (
            f"Latency: a run waits for up to {_calls(self.calls)}, about {low:.2g} to {high:.2g} s "
            f"on an endpoint that is warm: {WARM_CALL_S[0]} to {WARM_CALL_S[1]} s a call as "
            f"measured on one, of which the service learns after up to {POLLING} times as long, as "
            f"it asks at intervals that double.{more}"
        )


def latency_of(definition: dict[str, Any]) -> Latency:
    """Return what the added states of an instrumented definition cost a run."""
    states: States = definition["States"]
    ways = _Ways(states, definition["StartAt"])
    loops: dict[str, int] = {}
    for last, first in ways.back:
        calls = ways.most_calls(first, last)
        if calls:
            name = _own(states, first)
            loops[name] = max(calls, loops.get(name, 0))
    ends = [name for name in ways.order if not any(True for _ in edges(states[name]))]
    most = max(ways.most_calls(definition["StartAt"], name) for name in ends or ways.order)
    return Latency(most, tuple(Loop(*loop) for loop in sorted(loops.items())))


class _Ways:
    """The ways through a flow, without those that lead back to where they came from.

    :ivar order: the states, each before those that it leads on to.
    :ivar back: the edges that close a loop.
    """

    def __init__(self, states: States, start: str) -> None:
        self._states = states
        self._on: dict[str, list[str]] = {}
        self._most: dict[str, dict[str, int]] = {}
        self.back: list[tuple[str, str]] = []
        self.order = self._walk(start)[::-1]

    def _walk(self, start: str) -> list[str]:
        """Return the states in the order in which all that follows them was gone through."""
        done: list[str] = []
        path: dict[str, Iterator[str]] = {start: self._following(start)}
        while path:
            name = next(reversed(path))
            target = next(path[name], None)
            if target is None:
                done.append(name)
                del path[name]
            elif target in path:
                self.back.append((name, target))
            else:
                self._on[name].append(target)
                if target not in self._on:
                    path[target] = self._following(target)
        return done

    def _following(self, name: str) -> Iterator[str]:
        self._on[name] = []
        state = self._states[name]
        return iter(dict.fromkeys(holder[field] for holder, field in edges(state)))

    def most_calls(self, first: str, last: str) -> int:
        """Return how many calls the way between two states makes that makes most of them."""
        if first not in self._most:
            most = {first: self._is_call(first)}
            for name in self.order[self.order.index(first) :]:
                for target in self._on[name] if name in most else ():
                    most[target] = max(most.get(target, 0), most[name] + self._is_call(target))
            self._most[first] = most
        return self._most[first].get(last, 0)

    def _is_call(self, name: str) -> int:
        state = self._states[name]
        return int(is_added(state) and state["Type"] == "Action")


def _own(states: States, name: str) -> str:
    """Return the state of the flow itself that a way leads to."""
    while is_added(states[name]) and "Next" in states[name]:
        name = states[name]["Next"]
    return name


def _calls(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"
