"""Recalls and what follows from them, as JSON shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from braid_db.cli.as_json import record_json
from braid_db.views import Page

if TYPE_CHECKING:
    from braid_db.recall.outcomes import ActionOutcome
    from braid_db.recall.views import (
        Plan,
        PlannedUse,
        PlannedWork,
        Preview,
        Reached,
        RecallView,
        RecallWithReach,
        Reinstated,
    )


def recall_json(recall: RecallView) -> dict[str, object]:
    """Return one recall; its reach is counted by ways, its action runs by their states."""
    return asdict(recall) | {"is_standing": recall.is_standing}


def outcome_json(outcome: ActionOutcome) -> dict[str, object]:
    """Return one action run."""
    return asdict(outcome)


def recall_with_reach_json(
    shown: RecallWithReach, actions: Sequence[ActionOutcome]
) -> dict[str, object]:
    """Return one recall with what it reaches and what became of its actions."""
    return {
        "recall": recall_json(shown.recall),
        "by_kind": dict(shown.by_kind),
        "by_run": _by_run(shown.by_run),
        "reached": _reached(shown.reached),
        "action_runs": [outcome_json(one) for one in actions],
    }


def preview_json(shown: Preview, lacks: Sequence[str | None]) -> dict[str, object]:
    """Return what a recall would do.

    :param lacks: why each action could not be started here; None where it could.
    """
    return {
        "roots": [record_json(root) for root in shown.roots],
        "reached": _reached(shown.reached),
        "by_kind": dict(shown.by_kind),
        "by_run": _by_run(shown.by_run),
        "by_way": dict(shown.by_way),
        "by_revision": _reached(shown.by_revision),
        "invalid_already": _reached(shown.invalid_already),
        "only_by_order": _reached(shown.only_by_order),
        "actions": [
            asdict(action) | {"not_here_because": lack}
            for action, lack in zip(shown.actions, lacks, strict=True)
        ],
    }


def reinstated_json(done: Reinstated) -> dict[str, object]:
    """Return what taking a recall back has changed."""
    return {
        "recall": recall_json(done.recall),
        "valid_again": done.valid_again,
        "still_invalid": done.still_invalid,
        "cancelled": [outcome_json(one) for one in done.cancelled],
        "begun": [outcome_json(one) for one in done.begun],
    }


def plan_json(plan: Plan) -> dict[str, object]:
    """Return what has to be done, each piece of work after what it depends on."""
    return {
        "recalls": [recall_json(one) for one in plan.recalls],
        "work": [_work(one) for one in plan.work.items],
        "total": plan.work.total,
        "hidden": plan.work.hidden,
        "done": plan.done,
    }


def _work(work: PlannedWork) -> dict[str, object]:
    return {
        "do": "run again" if work.is_step else "give anew",
        "record": record_json(work.record),
        "flow_id": work.flow_id,
        "inputs": [_use(one) | {"can_be_kept": one.can_be_kept} for one in work.inputs],
        "outputs": [_use(one) for one in work.outputs],
    }


def _use(use: PlannedUse) -> dict[str, object]:
    return {
        "record": record_json(use.record),
        "role": use.role.value,
        "newer_version": use.newer_version,
    }


def _by_run(counts: Mapping[str | None, int]) -> list[dict[str, object]]:
    return [{"run_id": run_id, "records": count} for run_id, count in counts.items()]


def _reached(page: Page[Reached]) -> dict[str, object]:
    records = [record_json(one.record) | {"way": one.way.value} for one in page.items]
    return {"records": records, "total": page.total, "hidden": page.hidden}
