"""Dropout whose noise is a function of the update, so that training can go on from any of them.

The seed of an update comes from the stream `dropout`; the noise itself is drawn on the device by torch's generator, so
it is equal between runs on one kind of device, and may differ between CPUs, GPUs and versions of torch.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from lmcspec.base import streams
from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.science.models.suited import ModelError


class Dropout(nn.Module):
    """In training each value is zero with probability `p`, and divided by 1 - p otherwise; nothing in evaluation."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        if self.generator is None:
            raise RuntimeError(
                "this dropout is told its noise by science.train.train; "
                "elsewhere call module.eval(), or science.dropout.silence(module)"
            )
        kept = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        return x * kept / (1 - self.p)


def attach(module: nn.Module, noise: TrainingNoise, per_epoch: int, device: torch.device) -> Callable[[int], None]:
    """Give the module's dropout a generator; what is returned seeds it, and has to be told each update beforehand.

    An epoch has `per_epoch` updates.

    Raises ModelError for torch's own dropout, which draws from the global generator.
    """
    layers = [part for part in module.modules() if isinstance(part, Dropout) and part.p]
    for name, part in module.named_modules():
        inside = isinstance(part, nn.MultiheadAttention | nn.RNNBase) and part.dropout
        if (isinstance(part, _DropoutNd) and part.p) or inside:
            instead = "give it dropout=0 and put lmcspec.science.dropout.Dropout behind it"
            instead = instead if inside else "use lmcspec.science.dropout.Dropout"
            raise ModelError(f"{name!r} draws from torch's global generator: {instead}")
    if not layers:
        return lambda update: None
    generator = torch.Generator(device)
    for layer in layers:
        layer.generator = generator
    drawn: dict[int, list[int]] = {}

    def seed(update: int) -> None:
        epoch, number = divmod(update, per_epoch)
        if epoch not in drawn:
            drawn.clear()
            words = streams.words(per_epoch, *noise.at("dropout", epoch))
            drawn[epoch] = [int(word) >> 1 for word in words]
        generator.manual_seed(drawn[epoch][number])

    return seed


def silence(module: nn.Module) -> None:
    """No dropout until the module's mode is set anew: for what only looks at a network in training mode."""
    for part in module.modules():
        if isinstance(part, Dropout):
            part.eval()


def detach(module: nn.Module) -> None:
    """Take the generator away, so that no noise is drawn unseen."""
    for part in module.modules():
        if isinstance(part, Dropout):
            part.generator = None
