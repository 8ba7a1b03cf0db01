"""The options that every command has: how much it says besides its answer."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from lmcspec.base.errors import UsageError
from lmcspec.base.loudness import Loudness
from lmcspec.cli.output import loudness, phase, set_loudness


def _set(asked: Loudness) -> Callable[[bool], bool]:
    def callback(value: bool) -> bool:
        if value and loudness() not in (Loudness.USUAL, asked):
            raise UsageError("--quiet and --verbose can't both be had", help="leave one of them out")
        if value:
            set_loudness(asked)
        return value

    return callback


# Eager: what is said while arguments are read is talk, too.
_QUIET = typer.Option(
    "-q", "--quiet", is_eager=True, callback=_set(Loudness.QUIET), help="Say nothing but the answer and errors."
)
_VERBOSE = typer.Option(
    "-v",
    "--verbose",
    is_eager=True,
    callback=_set(Loudness.VERBOSE),
    help="Say more: each start, where results were reused from, how long phases took.",
)


def talking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command with --quiet and --verbose behind its other options."""
    options = {"quiet": Annotated[bool, _QUIET], "verbose": Annotated[bool, _VERBOSE]}

    @wraps(function)
    def command(*, quiet: bool = False, verbose: bool = False, **given: Any) -> Any:
        with phase(f"lmcspec {function.__name__.rstrip('_')}"):
            return function(**given)

    signature = inspect.signature(function)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in options.items()
    ]
    vars(command)["__signature__"] = signature.replace(parameters=[*signature.parameters.values(), *added])
    command.__annotations__ = {**function.__annotations__, **options}
    return command
