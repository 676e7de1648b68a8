"""Lineage as a graph in Graphviz's DOT language."""

from __future__ import annotations

from collections.abc import Iterator

from braid_db.exchange.labels import edge_ids, heading, node_id, one_line, records_of
from braid_db.model import Kind
from braid_db.views import Lineage, RecordView

_LOOKS = {
    Kind.FACT: 'shape=parallelogram, fillcolor="#fff2cc"',
    Kind.DATA: 'shape=cylinder, fillcolor="#dae8fc"',
    Kind.MODEL: 'shape=box3d, fillcolor="#e1d5e7"',
    Kind.STATEMENT: 'shape=hexagon, fillcolor="#d5e8d4"',
    Kind.STEP: 'shape=box, fillcolor="#f5f5f5"',
    Kind.TRANSFER: 'shape=cds, fillcolor="#ffe6cc"',
}


def dot(lineage: Lineage) -> str:
    """Return a lineage as a DOT graph.

    Arrows lead from a predecessor to what derives from it and carry the role; shape and colour
    tell the kind; what is invalid has a broken red line, and what was asked about a thick one.
    """
    return "".join(f"{line}\n" for line in _lines(lineage))


def _lines(lineage: Lineage) -> Iterator[str]:
    yield "digraph lineage {"
    yield "    rankdir=TB;"
    yield '    node [style=filled, fontname="sans-serif"];'
    yield '    edge [fontname="sans-serif", fontsize=10];'
    for record in records_of(lineage):
        yield f"    {_node(record, is_start=record == lineage.start)};"
    for edge in lineage.edges:
        predecessor, derived = edge_ids(edge)
        yield f'    {predecessor} -> {derived} [label="{edge.role}"];'
    yield "}"


def _node(record: RecordView, *, is_start: bool) -> str:
    label = rf"{_escaped(heading(record))}\n{_escaped(one_line(record.name))}"
    attributes = [f'label="{label}"', _LOOKS[record.kind]]
    if is_start:
        attributes.append("penwidth=3")
    if not record.valid:
        attributes.append('color="#cc0000", style="filled,dashed"')
    return f"{node_id(record.record_id, record.version)} [{', '.join(attributes)}]"


def _escaped(text: str) -> str:
    """Return a text for a quoted string, in which DOT also reads HTML's entities."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
