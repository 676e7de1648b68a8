"""The laws of lineage hold for any history and any graph, on each database."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.effort import thorough
from tests.recall.histories.strategies import histories
from tests.recall.histories.telling import Database
from tests.recall.histories.world import History
from tests.records.lineages.asking import Question, inquire, questions
from tests.records.lineages.graphs import Graph, graphs
from tests.records.lineages.laws import LAWS

some_questions = st.lists(questions, min_size=1, max_size=3)


def test_the_laws_hold_at_any_moment_of_a_history(database: Database) -> None:
    @thorough(150)
    @given(histories(), some_questions)
    def hold(history: History, asked: list[Question]) -> None:
        _hold(history, asked, database)

    hold()


def test_the_laws_hold_for_any_graph(database: Database) -> None:
    @thorough(200)
    @given(graphs, some_questions)
    def hold(graph: Graph, asked: list[Question]) -> None:
        _hold(graph, asked, database)

    hold()


def _hold(told: History | Graph, asked: list[Question], database: Database) -> None:
    for inquiry in inquire(told, asked, database):
        for law in LAWS:
            law(inquiry)
