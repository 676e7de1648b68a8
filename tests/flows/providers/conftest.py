"""Two collections for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.providers.doing import Sites


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    return Sites(tmp_path)
