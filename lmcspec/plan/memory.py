"""What a task takes of memory while it runs: what was seen of its kind and model, else a guess from facts."""

from math import prod
from typing import Any, NamedTuple, Protocol

from lmcspec.base.facts import ModelFacts
from lmcspec.base.groups import GROUP, MOST
from lmcspec.tasks import Task, kind

MARGIN = 1.2
"""What was seen at most, times this."""
STEP = 64 * 2**20
"""Bytes to which it is rounded up, so that tasks that are much alike take the same."""
CONTEXT = 700 * 2**20
"""Bytes that a process takes of a GPU before it computes anything: CUDA's context and its libraries."""
FLOAT = 4
COPIES = 5
"""Weights, gradient, two moments and mask."""
LAYERS_OUTPUTS = 6
"""Numbers kept for each output of a layer: it, its normalisation and its activation, and a gradient of each."""
EVALUATED = 1000
"""Images at a time where nothing is trained."""


class Peaks(Protocol):
    """Knows how much memory tasks have taken."""

    def peaks(self, kind: str, model: str) -> "tuple[int | None, int | None]":
        """Bytes of host and of GPU that tasks of this kind at this pace took at most; None until one has."""
        ...


class Memory(NamedTuple):
    """Bytes of the host's memory and of a GPU's; None where nothing is known."""

    host: int | None
    device: int | None


def memory(task: Task, peaks: Peaks | None, facts: ModelFacts | None) -> Memory:
    """What a task will take, each part as it was seen if it was, else as guessed."""
    host, device = peaks.peaks(task.kind, task.pace) if peaks else (None, None)
    guess = guessed(task, facts)
    return Memory(
        guess.host if host is None else _stepped(MARGIN * host),
        guess.device if device is None else _stepped(CONTEXT + MARGIN * device),
    )


def guessed(task: Task, facts: ModelFacts | None) -> Memory:
    """Parameters in their copies, a group of networks, and the outputs of layers for a batch, where facts are known.

    The outputs of a layer are its multiply-adds over its fan-in; of all together they are taken to be those of the
    whole model over the mean fan-in. Good to a factor of about two, until one task has finished.
    """
    if facts is None:
        return Memory(None, None)
    network = FLOAT * (facts.parameters + facts.buffers)
    others = min(MOST, kind(task.kind).points(task.params)) - 1
    weights = COPIES * network + min(GROUP, others * network)
    if not kind(task.kind).gains(task.params):
        return Memory(_stepped(weights), 0)
    fans = [prod(shape[1:]) for _, shape in facts.prunable]
    outputs = facts.macs / (sum(fans) / len(fans)) if fans else 0.0
    taken = weights + FLOAT * LAYERS_OUTPUTS * outputs * _batch(task.params)
    return Memory(_stepped(taken), _stepped(CONTEXT + taken))


def _batch(params: Any) -> int:
    """Images that go through its network at a time."""
    recipe = getattr(params, "recipe", None)
    trained = recipe.value.get("batch") if recipe is not None else getattr(params, "batch", None)
    # An evaluation keeps no outputs for a backward pass.
    return max(trained if isinstance(trained, int) else 0, EVALUATED // LAYERS_OUTPUTS)


def _stepped(count: float) -> int:
    return -int(-count // STEP) * STEP
