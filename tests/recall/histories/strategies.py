"""Histories at random: mostly recordings, with recalls among them from early on."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.recall.histories.world import (
    GRADES,
    Derivation,
    Edit,
    File,
    Happening,
    History,
    Link,
    Recall,
    Reinstate,
    Restore,
    RunActions,
    Step,
    Transfer,
    Update,
)

_numbers = st.integers(0, 11)
_seldom = st.one_of(st.none(), st.none(), _numbers)
_grades = st.one_of(st.none(), st.sampled_from(range(len(GRADES))))
_mirrors = st.sampled_from((None, None, 0, 1))
_files = st.builds(
    File,
    st.integers(0, 3),
    st.sampled_from((None, None, 0, 1)),
    _grades,
    _mirrors,
    is_sized=st.booleans(),
)


def _some(one: SearchStrategy[int], most: int = 2) -> SearchStrategy[tuple[int, ...]]:
    return st.lists(one, max_size=most).map(tuple)


_steps = st.builds(
    Step,
    reads=st.lists(_files, max_size=2).map(tuple),
    pinned=_some(_numbers, 1),
    writes=st.lists(_files, max_size=2).map(tuple),
    makes=_some(_numbers, 1),
    after=_seldom,
    beside=_seldom,
    run=st.integers(0, 2),
)
# Steps of which nothing better is known than their order, and what hangs on them.
_flow_steps = st.builds(Step, after=_numbers, writes=st.lists(_files, max_size=1).map(tuple))
_transfers = st.builds(
    Transfer,
    task=st.integers(0, 1),
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(4, 5)), min_size=1, max_size=2).map(
        tuple
    ),
    is_of_folders=st.sampled_from((False, False, True)),
    arrives=st.sampled_from((True, True, False)),
    after=_seldom,
    is_timed=st.booleans(),
)
_updates = st.builds(Update, _numbers, _some(_numbers), _seldom, st.booleans())
_recalls = st.builds(
    Recall,
    record=_numbers,
    version=st.one_of(_numbers, st.none()),
    run=st.sampled_from((None, None, None, 0, 1, 2)),
    follow_order=st.booleans(),
)
# By what is said of records, in a time or not: any one of these, or more together.
_selections = st.builds(
    Recall,
    record=_numbers,
    run=st.sampled_from((None, None, 0, 1, 2)),
    follow_order=st.booleans(),
    grade=_grades,
    uri=st.one_of(st.none(), st.integers(0, 13)),
    all_versions=st.booleans(),
    since=_seldom,
    until=_seldom,
)

_KINDS: tuple[SearchStrategy[Happening], ...] = (
    *(_steps,) * 5,
    *(_flow_steps,) * 2,
    _transfers,
    *(st.builds(Derivation, _numbers, _numbers),) * 2,
    st.builds(Edit, _numbers, _grades, _mirrors),
    st.builds(Restore, _numbers, _numbers),
    *(_updates,) * 2,
    *(st.builds(Link, _numbers, st.integers(0, 1)),) * 2,
    *(_recalls,) * 3,
    *(_selections,) * 3,
    st.builds(Reinstate, _numbers, st.booleans()),
    st.builds(RunActions, _numbers, st.integers(1, 3)),
)
_happenings = st.integers(0, len(_KINDS) - 1).flatmap(_KINDS.__getitem__)


def histories() -> SearchStrategy[History]:
    """Return histories that begin with a recording."""
    rest = st.sampled_from(range(4, 14)).flatmap(
        lambda length: st.lists(_happenings, min_size=length, max_size=length)
    )
    return st.builds(lambda first, others: (first, *others), _steps, rest)
