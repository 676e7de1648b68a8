"""Each law of versions is seen to fail where its rule is taken out of the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st

from braid_db.errors import BraidError
from braid_db.store import Store, Transaction
from tests.records.changes.faults import FAULTS
from tests.records.changes.happenings import History, histories
from tests.records.changes.laws import LAWS
from tests.records.changes.telling import Telling, Within, tell
from tests.records.histories.faults.planting import Fault
from tests.records.histories.laws import LawBroken

EXAMPLES = 300
"""How many histories a fault may survive at most."""


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("faults") / "braid.db"
    store = Store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_law_is_seen_to_fail_on_a_planted_fault(
    fault: Fault, one_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.one_of(*(fault.among or (histories,))))
    def breaks(history: History) -> None:
        # In one transaction, which is many times as fast, and leaves nothing behind.
        one_store.write(lambda tx: fault.law(told(tx, history)), alone=True)

    with pytest.raises(LawBroken):
        breaks()


def told(tx: Transaction, history: History) -> Telling:
    """Return a history as it was told; a fault that refuses a change breaks no law by that."""
    try:
        return tell(Within(tx), history)
    except BraidError:
        reject()


def test_every_law_has_a_fault_that_breaks_it() -> None:
    assert {fault.law for fault in FAULTS} == set(LAWS)
