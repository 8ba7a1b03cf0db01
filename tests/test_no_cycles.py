"""No module leads back to itself, by whatever import: at its top, in a function, or of types alone.

All three count, for two modules that need each other are one idea in two places. What does not count is that Python
runs the packages above a module first.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def sources() -> dict[str, str]:
    """The text of every module, by its name."""
    files = [(path, base) for base in (ROOT, ROOT / "runners") for path in base.glob("lmcspec*/**/*.py")]
    return {_name(path.relative_to(base)): path.read_text(encoding="utf-8") for path, base in files}


def _name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(texts: dict[str, str]) -> dict[str, set[str]]:
    """By module the modules that it imports; `from package import name` is of a module of that name if there is one."""
    return {module: set(_imported(ast.parse(text), texts)) - {module} for module, text in texts.items()}


def _imported(tree: ast.Module, modules: dict[str, str]) -> Iterator[str]:
    for node in _statements(tree.body):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names if alias.name in modules)
            case ast.ImportFrom(module=str(module), level=0) if module in modules:
                whole = (f"{module}.{alias.name}" for alias in node.names)
                yield from (name if name in modules else module for name in whole)
            case ast.ImportFrom(level=level):
                assert level == 0, "relative imports are not followed"


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All of them, those inside others too. Only statements import, so that expressions needn't be looked at."""
    for statement in body:
        yield statement
        for inside in ("body", "orelse", "handlers", "finalbody", "cases"):
            yield from _statements(getattr(statement, inside, []))


def test_no_module_leads_back_to_itself():
    graph = imports(sources())
    assert len(graph) > 300 and sum(map(len, graph.values())) > 1000, "the house is read"
    TopologicalSorter(graph).prepare()  # CycleError names the circle


@pytest.mark.parametrize(
    "back",
    ["import p.a", "def f():\n    from p import a", "if TYPE_CHECKING:\n    from p.a import A", "from p.c import x"],
)
def test_a_circle_is_found(back):
    texts = {"p": "", "p.a": "from p.b import x", "p.b": back, "p.c": "from p import a"}
    with pytest.raises(CycleError, match=r"p\.a"):
        TopologicalSorter(imports(texts)).prepare()
