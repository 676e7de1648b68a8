"""What a database holds, without what differs from one database to another."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

from tests.functions.calls import Endpoint

_ITS_OWN = ("uid", "origin", "created_at", "invalidation_action_id", "tag_id", "uri_id")


def contents(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables, each without times and what is drawn at random."""
    with closing(Endpoint(url)) as at_work:
        return {
            table: sorted((_normal(vars(row)) for row in at_work.rows(table)), key=repr)
            for table in at_work.counts()
        }


def result_alone(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without what differs from one database to another."""
    return {key: value for key, value in result.items() if key not in _DIFFERS}


_DIFFERS = ("database", "invalidation_action_id")


def _normal(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in _ITS_OWN}
    if "result" in kept:
        kept["result"] = result_alone(json.loads(kept["result"]))
        # Arguments may name an action, whose id is drawn at random.
        kept.pop("arguments_sha256")
    return kept
