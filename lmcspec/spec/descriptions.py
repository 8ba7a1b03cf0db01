"""What the strings under the fields of a model say.

Read from the source only when a schema is printed: pydantic would do it for every model at import, which costs more
than all of loading.
"""

import ast
import inspect
from collections.abc import Iterator
from textwrap import dedent

from lmcspec.catalog import Config


def described(model: type[Config]) -> dict[str, str]:
    """Field -> the string that stands under it, those of base classes included."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, Config) and one is not Config:
            found |= _own(one)
    return found


def every_model(base: type[Config] = Config) -> Iterator[type[Config]]:
    """All models of specs that have been defined so far."""
    for one in base.__subclasses__():
        yield one
        yield from every_model(one)


def _own(model: type[Config]) -> dict[str, str]:
    try:
        body = ast.parse(dedent(inspect.getsource(model))).body[0]
    except (OSError, TypeError, SyntaxError):  # a model made by create_model has no source
        return {}
    found: dict[str, str] = {}
    field = ""
    for statement in body.body if isinstance(body, ast.ClassDef) and body.name == model.__name__ else ():
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                field = name
            case ast.Expr(value=ast.Constant(value=str() as text)) if field:
                found[field] = inspect.cleandoc(text)
                field = ""
            case _:
                field = ""
    return found
