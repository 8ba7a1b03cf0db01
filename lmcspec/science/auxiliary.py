"""The loss of networks that have a second classifier in training."""

from collections.abc import Callable

from torch import Tensor

WEIGHT = 0.4
"""What the auxiliary classifier's loss counts, as in the published training of Inception-v3."""


def loss_of_outputs(outputs: Tensor | tuple[Tensor, Tensor], loss: Callable[[Tensor], Tensor]) -> Tensor:
    """`loss(logits)`; of a pair (logits, auxiliary logits) `loss(logits) + 0.4 loss(auxiliary logits)`."""
    if isinstance(outputs, Tensor):
        return loss(outputs)
    logits, auxiliary = outputs
    return loss(logits) + WEIGHT * loss(auxiliary)
