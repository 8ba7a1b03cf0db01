"""Error and loss of a module on a split."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.science.data.resident import Split

BATCH = 1000
"""Images of a batch over which statistics are taken, and of one that a GPU evaluates."""
_IN_CACHE, _FEWEST = 2**19, 25
"""Numbers in a batch of images that a CPU evaluates, so that its caches hold what layers make of it; least images."""
_HELD = 2**28
"""Bytes of float32 images up to which a split that is looked at many times is converted once and held."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How many images, how many of them are classified wrongly, and the mean cross-entropy."""

    images: int
    errors: int
    loss: float

    @property
    def error(self) -> float:
        """Share of images classified wrongly."""
        return self.errors / self.images


def evaluate(module: nn.Module, split: Split, batch: int | None = None) -> Evaluation:
    """Evaluate on all images without augmentation, in evaluation mode; the module's mode is put back.

    The loss is summed in float64. Images whose logits hold a NaN count as errors. Batches are as large as the device
    is quick with.
    """
    return evaluate_on(module, InOrder(split, batch or quick_batch(split)))


def quick_batch(split: Split) -> int:
    """How many images of a split are evaluated at once: as many as a CPU's caches hold, or BATCH on a GPU."""
    channels, height, width = split.shape
    return BATCH if split.device.type != "cpu" else max(_FEWEST, min(BATCH, _IN_CACHE // (channels * height * width)))


class InOrder:
    """The split in batches (x, y), in its own order, as often as wanted; small splits are converted only once."""

    def __init__(self, split: Split, batch: int = BATCH, hold: bool = False) -> None:
        self._split, self._batch = split, batch
        small = 4 * split.images.numel() <= _HELD
        self._held = list(self._batches()) if hold and small else None

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self._held) if self._held is not None else self._batches()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        places = torch.arange(len(self._split), device=self._split.index_device)
        return self._split.batches((part, None) for part in places.split(self._batch))


def evaluate_on(
    module: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    each: Callable[[Tensor, Tensor], None] = lambda wrong, losses: None,
) -> Evaluation:
    """As `evaluate`, on batches (x float32, y int64). `each` gets (wrong, losses) of each batch's images."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    images, wrong, total = 0, [], []
    try:
        with torch.no_grad():
            for x, y in batches:
                logits = module(x)
                best, predicted = logits.max(1)
                images += len(y)
                missed, losses = (predicted != y) | best.isnan(), cross_entropy(logits, y, reduction="none")
                each(missed, losses)
                wrong.append(missed.sum())
                total.append(losses.double().sum())
    finally:
        for part, mode in modes:
            part.training = mode
    return Evaluation(images, int(torch.stack(wrong).sum()), float(torch.stack(total).sum()) / images)
