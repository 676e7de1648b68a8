"""Random records with typed tags, and random conditions on them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from braid_db.conditions import And, Condition, Field, Not, Op, Or, TagKey, Test
from tests.records.searching.plain import Known

KEYS = ("loss", "fit.loss", 'odd "key"', "name", "select")
LARGE = 2**53
TEXTS = ("", "a", "A", "8-ID", "8_ID", "100%", "it's", "'; drop table tag; --", "a\\b", "true", "1")
TEXTS += (
    "\uffff",
    "\U0001f52c",
    "ä",
    "x" * 199 + "a",
    "x" * 199 + "ab",
    "x" * 250,
    "*",
    "[a]",
    "?",
)
NUMBERS = (0, 1, -1, 0.1, -0.0, 1.0, 1.5, 1e300, -1e300, 5e-324, 10**30, -(10**30))
NUMBERS += tuple(sign * (LARGE + d) for sign in (1, -1) for d in (-1, 0, 1, 2, 3))
NUMBERS += (float(LARGE), float(-LARGE), 2**70, 2**70 + 1, float(2**70), 10**17, 99999999999999999)
UNCOMPARED = (float("nan"), float("inf"), float("-inf"), 10**400, None, [1, 2], [])
PATTERNS = ("%", "a%", "%a", "_", "8_ID", "8\\_ID", "100\\%", "%\\\\%", "x%b", "[a]", "*", "_%a%")

texts = st.sampled_from(TEXTS)
comparable = st.one_of(texts, st.sampled_from(NUMBERS), st.booleans())
kept: st.SearchStrategy[object] = st.one_of(comparable, st.sampled_from(UNCOMPARED))
keys = st.sampled_from(KEYS)
tags = st.lists(st.tuples(keys, kept), max_size=4).map(tuple)
records = st.lists(st.builds(Known, texts, st.booleans(), tags, tags), min_size=1, max_size=6)


@st.composite
def tests(draw: Any) -> Test:
    field = draw(st.one_of(st.builds(TagKey, keys), st.sampled_from([Field.NAME, Field.VALID])))
    if field is Field.VALID:
        return Test(field, draw(st.sampled_from([Op.IN, Op.OTHER])), (draw(st.booleans()),))
    values = texts if field is Field.NAME else comparable
    op = draw(st.sampled_from([one for one in Op if one is not Op.CONTAINS]))
    if op is Op.KNOWN:
        return Test(field, op)
    if op is Op.LIKE:
        return Test(field, op, (draw(st.sampled_from(PATTERNS)),))
    if op is Op.IN:
        return Test(field, op, tuple(draw(st.lists(values, min_size=1, max_size=3))))
    ordered = op is not Op.OTHER
    one = draw(values.filter(lambda value: not (ordered and isinstance(value, bool))))
    return Test(field, op, (one,))


def deeper(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


conditions: st.SearchStrategy[Condition] = st.recursive(tests(), deeper, max_leaves=5)
