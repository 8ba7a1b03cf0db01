"""In what numbers updates are computed: float32, TF32 products, or bfloat16 and float16 where autocast takes them.

Weights, optimiser and running statistics are float32 in every case, the loss is taken from float32 logits, and
evaluations know nothing of any of it.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from lmcspec.catalog.recipe import Precision

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
ON_GPUS_ONLY = ("fp16", "tf32")


@contextmanager
def computing_in(precision: Precision, device: torch.device) -> Iterator[None]:
    """For `tf32`: products of float32 may be computed in TF32 on a GPU meanwhile. Raises ValueError on a CPU.

    Nothing changes for the other precisions, but `fp16` on a CPU is an error too.
    """
    if precision in ON_GPUS_ONLY and device.type != "cuda":
        raise ValueError(f"the precision {precision} is computed on GPUs only, not on {device.type}")
    if precision != "tf32":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The context of a forward pass; without effect for `float32` and `tf32`."""
    dtype = _AUTOCAST.get(precision)
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)


class LossScale:
    """What float16 gradients are multiplied by so that small ones don't vanish: the rule of torch's GradScaler.

    The scale starts at 2^16. An update whose gradients are not all finite is left out, and the scale halved; after
    2,000 updates in a row that were not left out it is doubled. All of it follows from the updates, so it is as
    deterministic as they are; its state goes into checkpoints with the optimiser's.
    """

    FIRST, GROWTH, BACKOFF, EVERY = 2.0**16, 2.0, 0.5, 2000
    STATE = ("loss scale", "updates at this loss scale")

    def __init__(self) -> None:
        self.scale, self.since = self.FIRST, 0

    def unscale(self, gradients: list[Tensor]) -> list[Tensor] | None:
        """The gradients of the loss from those of the scaled loss; None where the update is to be left out."""
        unscaled = list(torch._foreach_mul(gradients, 1 / self.scale))
        finite = torch.stack([gradient.isfinite().all() for gradient in unscaled]).all()
        if not bool(finite):
            self.scale, self.since = self.scale * self.BACKOFF, 0
            return None
        self.since += 1
        if self.since == self.EVERY:
            self.scale, self.since = self.scale * self.GROWTH, 0
        return unscaled

    def state(self) -> dict[str, Tensor]:
        """The tensors that a checkpoint keeps, by name."""
        values = (torch.tensor(self.scale, dtype=torch.float64), torch.tensor(self.since))
        return dict(zip(self.STATE, values, strict=True))

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave; fresh where there is none, as after training in another precision."""
        if all(name in state for name in self.STATE):
            self.scale, self.since = float(state[self.STATE[0]]), int(state[self.STATE[1]])
