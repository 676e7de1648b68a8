"""The laws of versions hold for any changes, on each database."""

from __future__ import annotations

from hypothesis import given

from braid_db.store import Store
from tests.effort import thorough
from tests.records.changes.happenings import History, histories, retraining
from tests.records.changes.laws import LAWS
from tests.records.changes.telling import tell


def test_the_laws_hold_for_any_changes(store: Store) -> None:
    """One database serves all the histories, as each has a folder of its own."""

    @thorough(200)
    @given(histories)
    def hold(history: History) -> None:
        telling = tell(store, history)
        for law in LAWS:
            law(telling)

    hold()


def test_a_model_that_learns_from_its_inferences_is_one_record_without_circles(
    store: Store,
) -> None:
    telling = tell(store, retraining(rounds=8))
    model, inference = telling.records[:2]
    for law in LAWS:
        law(telling)
    seen = telling.look()
    assert [said[0] for said in seen.versions[model]] == list(range(1, 10))
    learned = {edge for edge in seen.edges if edge[2] == "derived" and edge[0][0] == inference}
    assert len(learned) == 8
    assert len({edge for edge in seen.edges if edge[2] == "revision"}) == 8
