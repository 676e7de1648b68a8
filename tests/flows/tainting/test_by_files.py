"""Transfer, compute on the file, transfer back, where nothing but paths in the input joins them.

So Gladier's flows are: each tool is given its paths by the flow's input, and no action reads what
another one left. What came of the first source is then known by the files alone.
"""

from __future__ import annotations

from typing import Any

import pytest

from braid_db.flows.instrumenting import instrument
from tests.flows.instrumenting.test_each import action, flow
from tests.flows.instrumenting.world import COLLECTIONS, INPUT, REGISTERED, TRANSFER, run
from tests.flows.reconciling.books import Book, book, read
from tests.functions.calls import Endpoint

HOME, CLUSTER = COLLECTIONS["source_endpoint"], COLLECTIONS["destination_endpoint"]
PATHS = {"raw": "/data/raw.h5", "staged": "/scratch/raw.h5", "made": "/scratch/fit.h5"}
GIVEN = {**INPUT, "input": {**PATHS, "kept": "/data/fit.h5", "beside": "/data/dark.h5"}}


def there_and_back(place: str | None) -> dict[str, Any]:
    """Return the flow.

    :param place: where both transfers leave their result; each has its own when None.
    """
    used = {"name": "raw", "uris.=": f"'globustransfer://{CLUSTER}' + input.staged"}
    made = {"name": "fit", "uris.=": f"'globustransfer://{CLUSTER}' + input.made"}
    return flow(
        In=moved(place or "In", HOME, CLUSTER, raw="staged", beside="made_of_nothing"),
        Fit=action("Fit", Parameters={"provenance": {"inputs": [used], "outputs": [made]}}),
        Back=moved(place or "Back", CLUSTER, HOME, made="kept"),
    )


def moved(place: str, source: str, destination: str, **items: str) -> dict[str, Any]:
    data = [
        {"source_path.$": f"$.input.{one}", "destination_path.=": f"getattr('input.{other}', '/b')"}
        for one, other in items.items()
    ]
    ends = {"source_endpoint": source, "destination_endpoint": destination}
    return action(place, ActionUrl=TRANSFER, Parameters={**ends, "DATA": data})


def record(endpoint: Endpoint, collection: str, name: str) -> int:
    uri = f"globustransfer://{collection}{GIVEN['input'][name]}"
    [found] = [row.record_id for row in endpoint.rows("uri") if row.uri == uri]
    return found


def assert_reached(kept: Book, data: int) -> None:
    """Assert that a recall of what came in reaches what went back, through data; and no more."""
    endpoint = kept.endpoint
    roles = {role for _, role, _ in endpoint.edges()}
    assert ("informed" in roles) is bool(data)
    last, first = record(endpoint, HOME, "kept"), record(endpoint, HOME, "raw")
    reached = set(kept.reached_from(content_of(endpoint, first)))
    assert content_of(endpoint, last) in reached
    beside = set(kept.reached_from(content_of(endpoint, record(endpoint, HOME, "beside"))))
    assert content_of(endpoint, last) not in beside
    endpoint.recall(record_id=first, cause="misaligned")
    assert endpoint.check(record_ids=last)["valid"] is False


def content_of(endpoint: Endpoint, record_id: int) -> int:
    rows = [row for row in endpoint.rows("version") if row.record_id == record_id]
    found: int = max(rows, key=lambda row: row.number).content_id
    return found


@pytest.mark.parametrize("place", [None, "Transfer"])
@pytest.mark.parametrize("mode", ["each", "once", "log"])
def test_a_recall_of_the_first_source_reaches_the_last_destination_by_files_alone(
    endpoint: Endpoint, mode: str, place: str | None
) -> None:
    plain = there_and_back(place)
    woven = plain if mode == "log" else instrument(plain, mode=mode, registered=REGISTERED)
    definition = woven if isinstance(woven, dict) else woven.definition
    if mode == "once" and place is not None:
        [lost] = [one for one in woven.warnings if "is lost" in one.sentence]  # type: ignore[union-attr]
        assert (lost.state, "reconcile" in lost.sentence) == ("In", True)
    ran = run(definition, run_input=GIVEN, run_id="r")
    assert ran.run.succeeded
    with book(endpoint.url) as kept:
        if mode == "log" or (mode == "once" and place is not None):
            kept.reconcile(read(ran.log, definition))
        assert_reached(kept, data=0)
