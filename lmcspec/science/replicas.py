"""Several trainings as one program: of one recipe on the same data, they differ in seeds, states and masks only.

Their weights are stacked, and torch.vmap makes one batched product of their linear layers and one grouped convolution
of their convolutions. Sums come in another order than in a training alone, so that results agree to rounding, not to
the bit: how closely, tests/science/test_replicas.py measures for each model.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import stack
from lmcspec.science.data.augmentation.cutmix import Labels, loss_of
from lmcspec.science.data.resident import Split
from lmcspec.science.dropout import Dropout
from lmcspec.science.optimisers.laws import LawfulStepper
from lmcspec.science.precision import autocast, computing_in
from lmcspec.science.stack import Stack
from lmcspec.science.train import LOOK, PULSE_SECONDS, Snapshot, batches, on_host, zero_masked

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.


@dataclass(frozen=True, slots=True, eq=False)
class Replica:
    """One of the trainings: its network, in the state that it starts from, and all that it doesn't share."""

    module: nn.Module
    """Trained in place: its parameters and buffers become parts of the stack."""
    noise: TrainingNoise
    mask: Mapping[str, Tensor] | None = None
    optimiser: Mapping[str, Tensor] | None = None
    """A snapshot's tensors to go on with; without any the optimiser starts fresh."""
    stops: Sequence[int] = ()
    on_stop: Callable[[Snapshot], None] | None = None
    """Gets a snapshot after k updates for each k of `stops`, as `train` calls it."""


class ReplicasStopped(Exception):
    """The trainings were asked to stop; `snapshots` are where they can go on from, those that diverged at their end."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        super().__init__("stopped after " + ", ".join(f"update {snapshot.update}" for snapshot in snapshots))
        self.snapshots = tuple(snapshots)


def can_be_stacked(module: nn.Module, recipe: Recipe) -> bool:
    """Whether nothing in it is drawn or scaled by rules that hold for one network at a time."""
    drawn = any(isinstance(part, Dropout | nn.modules.dropout._DropoutNd) and part.p for part in module.modules())
    return not drawn and stack.can_be_stacked(module) and recipe.precision != "fp16"


def train_together(
    replicas: Sequence[Replica],
    data: Split,
    recipe: Recipe,
    begin: int,
    until: int,
    pulse: Callable[[int, list[float]], bool | None] | None = None,
) -> list[Snapshot]:
    """Train all of them over the updates `begin` … `until` of a recipe and return their ends, in their order.

    Each takes the batches that it would take alone. One whose loss is not finite ends at the next look, and the others
    go on. `pulse(update, losses)` is called now and then; once it returns True, ReplicasStopped is raised.
    """
    if not 0 <= begin <= until <= recipe.length:
        raise ValueError(f"updates {begin} to {until} are not a part of 0 to {recipe.length}")
    was_training = [replica.module.training for replica in replicas]
    run = _Together(replicas, recipe, begin)
    run.enter_training()
    device = data.labels.device
    streams = [batches(data, recipe, replica.noise, begin, until) for replica in replicas]
    pulsed = time.monotonic()
    try:
        run.deliver()
        for several in zip(*streams, strict=True):
            with computing_in(recipe.precision, device):
                run.advance([images for images, _ in several], [labels for _, labels in several])
            look = run.update % LOOK == 0
            if look and run.all_over():
                break
            run.deliver()
            if pulse and (look or time.monotonic() - pulsed > PULSE_SECONDS):
                if pulse(run.update, run.last_losses()):
                    raise ReplicasStopped(run.snapshots())
                run.enter_training()
                pulsed = time.monotonic()
        return run.snapshots()
    finally:
        for replica, training in zip(replicas, was_training, strict=True):
            replica.module.train(training)


def losses_of(logits: Tensor, labels: Sequence[Labels]) -> Tensor:
    """The mean cross-entropy (R,) of each network's logits (R, n, classes)."""
    plain = [each for each in labels if isinstance(each, Tensor)]
    if len(plain) < len(labels):
        return torch.stack([loss_of(part, each) for part, each in zip(logits.unbind(0), labels, strict=True)])
    every = cross_entropy(logits.flatten(0, 1), torch.cat(plain), reduction="none")
    return every.view(logits.shape[:2]).mean(1)


