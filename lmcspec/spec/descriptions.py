"""What the strings under the fields of a model say.

Read from the source only when a schema is printed: pydantic would do it for every model at import, which costs more
than all of loading.
"""

import ast
import inspect
import sys
from functools import cache

from lmcspec.catalog import Config


def described(model: type[Config]) -> dict[str, str]:
    """Field -> the string that stands under it, those of base classes included."""
    texts: dict[str, str] = {}
    for config in reversed(model.__mro__):
        if issubclass(config, Config) and config is not Config:
            texts |= _texts_of_class(config)
    return texts


def _texts_of_class(model: type[Config]) -> dict[str, str]:
    # A model made by create_model stands in no source.
    return _written(model.__module__).get(model.__qualname__, {})


@cache
def _written(module: str) -> dict[str, dict[str, str]]:
    """Class -> field -> its string, of a module's source: read once, for it holds many classes."""
    try:
        body = ast.parse(inspect.getsource(sys.modules[module])).body
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    return {statement.name: _strings(statement.body) for statement in body if isinstance(statement, ast.ClassDef)}


def _strings(body: list[ast.stmt]) -> dict[str, str]:
    texts: dict[str, str] = {}
    field = ""
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                field = name
            case ast.Expr(value=ast.Constant(value=str() as text)) if field:
                texts[field] = inspect.cleandoc(text)
                field = ""
            case _:
                field = ""
    return texts
