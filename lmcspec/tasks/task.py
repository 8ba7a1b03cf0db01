"""A task: one unit of work in a plan, named by the hash of what it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lmcspec.base.ids import task_id
from lmcspec.catalog.code import code_of_kind
from lmcspec.tasks.kind import kind
from lmcspec.tasks.params import Part, encode

IDENTITY = ("kind", "version", "code", "params", "inputs", "seeds")
"""The keys of an identity document; `code` is there for kinds of other packages only."""
SET = "data"
"""The input that is a distilled set that a task makes."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to do (`kind`, `params`), with which results (`inputs`: name -> task id) and which draws (`seeds`).

    `id` is the hash of exactly these and the kind's version; label and keep are not part of it.
    """

    id: str
    kind: str
    params: Any
    inputs: tuple[tuple[str, str], ...]
    seeds: tuple[tuple[str, int], ...]
    label: str = ""
    """Where it stands in the study that planned it: `imp/s0/level 3/train`."""
    keep: Literal["always", "until-used"] = "always"
    code: str | None = None
    """What stands for the code of its kind, where that isn't lmcspec's."""

    @property
    def data(self) -> Part | None:
        """The study's data, where it looks at any."""
        return _parameter(self, kind(self.kind).data)

    @property
    def in_place(self) -> Part | None:
        """The set from a file, or other data set, in place of their training images."""
        return _parameter(self, kind(self.kind).in_place)

    @property
    def from_outside(self) -> tuple[Part, ...]:
        """What it looks at that no task makes, and that may be missing: data, sets and files of tensors."""
        parts = (self.data, self.in_place, _parameter(self, kind(self.kind).file))
        return tuple(part for part in parts if part is not None)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that it names, which its model has to have."""
        return _parameter(self, kind(self.kind).layers) or ()

    @property
    def made_set(self) -> str | None:
        """The task that makes the distilled set in their place."""
        return next((source for name, source in self.inputs if name == SET), None)

    @property
    def on_distilled(self) -> bool:
        """Whether a distilled set stands in place of their training images."""
        return self.made_set is not None or (self.in_place is not None and "real" not in self.in_place.value)

    @property
    def trains(self) -> bool:
        """Whether it makes a network: then it has a branch, of which shorter trainings are parts."""
        return kind(self.kind).makes == "network"

    @property
    def draws(self) -> bool:
        """Whether its seeds make a difference."""
        return kind(self.kind).draws(self.params)

    @property
    def pace(self) -> str:
        """By what the seconds of a unit are known beside its kind: the model's digest, and what its kind adds."""
        of_kind = kind(self.kind).pace(self.params)
        return f"{self.params.model.digest}/{of_kind}" if of_kind else self.params.model.digest

    @property
    def document(self) -> dict[str, Any]:
        """The identity document {kind, version, params, inputs, seeds}."""
        return document(self.kind, self.params, dict(self.inputs), dict(self.seeds), self.code)


def _parameter(task: Task, name: str) -> Any:
    return getattr(task.params, name) if name else None


def document(
    name: str, params: Any, inputs: dict[str, str], seeds: dict[str, int], code: str | None = None
) -> dict[str, Any]:
    """The identity document of a task."""
    of_kind = {"kind": name, "version": kind(name).version} | ({} if code is None else {"code": code})
    return of_kind | {"params": encode(params), "inputs": inputs, "seeds": seeds}


def own_id(document: Mapping[str, Any]) -> str:
    """The id by what a task's document says; what stands beside the identity in it does not count."""
    return task_id({key: document[key] for key in IDENTITY if key in document})


def make(
    name: str,
    params: Any,
    inputs: dict[str, str] | None = None,
    seeds: dict[str, int] | None = None,
    *,
    label: str = "",
    keep: Literal["always", "until-used"] = "always",
) -> Task:
    """The task with its id."""
    inputs, seeds, code = inputs or {}, seeds or {}, code_of_kind(name)
    identifier = task_id(document(name, params, inputs, seeds, code))
    in_order = tuple(sorted(inputs.items())), tuple(sorted(seeds.items()))
    return Task(identifier, name, params, *in_order, label, keep, code)
