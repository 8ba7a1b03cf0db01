# pyright: reportAttributeAccessIssue=false
"""What a kind of task computes with: the modules that it reaches through imports and through cards.

Read from the source text, so that imports in functions count and nothing is run. `lmcspec.tasks.read` serves all
kinds: of it only the functions that a kind really uses are followed.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lmcspec.catalog import built_in

FOLLOWED = (
    "lmcspec.science",
    "lmcspec.base",
    "lmcspec.tasks",
    "lmcspec.catalog.augmentation",
    "lmcspec.catalog.augmentations",
    "lmcspec.catalog.in_updates",
    "lmcspec.catalog.recipe",
    "lmcspec.catalog.schedule",
    "lmcspec.catalog.schedules",
)
BY_FUNCTION = "lmcspec.tasks.read"
CARDS = ("model", "criterion", "distiller", "matcher", "optimiser", "schedule", "augmentation")
"""Cards whose implementations a task calls. A data set's loader is not among them: its images have a digest."""

EXEMPT = {
    "lmcspec.science": "a sentence",
    "lmcspec.science.criteria": "a sentence",
    "lmcspec.science.distill": "a sentence",
    "lmcspec.science.data": "forwards names",
    "lmcspec.science.data.arrays": "checks and names decoded images; what they are is in their digest",
    "lmcspec.science.data.cache": "keeps what was computed elsewhere",
    "lmcspec.science.summary": "facts for plans; no result holds them",
    "lmcspec.base": "a sentence",
    "lmcspec.base.beneath": "opens and moves files",
    "lmcspec.base.documents": "reads JSON as it is, or not at all",
    "lmcspec.base.visible": "words of errors",
    "lmcspec.base.errors": "words of errors",
    "lmcspec.base.facts": "fields without arithmetic",
    "lmcspec.base.faults": "where tests stop a process",
    "lmcspec.base.ids": "canonical bytes, held by golden ids",
    "lmcspec.base.codes": "numbers of errors",
    "lmcspec.tasks": "forwards names",
    "lmcspec.tasks.context": "a protocol",
    "lmcspec.tasks.kind": "fields without arithmetic",
    "lmcspec.tasks.says": "words about results",
    "lmcspec.tasks.params": "what enters an id, held by golden ids",
    "lmcspec.tasks.shown": "what tracking shows",
    "lmcspec.tasks.work": "what plans count; no result holds it",
}
"""Modules that need not be among a kind's sources, and why. Nothing is followed through them."""


def reached(kind: str) -> set[str]:
    """Every module of science, base and tasks that the kind's own module leads to, exempt ones left out."""
    found: set[str] = set()
    cards: set[str] = set()
    todo = [f"lmcspec.tasks.{kind}"]
    while todo:
        module = todo.pop()
        if module in found or module in EXEMPT:
            continue
        found.add(module)
        if module == BY_FUNCTION:
            continue
        tree = _tree(module)
        nodes = list(_running(tree))
        if module.startswith("lmcspec.tasks."):
            nodes += [node for name in sorted(_read_functions(nodes)) for node in _running(_functions()[name])]
        cards |= _cards(nodes)
        todo += [name for node in nodes for name in _imported(node)]
        todo += [card.implementation.partition(":")[0] for name in cards for card in built_in(name).values()]
    return found


def source(module: str) -> Path:
    """The file of a module."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None, module
    return Path(spec.origin)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(source(module).read_text(encoding="utf-8"))


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`."""
    yield tree
    children = tree.orelse if _is_type_check(tree) else ast.iter_child_nodes(tree)
    for child in children:
        yield from _running(child)


def _is_type_check(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (name.name for name in node.names if name.name.startswith(FOLLOWED))
        case ast.ImportFrom(module=str(module)) if module.startswith(FOLLOWED):
            for name in node.names:
                yield from _resolved(module, name.name)


def _resolved(package: str, name: str) -> Iterator[str]:
    """Where `from package import name` leads: to a module, to the package's own code, or to where it has it from."""
    if source(package).name != "__init__.py":
        yield package
    elif _exists(f"{package}.{name}"):
        yield f"{package}.{name}"
    else:
        yield package
        for node in ast.walk(_tree(package)):
            if isinstance(node, ast.ImportFrom) and name in [alias.asname or alias.name for alias in node.names]:
                yield from _resolved(str(node.module), name)


@cache
def _exists(module: str) -> bool:
    return find_spec(module) is not None


def _cards(nodes: list[ast.AST]) -> set[str]:
    """Kinds of card that are asked for by `get("…", name)`, or all of a kind by `built_in("…")`."""
    return {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("get", "built_in")
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value in CARDS
    }


@cache
def _functions() -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in _tree(BY_FUNCTION).body if isinstance(node, ast.FunctionDef)}


def _read_functions(nodes: list[ast.AST]) -> set[str]:
    """The functions of `read` that are named as `read.NAME`, and those that these name in turn."""
    named = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "read"
    }
    found: set[str] = set()
    while new := (named & _functions().keys()) - found:
        found |= new
        named = {node.id for name in new for node in ast.walk(_functions()[name]) if isinstance(node, ast.Name)}
    return found