class _Together:
    """The moving parts of several trainings."""

    def __init__(self, replicas: Sequence[Replica], recipe: Recipe, begin: int) -> None:
        self.update = begin
        self._replicas, self._recipe = tuple(replicas), recipe
        self._stack = Stack([replica.module for replica in replicas])
        self._stacked = list(self._stack.parameters.values())
        self._names = list(self._stack.parameters)
        self._masks = [replica.mask or {} for replica in replicas]
        self._awaited = [sorted(set(replica.stops)) for replica in replicas]
        self._ends: list[Snapshot | None] = [None] * len(replicas)
        """Of those that have diverged."""
        parts = {f"{place}:{name}": tensor for name in self._names for place, tensor in self._parts(name)}
        masks = {f"{place}:{name}": keep for place, mask in enumerate(self._masks) for name, keep in mask.items()}
        if odd := sorted(name for name, keep in masks.items() if name not in parts or parts[name].shape != keep.shape):
            raise ValueError(f"the mask has {odd[0].partition(':')[2]!r} in a shape that the model has not")
        self._keep = {place: self._kept(name) for place, name in enumerate(self._names) if self._is_masked(name)}
        # One list of all networks' weights: a step that works tensor by tensor works as if each had its own.
        self._optimiser = LawfulStepper(recipe.optimiser, tuple(parts), list(parts.values()), masks)
        self._load([replica.optimiser for replica in replicas])
        zero_masked(parts, self._optimiser.moments, masks)
        self._losses: Tensor | None = None
        self._totals = torch.zeros(len(replicas), dtype=torch.float64, device=self._stacked[0].device)

    def enter_training(self) -> None:
        for replica in self._replicas:
            replica.module.train()

    def advance(self, images: Sequence[Tensor], labels: Sequence[Labels]) -> None:
        """One update of each."""
        stacked = torch.stack(list(images))
        with autocast(self._recipe.precision, stacked.device):
            logits = self._stack(stacked)
        losses = losses_of(logits.float(), labels)
        gradients = list(torch.autograd.grad(losses.sum(), self._stacked, materialize_grads=True))
        if self._keep:
            kept = torch._foreach_mul([gradients[place] for place in self._keep], list(self._keep.values()))
            for place, gradient in zip(self._keep, kept, strict=True):
                gradients[place] = gradient
        alone = [part for gradient in gradients for part in gradient.unbind(0)]
        self._optimiser.step(alone, self._recipe.rate(self.update))
        self._losses = losses.detach()
        self._totals += self._losses
        self.update += 1

    def all_over(self) -> bool:
        """Take out those whose losses were not all finite; whether none is left."""
        finite = self._totals.isfinite().tolist()
        for place, sound in enumerate(finite):
            if not sound and self._ends[place] is None:
                end = self._ends[place] = self._snapshot(place, diverged=True)
                while self._awaited[place]:  # what it doesn't reach gets its end
                    self._hand_out(place, end)
        return None not in self._ends

    def deliver(self) -> None:
        """Hand out the snapshots that are awaited now."""
        for place, awaited in enumerate(self._awaited):
            if awaited and awaited[0] == self.update:
                self._hand_out(place, self._snapshot(place))

    def _hand_out(self, place: int, snapshot: Snapshot) -> None:
        del self._awaited[place][0]
        if on_stop := self._replicas[place].on_stop:
            on_stop(snapshot)
            self.enter_training()

    def last_losses(self) -> list[float]:
        return [float("nan")] * len(self._replicas) if self._losses is None else self._losses.tolist()

    def snapshots(self) -> list[Snapshot]:
        """Of each where it stands, or where it has diverged."""
        self.all_over()
        return [end or self._snapshot(place) for place, end in enumerate(self._ends)]

    def _snapshot(self, place: int, diverged: bool = False) -> Snapshot:
        state = {name: on_host(tensor) for name, tensor in self._replicas[place].module.state_dict().items()}
        moments = {name: on_host(tensor) for name, tensor in self._of(place, self._optimiser.state()).items()}
        if bool(self._totals.isfinite().all()):  # NaN times zero is NaN: only a diverged run may have strayed
            parts = {f"{at}:{name}": tensor for name in self._names for at, tensor in self._parts(name)}
            self._optimiser.check(parts, self._optimiser.moments, f"update {self.update}")
        zero_masked(state, moments, self._masks[place])
        loss = None if self._losses is None else self._losses[place].item()
        return Snapshot(self.update, state, moments, loss, diverged)

    def _parts(self, name: str) -> list[tuple[int, Tensor]]:
        return list(enumerate(self._stack.parameters[name].detach().unbind(0)))

    def _is_masked(self, name: str) -> bool:
        return any(name in mask for mask in self._masks)

    def _kept(self, name: str) -> Tensor:
        like = self._stack.parameters[name].detach()
        kept = torch.ones_like(like)
        for place, mask in enumerate(self._masks):
            if name in mask:
                kept[place].copy_(mask[name])
        return kept

    def _load(self, states: Sequence[Mapping[str, Tensor] | None]) -> None:
        held = [state for state in states if state is not None]
        if not held:
            return
        if len(held) < len(states):
            raise ValueError("some of these trainings go on with their optimiser and some start afresh")
        joint: dict[str, Tensor] = {}
        for place, state in enumerate(held):
            for entry, tensor in state.items():
                moment, _, name = entry.partition("/")
                joint[f"{moment}/{place}:{name}" if name else entry] = tensor
        self._optimiser.load(joint)

    def _of(self, place: int, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What of a joint state is one training's; what has no parameter's name is everybody's."""
        alone: dict[str, Tensor] = {}
        for entry, tensor in state.items():
            moment, _, name = entry.partition("/")
            number, _, rest = name.partition(":")
            if not name:
                alone[entry] = tensor
            elif int(number) == place:
                alone[f"{moment}/{rest}"] = tensor
        return alone
