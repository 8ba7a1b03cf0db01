"""What the strings under the fields of a model, or under their types, say.

Read from the source only when a schema is printed: pydantic would do it for every model at import, which costs more
than all of loading.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from lmcspec.catalog import Config


def described(model: type[Config]) -> dict[str, str]:
    """Field -> the string that stands under it, base classes included, or else under the type that it names."""
    texts: dict[str, str] = {}
    of_types: dict[str, str] = {}
    for config in reversed(model.__mro__):
        if issubclass(config, Config) and config is not Config:
            # A model made by create_model stands in no source.
            source = _written(config.__module__)
            texts |= source.classes.get(config.__qualname__, {})
            for field, kind in source.kinds.get(config.__qualname__, {}).items():
                of_types[field] = _of_type(config.__module__, kind)
    return {field: text for field, text in {**of_types, **texts}.items() if text}


class _Source(NamedTuple):
    """What the source of a module says."""

    classes: dict[str, dict[str, str]]
    """Class -> field -> its string."""
    kinds: dict[str, dict[str, str]]
    """Class -> field without a string -> the name of its type."""
    types: dict[str, str]
    """Type -> its string."""
    origins: dict[str, str]
    """Imported name -> the module that it comes from."""


def _of_type(module: str, name: str) -> str:
    source = _written(module)
    return source.types.get(name) or _written(source.origins.get(name, "")).types.get(name, "")


@cache
def _written(module: str) -> _Source:
    """Read once, for a module holds many classes."""
    try:
        body = ast.parse(inspect.getsource(sys.modules[module])).body
    except (KeyError, OSError, TypeError, SyntaxError):
        body = []
    classes = {statement.name: statement.body for statement in body if isinstance(statement, ast.ClassDef)}
    strings = {name: _strings(inner) for name, inner in classes.items()}
    kinds = {name: {f: k for f, k in _kinds(inner) if f not in strings[name]} for name, inner in classes.items()}
    imports = [statement for statement in body if isinstance(statement, ast.ImportFrom)]
    origins = {name.name: statement.module or "" for statement in imports for name in statement.names}
    return _Source(strings, kinds, _strings(body), origins)


def _kinds(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field), annotation=ast.Name(id=kind)):
                yield field, kind
            case _:
                pass


def _strings(body: list[ast.stmt]) -> dict[str, str]:
    texts: dict[str, str] = {}
    name = ""
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case ast.Expr(value=ast.Constant(value=str() as text)) if name:
                texts[name] = inspect.cleandoc(text)
                name = ""
            case _:
                name = ""
    return texts
