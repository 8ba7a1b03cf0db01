"""Error and loss of a module on a split."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.science.data.resident import Split
from lmcspec.science.several import Several

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

    def __len__(self) -> int:
        return -(-len(self._split) // self._batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self._held) if self._held is not None else self._batches()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        places = torch.arange(len(self._split), device=self._split.index_device)
        return self._split.batches((part, None) for part in places.split(self._batch))


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a network is worth on a split, and where that was asked for what becomes of each image."""

    value: Evaluation
    wrong: Tensor | None = None
    """Bool (n,), in the split's order."""
    losses: Tensor | None = None
    """Float32 (n,)."""


def evaluate_on(module: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> Evaluation:
    """As `evaluate`, on batches (x float32, y int64)."""
    return evaluate_each(Several([module]), batches)[0].value


def evaluate_each(
    networks: Several,
    batches: Iterable[tuple[Tensor, Tensor]],
    each: bool = False,
    pulse: Callable[[int], None] = lambda networks: None,
) -> list[Looked]:
    """As `evaluate_on`, of several networks in one pass over the batches, in their order; with `each`, of every image.

    `pulse` is called with how many networks have looked at another batch, and may raise.
    """
    modes = [(part, part.training) for module in networks.modules for part in module.modules()]
    for module in networks.modules:
        module.eval()
    tally = _Tally(each)
    try:
        with torch.no_grad():
            for x, y in batches:
                tally.begin(len(y))
                for logits in networks.logits(x):
                    tally.add(logits, y)
                    pulse(len(logits))
    finally:
        for part, mode in modes:
            part.training = mode
    return tally.looked()


class _Tally:
    """Errors and losses of each network, batch by batch."""

    def __init__(self, each: bool) -> None:
        self._each, self._images = each, 0
        self._batches: list[list[tuple[Tensor, ...]]] = []
        """Of each batch, for each r of the networks: errors (r,), losses (r,), and those of every image (r, n)."""

    def begin(self, images: int) -> None:
        """Another batch, of so many images."""
        self._images += images
        self._batches.append([])

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Logits (r, n, classes) of the next r networks on that batch, of labels (n,)."""
        best, predicted = logits.max(2)
        missed = (predicted != labels) | best.isnan()
        of_all = labels.expand(len(logits), -1).flatten()
        losses = cross_entropy(logits.flatten(0, 1), of_all, reduction="none").view_as(missed)
        sums = missed.sum(1), losses.double().sum(1)
        self._batches[-1].append((*sums, missed, losses.float()) if self._each else sums)

    def looked(self) -> list[Looked]:
        """What each network is worth, by sums over batches as for a network alone."""
        errors, losses = (torch.stack(self._of_all(place), 1) for place in (0, 1))
        totals = torch.stack([of_network.sum() for of_network in losses.unbind(0)]).tolist()
        counts = errors.sum(1).tolist()
        values = [
            Evaluation(self._images, count, total / self._images) for count, total in zip(counts, totals, strict=True)
        ]
        if not self._each:
            return [Looked(value) for value in values]
        seen = (torch.cat(self._of_all(place), 1).cpu() for place in (2, 3))
        return [Looked(*each) for each in zip(values, *seen, strict=True)]

    def _of_all(self, place: int) -> list[Tensor]:
        """What stands at a place, of all networks (R, …), of each batch."""
        return [torch.cat([part[place] for part in batch]) for batch in self._batches]
