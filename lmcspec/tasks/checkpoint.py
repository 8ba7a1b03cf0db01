"""The checkpoint of a long task: written every so often and when it is to stop, read when it goes on.

It says of which task it is and what its tensors' digest is. Whatever else lies in its place (half a file, another
task's, a link, what an earlier version wrote) is thrown away with a line in the log, and the task begins anew.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lmcspec.base import beneath, faults
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Interrupted

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_SECONDS = 30.0
"""Wall time between two checkpoints; `LMCSPEC_CHECKPOINT_SECONDS` sets another."""


class Checkpoints:
    """The checkpoints of a task whose work counts in `unit`s and can go on bitwise from its tensors at any of them.

    What calls a pulse can't hand over its tensors. So it stops where `due`, its tensors are written, and it goes on
    from them as it would after a real stop.
    """

    def __init__(self, ctx: Context, unit: str, fault: str) -> None:
        self._ctx, self._unit, self._fault = ctx, unit, fault
        self._every = float(os.environ.get("LMCSPEC_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS))
        self._due = time.monotonic() + self._every

    def due(self) -> bool:
        """Whether to stop the work here, because the time has come or the task is to stop."""
        return self._ctx.stopping() or time.monotonic() >= self._due

    def pulse(self, total: int, metric: str) -> Callable[[int, float], bool]:
        """A function of (done, loss) that tells the context of both and returns whether to stop the work here."""

        def tell(done: int, loss: float) -> bool:
            self._ctx.progress(done, total, f"loss {loss:.4g}")
            self._ctx.metric(metric, loss, done)
            return self.due()

        return tell

    def write(self, done: int, tensors: "Mapping[str, Tensor]", work: str = "") -> None:
        """Replace the checkpoint in one step by that after `done` units; on disk when this returns.

        Raises Interrupted, which says the `work` that is done, where the task is to stop.
        """
        import torch
        from safetensors.torch import save

        assert self._unit not in tensors, f"{self._unit!r} is where the count is kept"
        held = {name: value.detach().cpu().contiguous() for name, value in sorted(tensors.items())}
        held[self._unit] = torch.tensor(done)
        folder = self._ctx.partial
        self._clear_drafts()
        draft = folder / f".{CHECKPOINT}.{uuid.uuid4().hex}.draft"
        says = {"task": self._ctx.task, "sha256": digest(held), "done": str(done), "unit": self._unit}
        beneath.write(folder, draft, save(held, says))
        faults.reach(self._fault)
        beneath.sync(folder, draft)
        beneath.replace(folder, draft, folder / CHECKPOINT)
        self._due = time.monotonic() + self._every
        if self._ctx.stopping():
            raise Interrupted(f"stopped after {work or done}") from None

    def read(self) -> "tuple[int, dict[str, Tensor]] | None":
        """How many units are done, and the tensors after them; None if there is no checkpoint to go on from."""
        folder = self._ctx.partial
        path = folder / CHECKPOINT
        if beneath.look(folder, path) is None:
            return None
        try:
            tensors = self._checked(beneath.read(folder, path))
        except Exception as error:  # noqa: BLE001 (whatever a file of anybody's can do to its reader)
            self._ctx.log(f"its checkpoint is no use and is thrown away, it begins anew: {error}")
            beneath.remove_any(folder, path)
            return None
        return int(tensors.pop(self._unit)), tensors

    def _checked(self, content: bytes) -> "dict[str, Tensor]":
        from safetensors.torch import load

        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        says = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        if "sha256" not in says:
            raise ValueError("it has no digest")
        if says.get("task") != self._ctx.task:
            raise ValueError("it is another task's")
        if says["sha256"] != digest(tensors) or self._unit not in tensors:
            raise ValueError("it is not what was written")
        return tensors

    def _clear_drafts(self) -> None:
        """Delete what kills have left half written."""
        folder = self._ctx.partial
        for name in beneath.names(folder, folder):
            if name.endswith(".draft") and beneath.is_file(folder, folder / name):
                beneath.remove(folder, folder / name)


def digest(tensors: "Mapping[str, Tensor]") -> str:
    """sha256 over the names, types, shapes and bytes of tensors on the CPU, in the order of their names."""
    import torch

    sha256 = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        sha256.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        sha256.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()
