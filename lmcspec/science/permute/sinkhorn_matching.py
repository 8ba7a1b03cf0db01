"""Matching by gradient: permutations are relaxed to doubly stochastic matrices, by which a loss is lowered.

Peña et al. (2023), Re-basin via implicit Sinkhorn differentiation.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.base.addresses import Address
from lmcspec.catalog.optimisers.adam import Adam
from lmcspec.science.data.resident import Split
from lmcspec.science.optimisers import stepper
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.midpoint import Midpoint, rows
from lmcspec.science.permute.pair import NotFiniteError
from lmcspec.science.permute.sinkhorn import Sinkhorn, harden, plan

Loss = Callable[[Mapping[str, Tensor], int], Tensor]
"""The loss of a softly permuted B at a step, differentiable by it: `apart`, `halfway` or `anywhere`."""


@dataclass(frozen=True, slots=True)
class SinkhornMatching:
    """`steps` of Adam at rate `lr` on a matrix of similarities for each group, which begins as `start` x identity."""

    steps: int = 200
    lr: float = 0.1
    start: float = 3.0
    sinkhorn: Sinkhorn = field(default_factory=Sinkhorn)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A matching after `step` steps: similarities (n, n) of each group, and what Adam keeps of them."""

    step: int
    loss: float
    """Before the step; NaN before the first."""
    similarities: dict[str, Tensor]
    adam: dict[str, Tensor]

    def permutation(self) -> dict[str, Tensor]:
        """Of each group the best assignment of its similarities."""
        return {group: harden(similarity) for group, similarity in self.similarities.items()}

    def tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for a file; `relaxed` makes the same of them to the bit."""
        similarities = {f"similarity/{group}": tensor for group, tensor in self.similarities.items()}
        return similarities | self.adam | {"loss": torch.tensor(self.loss, dtype=torch.float64)}


def relaxed(tensors: Mapping[str, Tensor]) -> Relaxed:
    """The state that `Relaxed.tensors` gave."""
    mark = "similarity/"
    similarities = {name.removeprefix(mark): x for name, x in tensors.items() if name.startswith(mark)}
    adam = {name: x for name, x in tensors.items() if name.partition("/")[0] in ("exp_avg", "exp_avg_sq", "step")}
    return Relaxed(int(tensors["step"]), float(tensors["loss"]), similarities, adam)


def match_by_sinkhorn(
    groups: Groups,
    b: Mapping[str, Tensor],
    loss: Loss,
    settings: SinkhornMatching = SinkhornMatching(),
    start: Relaxed | None = None,
    after_step: Callable[[Relaxed], object] | None = None,
) -> dict[str, Tensor]:
    """The permutation of `b` at which `descent` ends; `after_step` sees each of its states."""
    state = start
    for state in descent(groups, b, loss, settings, start):
        if after_step is not None:
            after_step(state)
    if state is None:
        raise ValueError("a matching by Sinkhorn takes at least 1 step")
    return state.permutation()


def descent(
    groups: Groups,
    b: Mapping[str, Tensor],
    loss: Loss,
    settings: SinkhornMatching = SinkhornMatching(),
    start: Relaxed | None = None,
) -> Iterator[Relaxed]:
    """The states of a matching, one after each step. It is a local search: permute B first to begin elsewhere.

    Each step permutes B softly, `P_l W P_(l-1)'`, by the Sinkhorn plans P of the similarities, and goes against the
    loss's gradient by these. Stop by asking for no more; a state given as `start` to another call with the same
    networks, loss and settings is gone on from, to the same bits.
    """
    device = b[groups.counted[0]].device
    if start is None:
        eyes = {group: torch.eye(size, device=device) for group, size in groups.sizes.items()}
        live = {group: settings.start * eye for group, eye in eyes.items()}
    else:
        live = {group: tensor.to(device, copy=True) for group, tensor in start.similarities.items()}
    adam = stepper(Adam(lr=settings.lr), tuple(live), tuple(live.values()))
    if start is not None:
        adam.load(start.adam)
    for step in range(0 if start is None else start.step, settings.steps):
        free = {group: tensor.detach().requires_grad_() for group, tensor in live.items()}
        plans = {group: plan(tensor, settings.sinkhorn) for group, tensor in free.items()}
        value = loss(permuted_softly(groups, plans, b), step)
        slopes = _slopes(value, list(free.values()))
        if slopes is None:
            message = f"the matching diverged: in step {step + 1} of {settings.steps} its loss or slope is no number"
            raise NotFiniteError(message, help="take a smaller `lr`, or a higher `temperature`")
        with torch.no_grad():
            adam.step(slopes, settings.lr)
        kept = {name: tensor.clone() for name, tensor in adam.state().items()}
        yield Relaxed(step + 1, float(value.detach()), {group: x.detach().clone() for group, x in live.items()}, kept)


def _slopes(value: Tensor, free: list[Tensor]) -> list[Tensor] | None:
    """The gradient of a value by each of these; None where it has none, or not by finite numbers."""
    if not bool(value.isfinite()):
        return None
    try:
        slopes = torch.autograd.grad(value, free, allow_unused=True, materialize_grads=True)
    except torch.linalg.LinAlgError:  # pyright: ignore[reportPrivateImportUsage]
        return None
    return list(slopes) if all(bool(slope.isfinite().all()) for slope in slopes) else None


def apart(groups: Groups, a: Mapping[str, Tensor]) -> Loss:
    """||A - P.B||^2 over the groups' counted parameters, divided by ||A||^2 where that is not 0."""
    names = groups.counted
    length = math.fsum(float(a[name].double().square().sum()) for name in names)

    def loss(b: Mapping[str, Tensor], step: int) -> Tensor:
        return torch.stack([(a[name] - b[name]).square().sum() for name in names]).sum() / (length or 1.0)

    return loss


