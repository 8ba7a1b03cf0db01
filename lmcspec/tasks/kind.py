"""Kinds of task: what a worker calls, the contract (name, version) that enters every id, and what others ask of it.

Each module of this folder that defines a `KIND` is one. Whatever differs between kinds is a field here: nobody else
asks what a task's kind is called.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, NamedTuple

from lmcspec.tasks.context import Context
from lmcspec.tasks.work import Known, Work

OUTCOMES = ("ok", "diverged", "dead-layer", "chance")
"""How a task that did its work can end. None of them is a failure."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a task hands over besides its files: clock-free values, the same on every machine of equal numerics."""

    scalars: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "ok"


def first_collapse(outcomes: Iterable[str]) -> str:
    """The first of some networks' outcomes that isn't ok; ok if there is none."""
    return next((outcome for outcome in outcomes if outcome != "ok"), "ok")


class UnfitInput(ValueError):
    """An input that is whole as its digests say, and nothing that the task can start from: another network's, say.

    The engine has it made again.
    """

    def __init__(self, name: str, why: object) -> None:
        super().__init__(f"the input {name!r} is none that this task can start from: {why}")
        self.name, self.why = name, why


class Interrupted(Exception):
    """The task was told to stop; what it needs to go on is in its checkpoint."""


class CardOf(NamedTuple):
    """Where a task names a card: the parameter with its settings, the kind of card, and the key that is its name."""

    parameter: str
    kind: str
    key: str = "name"


class Member(NamedTuple):
    """One of several tasks of a kind that run as one program: what `run` is called with."""

    ctx: Context
    params: Any
    seeds: dict[str, int]


class Together(NamedTuple):
    """How tasks of a kind run as one program that differ only in seeds, states and masks."""

    alike: Callable[[Any], Any]
    """What their parameters have to agree in, as plain data; their data and files are compared as well."""
    size: Callable[[Member, int], int]
    """`size(member, offered)`: how many tasks like this one, of so many, are the quickest as one program; 1: none."""
    run: Callable[[Sequence[Member]], list[Finished]]
    """Does them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of task."""

    name: str
    doc: str = ""
    """What a task of it does: a sentence, which tracking shows."""
    version: int
    params: type
    """A frozen dataclass. Its `model`, a Part, is the study's: costs, facts and seconds are known by that."""
    run: Callable[..., Finished]
    """`run(ctx, params, seeds)`; imports science inside."""
    work: Callable[[Any, Known], Work]
    """`work(params, known)`: how much there is to do."""
    makes: Literal["network", "state", "mask", "set", "permutation", "numbers"] = "numbers"
    """What its files are. Tasks that make networks have parameters `branch` and `until`: see `Train`."""
    card: CardOf | None = None
    """The card, of a spec's choice, whose code it calls; its parameter `code` is what stands for that of a plug-in."""
    data: str = ""
    """The parameter that is the study's data; empty where it looks at none."""
    in_place: str = ""
    """The parameter that is a set in place of their training images, if any; a task's is the input `data`."""
    file: str = ""
    """The parameter that is a file of tensors, if any."""
    layers: str = ""
    """The parameter that names layers of the model, which has to have them."""
    about: Callable[[Any], tuple[str, ...]] = lambda params: ()
    """Inputs (by the first letters of their names) of networks and masks whose collapse is that of its numbers, too."""
    shown: Callable[[Any], Mapping[str, Any]] = lambda params: {}
    """What tracking shows of its parameters, flat and by name."""
    says: Callable[[Mapping[str, Any]], str] = lambda scalars: ""
    """The number of a result that matters, in a few words, from its scalars: `accuracy 97.2%`."""
    picture: str = ""
    """What it is looked at by: a file among its outputs, or `package.module:draw`, which is given (task, result)."""
    pace: Callable[[Any], str] = lambda params: ""
    """What sets the seconds of its units apart from those of others of its kind and model: a method, say."""
    points: Callable[[Any], int] = lambda params: 1
    """Networks that it looks at; of several it holds a group at a time (decision 024)."""
    threads: int = 1
    gains: Callable[[Any], bool] = lambda params: True
    """Whether a GPU makes it faster. What gains nothing computes on the CPU wherever it is, so that its bits are the
    same, and runs on a slot of the CPU where there is one."""
    draws: Callable[[Any], bool] = lambda params: True
    """Whether its seeds make a difference. Where they make none, all replicates and copies are one."""
    together: Together | None = None
    """None where each runs by itself."""
    nothing_if_diverged: bool = False
    """Whether a result of it that diverged has no files, so that nothing that needs it can be done."""


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    folder = import_module(str(__package__)).__path__
    return tuple(sorted(module.name for module in iter_modules(folder) if _of_module(module.name)))


def kind(name: str) -> Kind:
    """The kind of that name: `train` is `lmcspec.tasks.train:KIND`; `package.module:attribute` names any other."""
    module, _, attribute = name.partition(":")
    if attribute:
        return getattr(import_module(module), attribute)
    if not name.isidentifier() or (built_in := _of_module(name)) is None:
        raise KeyError(f"there is no kind of task called {name!r}; there are {', '.join(kinds())}")
    return built_in


def _of_module(name: str) -> Kind | None:
    module = f"{__package__}.{name}"
    try:
        return getattr(import_module(module), "KIND", None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
