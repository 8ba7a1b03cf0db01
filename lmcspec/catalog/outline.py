"""What a module's text shows of a function or a class in it, without importing it.

Where the text alone can't tell (a class with bases, a decorator, a name that is imported), nothing is said to be wrong.
"""

import ast
from collections.abc import Iterator, Sequence
from importlib.util import decode_source

from lmcspec.catalog.places import find


def lacks(place: str, takes: int | None, methods: Sequence[str] = ()) -> str:
    """What `package.module:attribute` lacks of a callable of so many arguments, or of a class with these methods."""
    name, _, attribute = place.partition(":")
    module = _parsed(name)
    bound = {bound for node in ast.walk(module) for bound in _bound(node)} if module is not None else {"*"}
    if module is None or bound & {"*", "__getattr__"}:
        return ""
    if attribute not in bound:
        return "isn't there"
    match next((node for node in module.body if getattr(node, "name", "") == attribute), None):
        case ast.ClassDef(bases=[], decorator_list=[], keywords=[]) as node:
            inside = {name: part for part in node.body for name in _bound(part)}
            lacking = ", ".join(name for name in methods if name not in inside)
            return f"lacks {lacking}" if lacking else _miscounted(inside.get("__init__"), takes, "self")
        case node:
            return "is no class" if methods and isinstance(node, ast.FunctionDef) else _miscounted(node, takes)


def _parsed(name: str) -> ast.Module | None:
    """A module's text; None where there is none to read. That it is missing is said where its code enters ids."""
    try:
        spec = find(name)
        return ast.parse(decode_source(spec.loader.get_data(spec.origin)))  # pyright: ignore
    except (AttributeError, TypeError, OSError, ImportError, SyntaxError, ValueError, RecursionError):
        return None


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement, or a name in it, binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case _:
            return


def _miscounted(node: ast.AST | None, takes: int | None, *bound: str) -> str:
    """Why a function can't be called with so many arguments, and those that are `bound` before them; "" if it can."""
    if takes is None or not isinstance(node, ast.FunctionDef) or node.decorator_list:
        return ""
    arguments, wanted = node.args, takes + len(bound)
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    needed = [
        name.arg for name, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None
    ]
    enough = len(names) - len(arguments.defaults) <= wanted and not needed
    if enough and (len(names) >= wanted or arguments.vararg is not None):
        return ""
    return f"takes ({', '.join([*names[len(bound) :], *needed])}): it is given {takes} arguments"
