"""A plan as text for Graphviz and Mermaid, read back by parsers of our own."""

import re
from types import SimpleNamespace
from typing import Any

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs_for_tests import FIG7, STABILITY, TINY, plan_of

from lmcspec.plan.drawing import MOST_ARROWS, MOST_BOXES, Box, Drawing, drawing
from lmcspec.plan.graph_text import COLOURS, dot, mermaid
from lmcspec.plan.outlook import outlook

STRING = r'"((?:[^"\\]|\\.)*)"'
DOT_BOX = re.compile(rf'  (\w+) \[label={STRING}, fillcolor="(#\w{{6}})"\];')
DOT_ARROW = re.compile(r"  (\w+) -> (\w+);")
MERMAID_BOX = re.compile(r'  (\w+)\["([^"]*)"\]:::(\w+)')
MERMAID_ARROW = re.compile(r"  (\w+) --> (\w+)")


def read_dot(text: str) -> networkx.DiGraph:
    """The graph in a text of dot's language, of which every line has to be one that we know."""
    first, *lines, last = text.split("\n")
    assert re.fullmatch(rf"digraph {STRING} {{", first) and last == "}"
    graph = networkx.DiGraph()
    for line in lines:
        if box := DOT_BOX.fullmatch(line):
            told = [re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\)(?:\\\\)*\\n", box[2])]
            graph.add_node(box[1], lines=tuple(told), colour=box[3])
        elif arrow := DOT_ARROW.fullmatch(line):
            graph.add_edge(arrow[1], arrow[2])
        else:
            assert re.fullmatch(rf"  (rankdir=LR;|node \[.*\];|label={STRING};)", line), line
    return graph


def read_mermaid(text: str) -> networkx.DiGraph:
    """The same of a flowchart of Mermaid's."""
    first, *lines = text.split("\n")
    assert first == "flowchart LR"
    graph, classes = networkx.DiGraph(), set()
    for line in lines:
        if box := MERMAID_BOX.fullmatch(line):
            told = [re.sub(r"#(\d+);", lambda sign: chr(int(sign[1])), part) for part in box[2].split("<br/>")]
            graph.add_node(box[1], lines=tuple(told), colour=box[3])
        elif arrow := MERMAID_ARROW.fullmatch(line):
            graph.add_edge(arrow[1], arrow[2])
        elif known := re.fullmatch(r"  classDef (\w+) fill:#\w{6},stroke:#666,color:#111", line):
            classes.add(known[1])
        else:
            assert line.startswith("  %% "), line
    assert classes == {graph.nodes[name]["colour"] for name in graph}
    return graph


@pytest.mark.parametrize(("write", "parse"), [(dot, read_dot), (mermaid, read_mermaid)])
def test_a_small_plan_is_drawn_task_by_task(write, parse):
    plan = plan_of(TINY)
    graph = parse(write(drawing(outlook(plan, None))))
    by_label = {lines[0]: name for name, lines in graph.nodes(data="lines")}
    assert sorted(by_label) == sorted(task.label for task in plan.counted)
    expected = {
        (by_label[plan.tasks[source].label], by_label[task.label]) for task in plan.counted for _, source in task.inputs
    }
    assert set(graph.edges) == expected
    assert networkx.is_directed_acyclic_graph(graph)


@pytest.mark.parametrize("text", [STABILITY, FIG7])
def test_what_is_many_is_drawn_together_and_every_task_is_counted(text):
    plan = plan_of(text, "replicates=1")
    view = outlook(plan, None)
    drawn = drawing(view)
    assert len(drawn.boxes) <= MOST_BOXES and len(drawn.arrows) <= MOST_ARROWS
    count = len(list(plan.counted))
    if count <= MOST_BOXES:
        assert drawn.note == "" and len(drawn.boxes) == count
        return
    assert drawn.note.startswith(f"{count:,} tasks in {len(drawn.boxes):,} boxes")
    told = [int(box.lines[-1].split(" ")[0].replace(",", "")) for box in drawn.boxes]
    assert sum(told) == count and all(box.lines[-1].endswith(" to run") for box in drawn.boxes)
    assert read_dot(dot(drawn)).number_of_edges() == read_mermaid(mermaid(drawn)).number_of_edges() == len(drawn.arrows)
    whole = drawing(view, everything=True)
    assert len(whole.boxes) == count and whole.note == ""


def test_boxes_tell_what_becomes_of_their_tasks(monkeypatch):
    plan = plan_of(TINY)
    view = outlook(plan, None)
    first, second, *others = (task.id for task in plan.counted)
    difference = view.diff._replace(run=tuple(others), reused=frozenset({first}), blocked={second: "missing"})
    changed: Any = SimpleNamespace(
        plan=plan, counted=view.counted, diff=difference, reasons={task: view.reasons[task] for task in others}
    )
    states = [box.state for box in drawing(changed).boxes]
    assert states[:2] == ["reuse", "blocked"] and set(states[2:]) == {"run"}


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(NAMES, st.lists(NAMES, min_size=2, max_size=2))
def test_any_name_stays_inside_its_box(study, lines):
    drawn = Drawing(study, (Box("t0", tuple(lines), "run"), Box("t1", ("x",), "reuse")), (("t0", "t1"),), study)
    for write, parse in ((dot, read_dot), (mermaid, read_mermaid)):
        graph = parse(write(drawn))
        assert list(graph.edges) == [("t0", "t1")]
    assert set(COLOURS) == {"run", "blocked", "reuse", "other"}
