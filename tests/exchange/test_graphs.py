"""Tests that lineage becomes graph text which no name can break."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braid_db.exchange.dot import dot
from braid_db.exchange.mermaid import mermaid, mermaid_page
from braid_db.model import Kind, Role
from braid_db.views import Direction, Edge, Lineage, LineageNode, RecordView

HOSTILE = [
    'a"b\\"c',
    '"]:::evil; click r1v1 "javascript:alert(1)"',
    "</pre><script>alert(1)</script>",
    "#35; &quot; &lt;",
    "1. list\n- item\n---",
    "`code` *bold* _it_ $$x$$ fa:fa-car",
    "%%{init: {}}%%",
    "{{{ [|> ]]] ~~~ @{shape: x}",
    "end",
    "subgraph",
    "\x1b[31mred\x1b[0m\u202e",
    "trailing backslash \\",
    "é 漢字",
    "x" * 5000,
    "",
]


def view(
    record_id: int, kind: Kind = Kind.DATA, *, name: str = "x", valid: bool = True
) -> RecordView:
    return RecordView(
        record_id=record_id,
        version=2 if record_id == 9 else 1,
        kind=kind,
        name=name,
        uris=(),
        tags={},
        run_id=None,
        valid=valid,
        uid="",
        sha256=None,
        size_bytes=None,
        created_by=None,
        created_at="",
        versions=3 if record_id == 9 else 1,
    )


def lineage_of(name: str) -> Lineage:
    """A record with one predecessor of a given name."""
    return Lineage(
        start=view(1, Kind.STEP),
        direction=Direction.UP,
        nodes=(LineageNode(view(2, name=name), 1),),
        edges=(Edge(2, 1, 1, 1, Role.USED),),
    )


KINDS = Lineage(
    start=view(1, Kind.STEP, name="Merge"),
    direction=Direction.UP,
    nodes=(
        LineageNode(view(2, Kind.FACT, name="prime.phil"), 1),
        LineageNode(view(3, Kind.DATA, name="int 1", valid=False), 1),
        LineageNode(view(4, Kind.MODEL), 1),
        LineageNode(view(5, Kind.STATEMENT), 1),
        LineageNode(view(6, Kind.TRANSFER), 1),
        LineageNode(view(9, Kind.DATA), 2),
    ),
    edges=(Edge(3, 1, 1, 1, Role.USED), Edge(9, 2, 3, 1, Role.REVISION)),
)


def test_a_mermaid_graph_has_its_nodes_by_kind_and_its_edges_by_role() -> None:
    lines = [line.strip() for line in mermaid(KINDS).splitlines()]
    assert lines[0] == "flowchart TD"
    assert 'r1v1("step 1: Merge"):::step' in lines
    assert 'r2v1[/"fact 2: prime.phil"/]:::fact' in lines
    assert 'r3v1[("data 3 (invalid): int 1")]:::data' in lines
    assert 'r9v2[("data 9 v2: x")]:::data' in lines
    assert "r3v1 -->|used| r1v1" in lines
    assert "r9v2 -->|revision| r3v1" in lines
    assert "class r3v1 invalid" in lines
    assert "class r1v1 asked" in lines
    classes = {line.split()[1] for line in lines if line.startswith("classDef")}
    assert classes == {*(kind.value for kind in Kind), "invalid", "asked"}


def test_a_dot_graph_has_its_nodes_by_kind_and_its_edges_by_role() -> None:
    lines = [line.strip() for line in dot(KINDS).splitlines()]
    assert lines[0] == "digraph lineage {"
    assert lines[-1] == "}"
    [invalid] = [line for line in lines if line.startswith("r3v1 [")]
    assert invalid.startswith('r3v1 [label="data 3 (invalid)\\nint 1", shape=cylinder')
    assert 'style="filled,dashed"' in invalid
    [start] = [line for line in lines if line.startswith("r1v1 [")]
    assert "penwidth=3" in start
    assert 'r3v1 -> r1v1 [label="used"];' in lines
    shapes = {match[1] for match in re.finditer(r"shape=(\w+)", dot(KINDS))}
    assert len(shapes) == len(Kind)


def assert_mermaid_holds(name: str) -> None:
    [line] = [line for line in mermaid(lineage_of(name)).splitlines() if "r2v1[" in line]
    label = re.fullmatch(r' {4}r2v1\[\("(.*)"\)\]:::data', line)
    assert label is not None
    without_codes = re.sub(r"#\d+;", "", label[1])
    assert re.fullmatch(r"data 2: [^\"#;<>&`*_$%{}\[\]|~\\:\x00-\x1f\x7f-\x9f]*", without_codes)
    text = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label[1])
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    assert text == f"data 2: {shown if len(name) <= 120 else shown[:117] + '...'}"


def assert_dot_holds(name: str) -> None:
    [line] = [line for line in dot(lineage_of(name)).splitlines() if "r2v1 [" in line]
    label = re.match(r' {4}r2v1 \[label="((?:[^"\\]|\\.)*)", shape=cylinder', line)
    assert label is not None
    heading, escaped = label[1].split("\\n", 1)
    assert heading == "data 2"
    text = html.unescape(re.sub(r"\\(.)", r"\1", escaped))
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    assert text == (shown if len(name) <= 120 else shown[:117] + "...")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_label(name: str) -> None:
    assert_mermaid_holds(name)
    assert_dot_holds(name)


@given(st.text())
def test_any_name_stays_a_label(name: str) -> None:
    assert_mermaid_holds(name)
    assert_dot_holds(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_shows_the_graph_as_text_and_no_name_becomes_part_of_it(name: str) -> None:
    lineage = lineage_of(name)
    named = Lineage(view(1, name=name), Direction.UP, lineage.nodes, lineage.edges)
    page = mermaid_page(named)
    [shown] = re.findall(r'<pre class="mermaid">\n(.*?)</pre>', page, re.DOTALL)
    assert html.unescape(shown) == mermaid(named)
    assert page.count("<script") == page.count("</script>") == 1
    assert page.count("<pre") == 1
