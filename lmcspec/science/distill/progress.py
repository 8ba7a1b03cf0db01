"""What every distillation method stops with and goes on from.

A method takes `begin: Progress | None` and `pulse: (iteration, loss) -> bool | None`. It calls `pulse` every few
iterations, and where that returns True it raises Stopped with all that it needs to go on. Given this as `begin`, on
the same machine, it ends with the same bits as if it had not been stopped: its draws are addressed, not carried.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

Pulse = Callable[[int, float], bool | None]
"""Gets the number of iterations done and the latest loss; True asks to stop."""


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """A distillation after `iteration` iterations: every tensor that the next one depends on, by name."""

    iteration: int
    state: Mapping[str, Tensor]


class Stopped(Exception):
    """Distilling was asked to stop; `progress` goes on where it was."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        super().__init__(f"stopped after {progress.iteration} iterations")
