"""The laws of the data model hold for random histories, on each database."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.effort import thorough
from tests.records.histories.laws import (
    LAWS,
    both_databases_hold_the_same,
    the_lineage_of_what_can_be_known_is_the_true_one,
)
from tests.records.histories.recording import Database, opened, record, record_on_both
from tests.records.histories.strategies import (
    MANNERS_THAT_TELL_ALL,
    Manner,
    histories,
)
from tests.records.histories.world import History


def test_the_laws_hold_for_any_history(database: Database) -> None:
    @thorough(500)
    @given(histories())
    def hold(history: History) -> None:
        recording = record(history, database)
        for law in LAWS:
            law(recording)

    hold()


@pytest.mark.parametrize("manner", MANNERS_THAT_TELL_ALL, ids=lambda manner: manner.name)
def test_what_each_step_used_and_wrote_is_right_where_all_is_told(
    manner: Manner, database: Database
) -> None:
    @thorough(200)
    @given(histories(manner))
    def holds(history: History) -> None:
        the_lineage_of_what_can_be_known_is_the_true_one(record(history, database))

    holds()


def test_both_databases_give_the_same_rows_and_results(
    sqlite_url: str, postgresql_url: str
) -> None:
    with opened(sqlite_url) as one, opened(postgresql_url) as other:

        @thorough(200)
        @given(histories())
        def holds(history: History) -> None:
            both_databases_hold_the_same(*record_on_both(history, one, other))

        holds()
