"""The checkpoint of a long task: written every so often and when it is to stop, read when it goes on.

It says of which task it is and what its tensors' digest is. Whatever else lies in its place (half a file, another
task's, a link, what an earlier version or a stranger wrote) is thrown away with a line in the log, and the task begins
anew. A digest that holds says nothing of what the tensors are: a task tells by `fits` what it can go on from. Memory
that runs out meanwhile, or a disk that fails, says nothing of the checkpoint, which stays for the next attempt.
"""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lmcspec.base import beneath, faults
from lmcspec.base.errors import LmcspecError
from lmcspec.base.machine import of_machine
from lmcspec.tasks.context import Context
from lmcspec.tasks.hashed_file import digest, write_hashed
from lmcspec.tasks.kind import Interrupted

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_SECONDS = 30.0
"""Wall time between two checkpoints; `LMCSPEC_CHECKPOINT_SECONDS` sets another."""
LONGEST_HEAD = 64 * 2**20
"""Bytes of what stands before the tensors: some 100 for each of them."""

Fits = Callable[[int, "Mapping[str, Tensor]"], object]
"""Raises where a task can't go on from so many units that are done and these tensors."""


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

        assert self._unit not in tensors, f"{self._unit!r} is where the count is kept"
        held = {name: value.detach().cpu().contiguous() for name, value in sorted(tensors.items())}
        held[self._unit] = torch.tensor(done)
        folder = self._ctx.partial
        self._clear_drafts()
        draft = folder / f".{CHECKPOINT}.{uuid.uuid4().hex}.draft"
        says = {"task": self._ctx.task, "done": str(done), "unit": self._unit}
        with os.fdopen(beneath.open_file(folder, draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            write_hashed(file, held, says)
        faults.reach(self._fault)
        beneath.sync(folder, draft)
        beneath.replace(folder, draft, folder / CHECKPOINT)
        self._due = time.monotonic() + self._every
        if self._ctx.stopping():
            raise Interrupted(f"stopped after {work or done}") from None

    def read(self, fits: Fits = lambda done, tensors: None) -> "tuple[int, dict[str, Tensor]] | None":
        """How many units are done, and the tensors after them; None if there is no checkpoint to go on from."""
        folder = self._ctx.partial
        path = folder / CHECKPOINT
        if beneath.look(folder, path) is None:
            return None
        try:
            done, tensors = self._checked(folder, path)
            fits(done, tensors)
        except Exception as error:  # whatever a file of anybody's can do to its reader
            if of_machine(error) is not None:
                raise
            self.discard(error)
            return None
        return done, tensors

    def discard(self, why: object) -> None:
        """Throw the checkpoint away, and say so in the log."""
        folder = self._ctx.partial
        words = " ".join(str(why).split())[:300] or type(why).__name__
        self._ctx.log(f"its checkpoint is no use and is thrown away, it begins anew: {words}")
        beneath.remove_any(folder, folder / CHECKPOINT)

    def _checked(self, folder: Path, path: Path) -> "tuple[int, dict[str, Tensor]]":
        from safetensors.torch import load

        with beneath.reading(folder, path) as file:
            digest_said = self._head(file)
            file.seek(0)
            tensors = load(file.read())
        if digest_said != digest(tensors) or self._unit not in tensors:
            raise ValueError("it is not what was written")
        count = tensors.pop(self._unit)
        if count.numel() != 1 or count.is_floating_point() or count.is_complex() or int(count) < 0:
            raise ValueError(f"it does not say how many {self._unit}s are done")
        return int(count), tensors

    def _head(self, file: IO[bytes]) -> str:
        """The digest that the head of a file says, where it is this task's and all that it says is there.

        Nothing is read of a file that is far larger than it says, or than memory.
        """
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if length > min(LONGEST_HEAD, size - 8):
            raise ValueError("it is no file of tensors")
        head = json.loads(file.read(length))
        says = head.pop("__metadata__", {})
        if "sha256" not in says:
            raise ValueError("it has no digest")
        if says.get("task") != self._ctx.task:
            raise ValueError("it is another task's")
        if size != 8 + length + max((entry["data_offsets"][1] for entry in head.values()), default=0):
            raise ValueError("its tensors are not as long as they should be")
        if size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
            raise ValueError("it is larger than this machine's memory")
        return says["sha256"]

    def _clear_drafts(self) -> None:
        """Delete what kills have left half written."""
        folder = self._ctx.partial
        for name in beneath.names(folder, folder):
            if name.endswith(".draft") and beneath.is_file(folder, folder / name):
                beneath.remove(folder, folder / name)


UNFIT = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What tensors of a checkpoint that a task can't go on from make of its code."""


def is_unfit(error: Exception) -> bool:
    """Whether an error is one of UNFIT, and neither a user's nor the machine's."""
    return isinstance(error, UNFIT) and not isinstance(error, LmcspecError) and of_machine(error) is None


def check_like(held: "Mapping[str, Tensor]", wanted: "Mapping[str, Tensor]") -> None:
    """Raise ValueError, which names some, unless tensors have the names, the shapes and the types of others."""
    odd = set(held) ^ set(wanted) or {
        name for name, tensor in wanted.items() if (held[name].shape, held[name].dtype) != (tensor.shape, tensor.dtype)
    }
    if odd:
        raise ValueError(f"these tensors are others than the task's: {', '.join(sorted(odd)[:3])}")
