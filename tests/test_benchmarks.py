"""Tests of how the benchmarks end: by their exit code somebody knows whether all is as promised."""

from __future__ import annotations

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, main
from tests.benchmarks.turns import Compared


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks that have been run: one within what is promised, one above, one without."""
    promises = {"within": 2.0, "above": 1.9, "without": None}
    for name, at_most in promises.items():
        result = Compared(name, [2.0], [1.0], at_most)
        monkeypatch.setitem(BENCHMARKS, name, lambda *_, result=result: result)


@pytest.mark.usefixtures("measured")
def test_a_ratio_above_what_is_promised_is_a_failure() -> None:
    main(["within", "without"])
    with pytest.raises(SystemExit) as ended:
        main(["within", "above", "without"])
    assert ended.value.code == "Above what is promised: above."
