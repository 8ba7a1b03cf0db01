"""The checkpoint of a long task: written every so often and when it is to stop, read when it goes on."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base import faults
from lmcspec.tasks import read
from lmcspec.tasks.context import Context

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_SECONDS = 30.0
"""Wall time between two checkpoints; `LMCSPEC_CHECKPOINT_SECONDS` sets another."""


class Checkpoints:
    """Of one task, whose work counts its steps in `unit`s and can go on bitwise from the tensors at any of them.

    What calls a pulse can't hand over its tensors. So it stops where `due`, its tensors are written, and it goes on
    from them as it would after a real stop.
    """

    def __init__(self, ctx: Context, unit: str, fault: str = "") -> None:
        self._ctx, self._unit, self._fault = ctx, unit, fault
        self._every = float(os.environ.get("LMCSPEC_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS))
        self._due = time.monotonic() + self._every

    @property
    def _path(self) -> Path:
        return self._ctx.partial / CHECKPOINT

    def due(self) -> bool:
        """Whether to stop the work here, because the time has come or the task is to stop."""
        return self._ctx.stopping() or time.monotonic() >= self._due

    def write(self, done: int, tensors: "Mapping[str, Tensor]") -> None:
        """Replace the checkpoint in one step by that after `done` units; on disk when this returns."""
        import torch

        assert self._unit not in tensors, f"{self._unit!r} is where the count is kept"
        path = self._path
        draft = path.with_suffix(".draft")
        read.write(draft, {**tensors, self._unit: torch.tensor(done)})
        if self._fault:
            faults.reach(self._fault)
        with open(draft, "rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
        self._due = time.monotonic() + self._every

    def read(self) -> "tuple[int, dict[str, Tensor]] | None":
        """How many units are done, and the tensors after them; None if there is no checkpoint."""
        path = self._path
        if not path.exists():
            return None
        tensors = read.tensors(path)
        return int(tensors.pop(self._unit)), tensors
