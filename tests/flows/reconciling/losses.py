"""Runs whose records were lost in part, and flows whose actions read what others wrote."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.laws import hold
from tests.flows.instrumenting.strategies import Told, flows
from tests.flows.instrumenting.world import COLLECTIONS, OLD_TRANSFER, REGISTERED, TRANSFER, run
from tests.flows.reconciling.books import Book, read
from tests.flows.reconciling.laws import replaces_the_state, writers_of

FILES = ["/data/raw", "/archive/raw", "/archive/mask", "/results/fit"]
HOME = COLLECTIONS["source_endpoint"]
ALL = frozenset(range(1000))


@dataclass(frozen=True)
class Loss:
    """A flow, and which of the calls that record its run do not get through."""

    told: Told
    lost: frozenset[int]


def losses() -> st.SearchStrategy[Loss]:
    """Flows whose actions trade files, recorded in part."""
    lost = st.frozensets(st.integers(0, 7), min_size=1)
    return st.builds(Loss, st.booleans().flatmap(trading), lost)


@st.composite
def trading(draw: st.DrawFn, is_tidy: bool) -> Told:
    """Draw a flow whose actions read what others wrote.

    :param is_tidy: whether each writes to a file and to a place in the state of its own.
    """
    told = draw(flows())
    names = list(told.definition["States"])
    for name, state in told.definition["States"].items():
        own = [f"/made/{one}" for one in names] if is_tidy else FILES
        if state["Type"] == "Action":
            written = f"/made/{name}" if is_tidy else draw(st.sampled_from(FILES))
            _trade(state, draw(st.sampled_from(own)), written)
        for writer in writers_of(state) if is_tidy else ():
            if writer.get("ResultPath", "$") == "$":
                writer["ResultPath"] = f"$.{name}"
    return told


def _trade(state: dict[str, Any], one: str, other: str) -> None:
    """Let an action read one file and write another."""
    parameters = state["Parameters"]
    if _url(state) not in (TRANSFER, OLD_TRANSFER):
        made = {"inputs": [_defined(one)], "outputs": [_defined(other)]}
        parameters["provenance"] = made
        return
    old = _url(state) == OLD_TRANSFER
    for end in COLLECTIONS:
        parameters[f"{end}_id" if old else end] = HOME
    [item] = parameters["transfer_items" if old else "DATA"]
    item.clear()
    item |= {"source_path": one, "destination_path": other}


def _url(state: dict[str, Any]) -> Any:
    return state.get("ActionUrl") or state["Handler"]["Url"]


def _defined(path: str) -> dict[str, str]:
    return {"name": path, "uris": f"globustransfer://{HOME}{path}"}


Label = tuple[Any, ...]
"""What a content is, whatever its ids: an action by its place, a file by its URI and its makers."""
Reached = dict[Label, set[Label]]


@dataclass(frozen=True)
class Kept:
    """What a database holds of a run after it was reconciled.

    :param lost: the places in the run of the actions that had no record before.
    :param reach: what each content reaches by data, as a recall does.
    :param followed: which content came after which by the flow's order.
    :param newest: which content of each file is the current one.
    :param missing: what the records of actions are still said to lack.
    """

    lost: set[int]
    reach: Reached
    followed: set[tuple[Label, Label]]
    newest: dict[str, Label]
    missing: list[str]


def kept(definition: Any, told: Told, book: Book, run_id: str, lost: frozenset[int]) -> Kept:
    """Run a definition that records itself, but for some calls, and reconcile what came of it."""
    ran = run(definition, told.outcomes, run_id=run_id, lost=lost)
    done = book.reconcile(read(ran.log, definition))
    places = {record_id: place for place, record_id in enumerate(done.record_ids)}
    labels = _labels(book, places)
    reach: Reached = {}
    for content, label in labels.items():
        reached = {labels[other] for other in book.reached_from(content)}
        reach.setdefault(label, set()).update(reached - {label})
    followed = {
        (labels[row.predecessor_id], labels[row.derived_id])
        for row in book.endpoint.rows("derivation")
        if row.role == "followed"
    }
    return Kept(
        {places[new] for new in done.new}, reach, followed, _newest(book, labels), _missing(book)
    )


def _missing(book: Book) -> list[str]:
    rows = book.endpoint.rows("tag")
    return [row.value for row in rows if row.key == "missing_predecessors" and row.until is None]


def _labels(book: Book, places: dict[int, int]) -> dict[int, Label]:
    """Return what each content is, by its id."""
    versions = {row.version_id: row for row in book.endpoint.rows("version")}
    makers: dict[int, list[int]] = {}
    for row in book.endpoint.rows("derivation"):
        if row.role == "generated":
            maker = places[versions[row.predecessor_id].record_id]
            makers.setdefault(row.derived_id, []).append(maker)
    uris = {row.record_id: row.uri for row in book.endpoint.rows("uri") if row.position == 0}
    return {
        content: ("action", places[row.record_id])
        if row.record_id in places
        else (uris[row.record_id], *sorted(makers.get(content, [])))
        for content, row in versions.items()
        if row.content_id == content
    }


def _newest(book: Book, labels: dict[int, Label]) -> dict[str, Label]:
    current = {row.current_version_id for row in book.endpoint.rows("record")}
    found = [row for row in book.endpoint.rows("version") if row.version_id in current]
    named = [labels[row.content_id] for row in found]
    return {label[0]: label for label in named if label[0] != "action"}


class Compared:
    """One run that was recorded whole, in part and then reconciled, and from its log alone."""

    def __init__(self, loss: Loss, new_book: Callable[[], Book]) -> None:
        told, run_id = loss.told, str(uuid.uuid4())
        woven = instrument(told.definition, mode="each", registered=REGISTERED).definition
        self.whole = kept(woven, told, new_book(), run_id, frozenset())
        self.completed = kept(woven, told, new_book(), run_id, loss.lost)
        self.logged = kept(woven, told, new_book(), run_id, ALL)
        self.replaces = replaces_the_state(told.definition)

    @property
    def is_misread(self) -> bool:
        """Whether a file may have been read as it was before a lost action wrote it."""
        files = [label for label in self.whole.reach if label[0] != "action"]
        known = Counter(uri for uri, *_ in files)
        return any(known[uri] > 1 and self.completed.lost & {*makers} for uri, *makers in files)


def reaches_no_less(seen: Compared) -> None:
    """What is recalled reaches all that it would have, had nothing been lost.

    A flow that records itself may name too much at a join; its log tells which way was taken.
    """
    for label, named in seen.whole.reach.items():
        reached = named & seen.logged.reach.get(label, set())
        found = seen.completed.reach.get(label)
        hold(found is not None, f"{label} is not there")
        hold(reached <= (found or set()), f"{label} reaches not {reached - (found or set())}")


def reaches_no_more(seen: Compared) -> None:
    """Nor more, where nothing misread a file and nothing took the place of the whole state."""
    if seen.is_misread or seen.replaces:
        return
    for label, reached in seen.completed.reach.items():
        expected = seen.whole.reach.get(label, set())
        hold(reached <= expected, f"{label} reaches {reached - expected} as well")


def follows_no_less(seen: Compared) -> None:
    """The order of the actions is known whole."""
    hold(seen.whole.followed <= seen.completed.followed, "order")


def keeps_the_newest(seen: Compared) -> None:
    """The current content of a file is of who wrote it last."""
    whole, completed = seen.whole.newest, seen.completed.newest
    hold(whole == completed, f"{whole} became {completed}")


def lacks_nothing(seen: Compared) -> None:
    """What was linked is no longer said to be missing."""
    hold(not seen.completed.missing, f"{seen.completed.missing}")


LAWS = (reaches_no_less, reaches_no_more, follows_no_less, keeps_the_newest, lacks_nothing)
