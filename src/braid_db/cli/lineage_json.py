"""Answers about lineage as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from braid_db.cli.as_json import record_json
from braid_db.views import CommonAncestor, Edge, Explanation, Lineage, Page, PathStep, RecordView


def lineage_json(lineage: Lineage) -> dict[str, object]:
    """Return a lineage: its records, nearest first, and the edges among them."""
    nodes = [record_json(node.record) | {"distance": node.distance} for node in lineage.nodes]
    return {
        "record": record_json(lineage.start),
        "direction": lineage.direction.value,
        "records": nodes,
        "edges": [_edge_json(edge) for edge in lineage.edges],
        "is_cut": lineage.is_cut,
        "total": lineage.total,
        "hidden": lineage.total - len(nodes),
    }


def paths_json(paths: Iterable[Sequence[PathStep]]) -> dict[str, object]:
    """Return ways from one record to another, each from the ancestor on."""
    return {
        "paths": [[record_json(step.record) | {"role": step.role} for step in way] for way in paths]
    }


def common_json(found: Page[CommonAncestor]) -> dict[str, object]:
    """Return what two records both came from, with both distances."""
    records = [
        record_json(one.record) | {"distance": one.distance, "other_distance": one.other_distance}
        for one in found.items
    ]
    return {"records": records, "total": found.total, "hidden": found.hidden}


def explanation_json(told: Explanation) -> dict[str, object]:
    """Return how a record came about; records are named by id and version where they recur."""
    return {
        "record": record_json(told.record),
        "given": [record_json(one) for one in told.given],
        "steps": [
            record_json(one.step)
            | {"used": list(map(_named, one.used)), "made": list(map(_named, one.made))}
            for one in told.steps
        ],
        "derived": [
            {"predecessor": _named(source), "derived": _named(derived), "role": role.value}
            for source, derived, role in told.derived
        ],
        "hidden": told.hidden,
    }


def _named(record: RecordView) -> dict[str, object]:
    return {
        "record_id": record.record_id,
        "version": record.version,
        "kind": record.kind.value,
        "name": record.name,
        "valid": record.valid,
    }


def _edge_json(edge: Edge) -> dict[str, object]:
    return {
        "predecessor": {"record_id": edge.predecessor_id, "version": edge.predecessor_version},
        "derived": {"record_id": edge.derived_id, "version": edge.derived_version},
        "role": edge.role.value,
    }
