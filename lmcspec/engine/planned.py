"""What the engine is given: tasks that are still to run, and how to spell one out for a worker."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lmcspec.engine.placement import MODEST, Demand


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task to run. Only ids and numbers: what it does stands in the job's `payload`."""

    id: str
    kind: str
    label: str
    needs: tuple[str, ...] = ()
    """Ids of tasks or by-products. Those that no task of the job makes are taken to be in the store."""
    seconds: float | None = None
    """Predicted; None if nothing like it has run."""
    byproducts: tuple[str, ...] = ()
    """Ids that this task commits on its way."""
    outcome_matters: bool = True
    """Whether the job's `on_collapse` applies to this task."""
    nothing_if_diverged: bool = False
    """Whether nothing that needs it can be done once it ended `diverged`, whatever `on_collapse` says."""
    model: str = ""
    """What stands for its network: tasks of one network are equally fast."""
    forward: int = 0
    """Images through the network, a training image counted three times."""
    demand: Demand = MODEST
    """What it takes of a device and its host while it runs."""
    seen: tuple[int | None, int | None] = (None, None)
    """Bytes of a host's and a GPU's memory that such tasks took at most; None until one has finished."""
    study: str = ""
    """For whom it runs: studies that run together share slots."""
    alike: str = ""
    """Tasks of which this is the same may run as one program; empty where it runs by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """The tasks that one invocation has to run, and what a worker gets to run each."""

    tasks: Mapping[str, PlannedTask]
    payload: Callable[[str], dict[str, Any]]
    """The JSON-able document that a worker needs for a task: {"task": identity document, "shared": {digest: part},
    "inputs": {name: id}, "byproducts": [{"id": …, "task": identity document}], "neutral": {…}}."""
    on_collapse: Literal["go-on", "skip"] = "go-on"
    """`skip`: what needs a task that ended with another outcome than `ok` is not run."""


def images_ahead(tasks: Iterable[PlannedTask], slots: int) -> dict[str, float]:
    """By model: images forward of all these tasks, a training image counted three times, on each of so many slots."""
    ahead: dict[str, float] = {}
    for task in tasks:
        ahead[task.model] = ahead.get(task.model, 0.0) + task.forward / max(1, slots)
    return ahead