def halfway(midpoint: Midpoint, split: Split, batch: int, *address: Address) -> Loss:
    """The cross-entropy of (A + P.B) / 2 on the batch of images that a step has: see `midpoint.rows`."""

    def loss(b: Mapping[str, Tensor], step: int) -> Tensor:
        return midpoint.loss(b, *split.batch(rows(len(split), batch, step, *address)))

    return loss


def anywhere(midpoint: Midpoint, split: Split, batch: int, *address: Address) -> Loss:
    """As `halfway`, of (1 - alpha) A + alpha P.B with an alpha that is drawn for each step, uniform on [0, 1)."""

    def loss(b: Mapping[str, Tensor], step: int) -> Tensor:
        alpha = float(streams.uniforms(1, "match", *address, "alpha", step)[0])
        return midpoint.loss(b, *split.batch(rows(len(split), batch, step, *address)), alpha)

    return loss


def permuted_softly(groups: Groups, plans: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As `algebra.apply`, with a matrix P (n, n) for each group: new unit i = sum over j of P_ij old unit j.

    With P = eye(n)[p] it is the permutation p. Integer tensors come back as they are.
    """
    moved = {}
    for name, tensor in tensors.items():
        for axis, blocks in enumerate(groups.axes.get(name, ()) if tensor.is_floating_point() else ()):
            if any(block.group in plans for block in blocks):
                tensor = torch.cat(list(_mixed(tensor, axis, blocks, plans)), axis)
        moved[name] = tensor
    return moved


def _mixed(tensor: Tensor, axis: int, blocks: tuple[Block, ...], plans: Mapping[str, Tensor]) -> Iterator[Tensor]:
    parts = tensor.split([block.length for block in blocks], axis)
    for block, part in zip(blocks, parts, strict=True):
        if block.group is None or block.group not in plans:
            yield part
            continue
        first = part.movedim(axis, 0)
        mixed = plans[block.group].to(tensor.dtype) @ first.reshape(block.size, -1)
        yield mixed.reshape(first.shape).movedim(0, axis)
