"""Kinds of task: what a worker calls, and the contract (name, version) that enters every id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

OUTCOMES = ("ok", "diverged", "dead-layer", "chance")
"""How a task that did its work can end. None of them is a failure."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a task hands over besides its files: clock-free values, the same on every machine of equal numerics."""

    scalars: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "ok"


class Interrupted(Exception):
    """The task was told to stop; what it needs to go on is in its checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of task. `sources` are the modules whose text the version stands for (see tests/versions)."""

    name: str
    version: int
    params: type
    run: Callable[..., Finished]
    """`run(ctx, params, seeds)`; imports science inside."""
    sources: tuple[str, ...]
    threads: int = 1
    nothing_if_diverged: bool = False
    """Whether a result of it that diverged has no files, so that nothing that needs it can be done."""


KINDS = ("train", "prune", "shuffle", "expert", "distill", "path", "distance", "landscape", "hessian", "overlap")


def kind(name: str) -> Kind:
    """The kind of that name: `train` is `lmcspec.tasks.train:KIND`; `package.module:attribute` names any other."""
    module, _, attribute = name.partition(":")
    if not attribute:
        if name not in KINDS:
            raise KeyError(f"there is no kind of task called {name!r}; there are {', '.join(KINDS)}")
        module, attribute = f"lmcspec.tasks.{name}", "KIND"
    return getattr(import_module(module), attribute)
