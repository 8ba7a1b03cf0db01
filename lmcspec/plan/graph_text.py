"""A drawing of a plan as text for Graphviz (`dot`), or for Mermaid, which GitHub and notebooks draw by themselves."""

from collections.abc import Iterator

from lmcspec.base.visible import one_line
from lmcspec.plan.drawing import Drawing

COLOURS = {"run": "#cfe8cf", "blocked": "#f6d0cc", "reuse": "#e6e6e6", "other": "#ffffff"}
"""Of boxes, by what becomes of their tasks."""

_MERMAID = str.maketrans({sign: f"#{ord(sign)};" for sign in '"#<>&;`\\'})
"""Signs that Mermaid, or the page around it, would take for its own."""


def dot(drawing: Drawing) -> str:
    """The drawing in Graphviz's language."""
    return "\n".join(_dot(drawing))


def mermaid(drawing: Drawing) -> str:
    """The drawing as a flowchart of Mermaid's."""
    return "\n".join(_mermaid(drawing))


def _dot(drawing: Drawing) -> Iterator[str]:
    yield f"digraph {_quoted(drawing.study)} {{"
    yield "  rankdir=LR;"
    yield '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=10];'
    if drawing.note:
        yield f"  label={_quoted(drawing.note)};"
    for box in drawing.boxes:
        label = "\\n".join(_quoted(line)[1:-1] for line in box.lines)
        yield f'  {box.name} [label="{label}", fillcolor="{COLOURS[box.state]}"];'
    for source, target in drawing.arrows:
        yield f"  {source} -> {target};"
    yield "}"


def _quoted(text: str) -> str:
    """A quoted string of dot's, in which a backslash is one and no label of its own language."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mermaid(drawing: Drawing) -> Iterator[str]:
    yield "flowchart LR"
    if drawing.note:
        yield f"  %% {one_line(drawing.note)}"
    for box in drawing.boxes:
        label = "<br/>".join(one_line(line).translate(_MERMAID) for line in box.lines)
        yield f'  {box.name}["{label}"]:::{box.state}'
    for source, target in drawing.arrows:
        yield f"  {source} --> {target}"
    for state in dict.fromkeys(box.state for box in drawing.boxes):
        yield f"  classDef {state} fill:{COLOURS[state]},stroke:#666,color:#111"
