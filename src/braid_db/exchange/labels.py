"""What a record is called in a graph, and which names the graph's text gives it."""

from __future__ import annotations

from collections.abc import Iterator

from braid_db.views import Edge, Lineage, RecordView


def records_of(lineage: Lineage) -> Iterator[RecordView]:
    """Yield every record of a lineage, the one that was asked about first."""
    yield lineage.start
    yield from (node.record for node in lineage.nodes)


def node_id(record_id: int, version: int) -> str:
    """Return a name for a node that every graph language takes as it is."""
    return f"r{record_id}v{version}"


def edge_ids(edge: Edge) -> tuple[str, str]:
    """Return the names of an edge's two ends, predecessor first: the way that data went."""
    predecessor = node_id(edge.predecessor_id, edge.predecessor_version)
    return predecessor, node_id(edge.derived_id, edge.derived_version)


def heading(record: RecordView) -> str:
    """Return a record's kind and id, its version where it has several, and whether it is valid."""
    version = f" v{record.version}" if record.versions > 1 else ""
    return f"{record.kind} {record.record_id}{version}{'' if record.valid else ' (invalid)'}"


def one_line(name: str, limit: int = 120) -> str:
    """Return a name that fits into a drawing: printable characters, and not too many of them."""
    text = "".join(letter if letter.isprintable() else " " for letter in name[: limit + 1])
    return text if len(name) <= limit else f"{text[: limit - 3]}..."
