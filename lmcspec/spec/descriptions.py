"""What the strings under the fields of a model, or under their types, say: what a key means, and its unit.

Read from the source only when a schema is printed or a key explained: pydantic would do it for every model at import,
which costs more than all of loading.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import NamedTuple

from lmcspec.catalog import Config, Named

_UNIT = re.compile(r"\s*\[([^\[\]]+)\]$")


class Words(NamedTuple):
    """What is said of a key."""

    meaning: str
    unit: str
    """What it is counted or measured in, such as `pixels`; empty for what has no unit."""


_NONE = Words("", "")


def described(model: type[Config]) -> dict[str, Words]:
    """Key -> the string that stands under its field, base classes included, or else under the type that it names.

    The unit is what stands in brackets at the string's end: `Images per update. [images]`.
    """
    said: dict[str, Words] = {}
    of_types: dict[str, Words] = {}
    for config in reversed(model.__mro__):
        if issubclass(config, Config) and config is not Config:
            # A model made by create_model stands in no source.
            source = _written(config.__module__)
            texts = source.classes.get(config.__qualname__, {})
            said |= {field: _words(text) for field, text in texts.items()}
            for field, kind in source.kinds.get(config.__qualname__, {}).items():
                of_types[field] = _words(_of_type(config.__module__, kind))
    both = {field: _either(said.get(field, _NONE), of_types.get(field, _NONE)) for field in {**of_types, **said}}
    keys = {name: field.alias or name for name, field in model.model_fields.items()}
    return {keys.get(field, field): words for field, words in both.items() if words.meaning}


def _either(field: Words, kind: Words) -> Words:
    return Words(field.meaning or kind.meaning, field.unit or kind.unit)


def meaning(model: type[Config]) -> str:
    """What the whole table of a model is: the first paragraph under its class, or under the one that it fills in."""
    written = (cls.__doc__ for cls in model.__mro__ if issubclass(cls, Config) and cls not in (Config, Named))
    return " ".join(inspect.cleandoc(next(filter(None, written), "")).partition("\n\n")[0].split())


def _words(text: str) -> Words:
    text = " ".join(text.split())
    unit = _UNIT.search(text)
    return Words(_UNIT.sub("", text), unit[1] if unit else "")


class _Source(NamedTuple):
    """What the source of a module says."""

    classes: dict[str, dict[str, str]]
    """Class -> field -> its string."""
    kinds: dict[str, dict[str, str]]
    """Class -> field -> the name of its type."""
    types: dict[str, str]
    """Type -> its string."""
    origins: dict[str, str]
    """Imported name -> the module that it comes from."""


def _of_type(module: str, name: str) -> str:
    """The string under a type, in the module that defines it, whichever modules hand it on."""
    source = _written(module)
    if name in source.types or name not in source.origins:
        return source.types.get(name, "")
    return _of_type(source.origins[name], name)


def _written(module: str) -> _Source:
    return _read(sys.modules.get(module))


@cache
def _read(module: ModuleType | None) -> _Source:
    """Read once, for a module holds many classes."""
    try:
        body = ast.parse(inspect.getsource(module)).body if module else []
    except (OSError, TypeError, SyntaxError):
        body = []
    classes = {statement.name: statement.body for statement in body if isinstance(statement, ast.ClassDef)}
    strings = {name: _strings(inner) for name, inner in classes.items()}
    kinds = {name: dict(_kinds(inner)) for name, inner in classes.items()}
    imports = [statement for statement in body if isinstance(statement, ast.ImportFrom)]
    origins = {name.name: statement.module or "" for statement in imports for name in statement.names}
    return _Source(strings, kinds, _strings(body), origins)


def _kinds(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Field and the name of its type, or of that of its items; also of one that may be left out, `Images | None`."""
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field), annotation=kind):
                kind = kind.left if isinstance(kind, ast.BinOp) and _is_none(kind.right) else kind
                kind = kind.slice if isinstance(kind, ast.Subscript) and _named(kind.value, "Several") else kind
                if isinstance(kind, ast.Name):
                    yield field, kind.id
            case _:
                pass


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


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
