"""Matching by a straight-through estimator: weights are trained, and the permutation that matches them follows.

Ainsworth et al. (2023), Git Re-Basin, section 3.3.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.science.data.resident import Split
from lmcspec.science.optimisers import stepper
from lmcspec.science.permute.algebra import Permutation, apply
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.midpoint import Midpoint, rows
from lmcspec.science.permute.pair import NotFiniteError
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights


@dataclass(frozen=True, slots=True)
class StraightThrough:
    """`steps` of SGD with momentum on batches of images, each with a matching of weights that begins at the last one.

    Every `look` steps, and at the end, the permutation is judged on all images. By default 100 epochs of 10,000 images,
    at the published batch size and rate for networks on MNIST.
    """

    steps: int = 1000
    batch: int = 1000
    lr: float = 0.01
    momentum: float = 0.9
    look: int = 10
    matching: WeightMatching = field(default_factory=WeightMatching)
    pair: int = 0
    """The address of the draws: orders of images, and of groups."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A matching after `step` steps."""

    step: int
    loss: float
    """Of the midpoint on the last batch, under the permutation that was in force."""
    free: dict[str, Tensor]
    """The trained weights T, which the permutation brings B near to."""
    momenta: dict[str, Tensor]
    permutation: dict[str, Tensor]
    best: dict[str, Tensor]
    """Of those that were judged the permutation with the lowest loss of the midpoint on all images."""
    best_loss: float

    def tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for a file; `followed` makes the same of them to the bit."""
        return {
            **{f"free/{name}": tensor for name, tensor in self.free.items()},
            **self.momenta,
            **{f"permutation/{group}": vector for group, vector in self.permutation.items()},
            **{f"best/{group}": vector.clone() for group, vector in self.best.items()},
            "step": torch.tensor(self.step),
            "losses": torch.tensor([self.loss, self.best_loss], dtype=torch.float64),
        }


def followed(tensors: Mapping[str, Tensor]) -> Followed:
    """The state that `Followed.tensors` gave."""

    def under(mark: str, keep: bool = False) -> dict[str, Tensor]:
        return {name if keep else name[len(mark) :]: x for name, x in tensors.items() if name.startswith(mark)}

    loss, best_loss = tensors["losses"].tolist()
    momenta, permutation = under("momentum/", keep=True), under("permutation/")
    return Followed(int(tensors["step"]), loss, under("free/"), momenta, permutation, under("best/"), best_loss)


def match_straight_through(
    groups: Groups,
    midpoint: Midpoint,
    b: Mapping[str, Tensor],
    images: Split,
    settings: StraightThrough = StraightThrough(),
    start: Permutation | Followed | None = None,
    after_step: Callable[[Followed], object] | None = None,
) -> dict[str, Tensor]:
    """The permutation of `b` whose midpoint with A has the lowest loss on all images, of those that `steps` judges."""
    state = start if isinstance(start, Followed) else None
    for state in steps(groups, midpoint, b, images, settings, start):
        if after_step is not None:
            after_step(state)
    assert state is not None, "the state before the first step is judged, too"
    return state.best


def steps(
    groups: Groups,
    midpoint: Midpoint,
    b: Mapping[str, Tensor],
    images: Split,
    settings: StraightThrough = StraightThrough(),
    start: Permutation | Followed | None = None,
) -> Iterator[Followed]:
    """The states of a matching, the first before any step: that of weight matching alone, which begins at `start`.

    T begins as A. At each step p is the permutation of B that matches T, found from the last one on; the loss is that
    of (A + p.B) / 2 on a batch of images; and its gradient by p.B is taken for that by T. Buffers are not trained. Stop
    by asking for no more; a state given as `start` to another call with the same networks, images and settings is gone
    on from, to the same bits.
    """
    b = {name: tensor.to(images.device) for name, tensor in b.items()}
    if isinstance(start, Followed):
        state = start
    else:
        state = _before(groups, midpoint, b, images, settings, start)
        yield state
    live = {name: tensor.to(images.device, copy=True) for name, tensor in state.free.items()}
    sgd = stepper(Sgd(lr=settings.lr, momentum=settings.momentum), tuple(live), tuple(live.values()))
    sgd.load(state.momenta)
    while state.step < settings.steps:
        free = {name: tensor.detach().requires_grad_() for name, tensor in live.items()}
        moved = apply(groups, state.permutation, b)
        through = moved | {name: moved[name] + (tensor - tensor.detach()) for name, tensor in free.items()}
        value = midpoint.loss(through, *images.batch(rows(len(images), settings.batch, state.step, settings.pair)))
        slopes = torch.autograd.grad(value, list(free.values()), allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            sgd.step(list(slopes), settings.lr)
        try:
            p = match_weights(groups, live, b, settings.matching, state.permutation, settings.pair).permutation
        except ValueError as error:  # its own check that weights are finite
            message = (
                f"the matching diverged: after step {state.step + 1} of {settings.steps} its weights are no numbers"
            )
            raise NotFiniteError(message, help="take a smaller `lr`") from error
        step, best, best_loss = state.step + 1, state.best, state.best_loss
        if step % settings.look == 0 or step == settings.steps:
            judged = midpoint.evaluate(apply(groups, p, b), images).loss
            if judged < best_loss or math.isnan(best_loss):
                best, best_loss = p, judged
        trained = {name: tensor.detach().clone() for name, tensor in live.items()}
        momenta = {name: tensor.clone() for name, tensor in sgd.state().items()}
        state = Followed(step, float(value.detach()), trained, momenta, p, best, best_loss)
        yield state


def _before(
    groups: Groups,
    midpoint: Midpoint,
    b: Mapping[str, Tensor],
    images: Split,
    settings: StraightThrough,
    start: Permutation | None,
) -> Followed:
    """The state before the first step: B matched to A itself."""
    free = {name: midpoint.a[name].to(images.device, copy=True) for name in groups.counted}
    p = match_weights(groups, free, b, settings.matching, start, settings.pair).permutation
    loss = midpoint.evaluate(apply(groups, p, b), images).loss
    sgd = stepper(Sgd(lr=settings.lr, momentum=settings.momentum), tuple(free), tuple(free.values()))
    return Followed(0, loss, free, sgd.state(), p, p, loss)
