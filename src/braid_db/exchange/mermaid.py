"""Lineage as a Mermaid flowchart, and as a page that shows it."""

from __future__ import annotations

import html
from collections.abc import Iterator

from braid_db.exchange.labels import edge_ids, heading, node_id, one_line, records_of
from braid_db.model import Kind
from braid_db.views import Lineage, RecordView

_SHAPES = {
    Kind.FACT: ("[/", "/]"),
    Kind.DATA: ("[(", ")]"),
    Kind.MODEL: ("[[", "]]"),
    Kind.STATEMENT: ("{{", "}}"),
    Kind.STEP: ("(", ")"),
    Kind.TRANSFER: ("([", "])"),
}

_COLOURS = {
    Kind.FACT: "fill:#fff2cc,stroke:#b38600,color:#000",
    Kind.DATA: "fill:#dae8fc,stroke:#3465a4,color:#000",
    Kind.MODEL: "fill:#e1d5e7,stroke:#75507b,color:#000",
    Kind.STATEMENT: "fill:#d5e8d4,stroke:#4e9a06,color:#000",
    Kind.STEP: "fill:#f5f5f5,stroke:#555753,color:#000",
    Kind.TRANSFER: "fill:#ffe6cc,stroke:#ce5c00,color:#000",
}

_MARKS = {
    "invalid": "stroke:#cc0000,stroke-width:3px,stroke-dasharray:6 3",
    "asked": "stroke-width:4px",
}

_PLAIN = frozenset(" .,/-=+@()")
"""What stands in a label as it is, beside letters and digits: neither Mermaid nor Markdown means
anything by it within a line that begins with a word."""

_RENDERER = "https://cdn.jsdelivr.net/npm/mermaid@11/dist/mermaid.esm.min.mjs"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>body {{ font-family: sans-serif; margin: 2em; }} pre {{ overflow: auto; }}</style>
</head>
<body>
<h1>{title}</h1>
<p>The lineage below is drawn where this page can load Mermaid from {renderer}. Without a network
it stays text, which any Mermaid tool draws.</p>
<pre class="mermaid">
{text}</pre>
<script type="module">
import mermaid from "{renderer}";
mermaid.initialize({{
  startOnLoad: true, securityLevel: "strict", maxTextSize: 10000000, maxEdges: 100000,
}});
</script>
</body>
</html>
"""


def mermaid(lineage: Lineage) -> str:
    """Return a lineage as a Mermaid flowchart.

    Arrows lead from a predecessor to what derives from it and carry the role; shape and colour
    tell the kind; what is invalid has a broken red line, and what was asked about a thick one.
    """
    return "".join(f"{line}\n" for line in _lines(lineage))


def mermaid_page(lineage: Lineage) -> str:
    """Return an HTML page that shows a lineage, drawn where Mermaid can be loaded."""
    title = f"Lineage of {heading(lineage.start)}: {one_line(lineage.start.name)}"
    text = html.escape(mermaid(lineage))
    return _PAGE.format(title=html.escape(title), text=text, renderer=_RENDERER)


def _lines(lineage: Lineage) -> Iterator[str]:
    records = list(records_of(lineage))
    yield "flowchart TD"
    yield from (f"    {_node(record)}" for record in records)
    for edge in lineage.edges:
        predecessor, derived = edge_ids(edge)
        yield f"    {predecessor} -->|{edge.role}| {derived}"
    for kind in sorted({record.kind for record in records}):
        yield f"    classDef {kind} {_COLOURS[kind]}"
    yield from (f"    classDef {mark} {look}" for mark, look in _MARKS.items())
    invalid = [_id(record) for record in records if not record.valid]
    if invalid:
        yield f"    class {','.join(invalid)} invalid"
    yield f"    class {_id(lineage.start)} asked"


def _node(record: RecordView) -> str:
    opening, closing = _SHAPES[record.kind]
    label = f"{_escaped(heading(record))}: {_escaped(one_line(record.name))}"
    return f'{_id(record)}{opening}"{label}"{closing}:::{record.kind}'


def _id(record: RecordView) -> str:
    return node_id(record.record_id, record.version)


def _escaped(text: str) -> str:
    """Return a text with all that Mermaid could read as more than text as character codes."""
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};" for letter in text
    )
