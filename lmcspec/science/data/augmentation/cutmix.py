"""CutMix (Yun et al. 2019) of a batch with itself, on its device, after every other change of the images.

With probability p a batch is mixed: a box of sides floor(size sqrt(1 - s)), s uniform on [0, 1) (that is Beta(1, 1)),
with a uniform centre, clipped at the border, is taken from the image of a partner; partners are a permutation of the
batch. The loss is that of an image's own label times the share of its area that is left, plus that of the partner's
label times the rest. The code of IDC, from which this is taken, draws the same box for the whole batch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lmcspec.base import streams
from lmcspec.catalog.augmentations.cutmix import CutMix
from lmcspec.science.data.augmentation.augment import Epoch


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Two labels int64 (n,) of each image, and the share of the first."""

    first: Tensor
    second: Tensor
    share: float


Labels = Tensor | Mixed


@dataclass(frozen=True, slots=True, eq=False)
class MixDraws:
    """Draws of an epoch: uniforms by batch for whether, how much and where (y, x); words by position rank partners."""

    probability: float
    whether: np.ndarray
    share: np.ndarray
    centre: Sequence[np.ndarray]
    partners: np.ndarray

    def __call__(self, images: Tensor, labels: Tensor, number: int, part: slice) -> tuple[Tensor, Labels]:
        """The images float32 (n, C, H, W) and labels of batch `number`, at `part` of the epoch, mixed or not."""
        if self.whether[number] >= self.probability:
            return images, labels
        side = math.sqrt(1 - self.share[number])
        (top, bottom), (left, right) = (
            _reach(int(size * side), int(size * self.centre[axis][number]), size)
            for axis, size in enumerate(images.shape[2:])
        )
        partners = torch.from_numpy(np.argsort(self.partners[part], kind="stable")).to(images.device)
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = images[partners, :, top:bottom, left:right]
        taken = (bottom - top) * (right - left) / (images.shape[2] * images.shape[3])
        return mixed, Mixed(labels, labels[partners], 1 - taken)


def drawn(settings: CutMix, epoch: Epoch) -> MixDraws | None:
    """The draws of an epoch; None where the recipe asks for none."""
    if not settings.cutmix:
        return None
    where = epoch.at("mixup")
    batches = -(-epoch.count // epoch.batch)
    whether, share, *centre = (
        streams.uniforms(batches, *where, what) for what in ("whether", "share", "centre-y", "centre-x")
    )
    return MixDraws(settings.cutmix, whether, share, centre, streams.words(epoch.count, *where, "partner"))


def _reach(length: int, centre: int, size: int) -> tuple[int, int]:
    """From where to where a side goes, clipped."""
    return max(0, centre - length // 2), min(size, centre + length // 2)


def loss_of(logits: Tensor, labels: Labels) -> Tensor:
    """Mean cross-entropy; of mixed labels by their shares."""
    if isinstance(labels, Tensor):
        return cross_entropy(logits, labels)
    first, second = cross_entropy(logits, labels.first), cross_entropy(logits, labels.second)
    return first * labels.share + second * (1 - labels.share)
