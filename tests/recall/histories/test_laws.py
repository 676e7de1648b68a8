"""The laws of recalls hold for random histories, on each database."""

from __future__ import annotations

from hypothesis import given

from tests.effort import thorough
from tests.recall.histories.calls import tell, tell_both
from tests.recall.histories.laws import LAWS, both_databases_recall_the_same
from tests.recall.histories.strategies import histories
from tests.recall.histories.telling import Database, opened
from tests.recall.histories.world import History


def test_the_laws_hold_for_any_history(database: Database) -> None:
    @thorough(500)
    @given(histories())
    def hold(history: History) -> None:
        telling = tell(history, database)
        for law in LAWS:
            law(telling)

    hold()


def test_both_databases_recall_the_same(sqlite_url: str, postgresql_url: str) -> None:
    with opened(sqlite_url) as one, opened(postgresql_url) as other:

        @thorough(200)
        @given(histories())
        def hold(history: History) -> None:
            both_databases_recall_the_same(*tell_both(history, one, other))

        hold()
