"""Logs and definitions with anything anywhere: they are read, or refused in one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from braid_db.errors import BraidError
from braid_db.flows.instrumenting import instrument
from tests.effort import costly
from tests.flows.instrumenting.strategies import Told, flows
from tests.flows.instrumenting.test_laws import SLOW
from tests.flows.instrumenting.world import REGISTERED, run
from tests.flows.reconciling.books import Book, read
from tests.functions.calls import FOREIGN_WORDS

WORDS = [
    "A",
    "S0",
    "$",
    "$.S1.details",
    "FlowFailed",
    "ActionStarted",
    "x" * 3000,
    "\x00",
    "\ud800",
]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(WORDS),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["state_name", "details", "x.=", "DATA"]), st.integers()),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a JSON value, as what holds it and its key there."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield value, key
        yield from places(value[key])


def spoil(value: Any, data: st.DataObject) -> Any:
    """Return a JSON value with something else in a few places."""
    spoilt = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(spoilt))
        if not found:
            break
        holder, key = found[data.draw(st.integers(0, len(found) - 1))]
        if data.draw(st.booleans()):
            holder[key] = data.draw(ANYTHING)
        else:
            del holder[key]
    return spoilt


@settings(
    max_examples=costly(500), deadline=None, suppress_health_check=SLOW, phases=[Phase.generate]
)
@given(told=flows(), data=st.data())
def test_what_is_spoilt_is_recorded_or_refused_in_one_sentence(
    new_book: Callable[[], Book], told: Told, data: st.DataObject
) -> None:
    book = new_book()
    woven = instrument(told.definition, registered=REGISTERED).definition
    ran = run(woven, told.outcomes, run_id="run")
    definition, log = spoil(woven, data), spoil(ran.log, data)
    before = book.endpoint.everything()
    try:
        told_by_log = read(log, definition)
        json.dumps(told_by_log.steps)
        book.reconcile(told_by_log)
    except BraidError as error:
        line = str(error)
        assert len(line.splitlines()) == 1
        assert not [word for word in FOREIGN_WORDS if word in line], line
        assert book.endpoint.everything() == before
