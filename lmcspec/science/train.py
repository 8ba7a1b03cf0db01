"""The training loop: one run of a recipe, or any part of it, from the state that a module holds."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.auxiliary import loss_of_outputs
from lmcspec.science.computed import Computed, Forward
from lmcspec.science.data.augmentation.augment import BatchChange, ImageDraws, draw, draw_batches
from lmcspec.science.data.augmentation.cutmix import Labels, loss_of
from lmcspec.science.data.resident import Split
from lmcspec.science.dropout import attach, detach
from lmcspec.science.optimisers.laws import LawfulStepper
from lmcspec.science.order import order
from lmcspec.science.precision import LossScale, autocast, computing_in

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.

LOOK = 16
"""Divergence is looked for after every update whose number this divides: at fixed places, whatever part is run."""

PULSE_SECONDS = 0.1
"""A pulse is felt at every look, and after so long at the latest."""
_AT_ONCE, _AT_ONCE_ON_GPUS = 2**21, 2**26
"""Bytes of float32 images that are prepared at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A training after `update` updates, on the CPU: parameters and buffers, and the optimiser's tensors, by name.

    `loss` is the last batch's (None before the first update), for logs. `diverged`: some loss was not finite.
    """

    update: int
    state: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    loss: float | None
    diverged: bool


class TrainingStopped(Exception):
    """Training was asked to stop; `snapshot` is where it can go on from."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(f"stopped after update {snapshot.update}")
        self.snapshot = snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The updates of a recipe from `begin` until `until`, by default its length."""

    begin: int = 0
    until: int | None = None
    optimiser: Mapping[str, Tensor] | None = None
    """A snapshot's tensors to go on with; without any the optimiser starts fresh."""


WHOLE = Segment()
"""All updates of a recipe, from its beginning."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What is told how a training goes, while it goes on."""

    stops: Sequence[int] = ()
    on_stop: Callable[[Snapshot], None] | None = None
    """Gets a snapshot after k updates for each k of `stops`, those at the beginning included."""
    pulse: Callable[[int, float], bool | None] | None = None
    """`pulse(update, loss)` is called now and then; once it returns True, TrainingStopped is raised."""


def train(
    network: nn.Module | Computed,
    data: Split,
    recipe: Recipe,
    noise: TrainingNoise,
    *,
    mask: Mapping[str, Tensor] | None = None,
    segment: Segment = WHOLE,
    callbacks: Callbacks = Callbacks(),
) -> Snapshot:
    """Train a network in place over a segment of a recipe and return its end.

    Update t (0-based) takes batch `t mod per-epoch` of epoch `t div per-epoch`, the last, partial batch included, at
    rate recipe.rate(t). Masked weights are zero in weight, gradient and moments at every update. Going
    on from a snapshot's state, optimiser and update is bitwise the uninterrupted run on the same machine.

    A training whose loss is not finite ends at the next look; the stops that it does not reach get its end.
    """
    module, forward = (computed := Computed.by(network)).module, computed.forward
    begin, until = segment.begin, recipe.length if segment.until is None else segment.until
    awaited, pulse = sorted(set(callbacks.stops)), callbacks.pulse
    if not 0 <= begin <= until <= recipe.length:
        raise ValueError(f"updates {begin} to {until} are not a part of 0 to {recipe.length}")
    if awaited and not begin <= awaited[0] <= awaited[-1] <= until:
        raise ValueError(f"stops must lie in {begin} … {until}, not {awaited}")
    run = _Run(module, recipe, mask or {}, segment, forward)

    def deliver(snapshot: Snapshot | None = None) -> None:
        while awaited and (run.update == awaited[0] or snapshot):
            del awaited[0]
            if callbacks.on_stop:
                callbacks.on_stop(snapshot or run.snapshot())
                module.train()

    was_training = module.training
    module.train()
    device = data.labels.device
    try:
        tell = attach(module, noise, updates_per_epoch(len(data.labels), recipe.batch), device)
        deliver()
        pulsed = time.monotonic()
        for images, labels in batches(data, recipe, noise, begin, until):
            tell(run.update)
            with computing_in(recipe.precision, device):
                run.advance(images, labels)
            look = run.update % LOOK == 0
            if look and run.diverged():
                break
            if awaited and run.update == awaited[0]:
                deliver()
            if pulse and (look or time.monotonic() - pulsed > PULSE_SECONDS):
                if pulse(run.update, run.last_loss()):
                    raise TrainingStopped(run.snapshot())
                module.train()
                pulsed = time.monotonic()
        end = run.snapshot()
        deliver(end)
        return end
    finally:
        detach(module)
        module.train(was_training)


def check_moments(module: nn.Module, recipe: Recipe, moments: Mapping[str, Tensor]) -> None:
    """Raise where the optimiser of a recipe can't go on from these tensors for this module, which stays as it is."""
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    fresh = LawfulStepper(recipe.optimiser, tuple(named), [p.data for p in named.values()], {})
    held = dict(moments)
    for name, tensor in fresh.moments.items():
        if name in held and held[name].dtype != tensor.dtype:
            raise ValueError(f"the moment {name!r} is {held[name].dtype}, not {tensor.dtype}")
    if recipe.precision == "fp16":
        LossScale().load(held)
        held = {name: value for name, value in held.items() if name not in LossScale.STATE}
    fresh.load(held)


def batches(
    data: Split, recipe: Recipe, noise: TrainingNoise, begin: int, until: int
) -> Iterator[tuple[Tensor, Labels]]:
    """The batches of updates `begin` … `until - 1`: images float32 (n, C, H, W) in their space, labels, on the device.

    Labels are int64 (n,), or pairs of them with their shares where CutMix has mixed a batch.
    """
    images = len(data.labels)
    per_epoch = updates_per_epoch(images, recipe.batch)
    together = _together(data, recipe.batch)
    asked: deque[tuple[tuple[BatchChange, ...], range]] = deque()

    def parts() -> Iterator[tuple[Tensor, ImageDraws | None]]:
        update = begin
        while update < until:
            epoch, first = divmod(update, per_epoch)
            places = torch.from_numpy(order(images, noise, epoch)).to(data.index_device)
            draws = draw(images, recipe.augment, noise, epoch, data.stored)
            draws = draws and draws.to(data.device)
            changes = draw_batches(images, recipe.batch, recipe.augment, noise, epoch)
            last = min(per_epoch, first + until - update)
            for number in range(first, last, together):
                numbers = range(number, min(number + together, last))
                part = slice(number * recipe.batch, numbers.stop * recipe.batch)
                asked.append((changes, numbers))
                yield places[part], draws and draws[part]
            update += last - first

    # Images that are read ahead are asked for before their turn: what else a batch needs waits in `asked`.
    for prepared, answers in data.batches(parts()):
        changes, numbers = asked.popleft()
        for number, x, y in zip(numbers, prepared.split(recipe.batch), answers.split(recipe.batch), strict=True):
            part = slice(number * recipe.batch, (number + 1) * recipe.batch)
            labels: Labels = y
            for change in changes:
                x, labels = change(x, labels, number, part)
            yield x, labels


def _together(data: Split, batch: int) -> int:
    """How many batches are prepared at once: as many as fit a cache, since each alone costs dozens of small steps.

    Images on the host are read ahead batch by batch.
    """
    if data.index_device != data.device:
        return 1
    channels, height, width = data.shape
    room = _AT_ONCE if data.device.type == "cpu" else _AT_ONCE_ON_GPUS
    return max(1, room // (4 * channels * height * width * batch))


class _Run:
    """The moving parts of one training."""

    def __init__(
        self, module: nn.Module, recipe: Recipe, mask: Mapping[str, Tensor], segment: Segment, forward: Forward
    ) -> None:
        named = {name: p for name, p in module.named_parameters() if p.requires_grad}
        for name, keep in mask.items():
            if name not in named or named[name].shape != keep.shape:
                raise ValueError(f"the mask has {name!r} {tuple(keep.shape)}, which the model has not")
        self.update = segment.begin
        self._module, self._recipe, self._mask, self._forward = module, recipe, mask, forward
        for parameter in named.values():
            if parameter.stride() != torch.empty_like(parameter).stride():  # a part of another tensor: no step is fused
                parameter.data = parameter.data.contiguous()
        self._parameters = list(named.values())
        self._places = [place for place, name in enumerate(named) if name in mask]
        self._keep = [torch.empty_like(p.data).copy_(mask[name]) for name, p in named.items() if name in mask]
        self._scale = LossScale() if recipe.precision == "fp16" else None
        self._optimiser = LawfulStepper(recipe.optimiser, tuple(named), [p.data for p in named.values()], mask)
        self._loss: Tensor | None = None
        self._total = torch.zeros((), dtype=torch.float64, device=self._parameters[0].device)
        if segment.optimiser is not None:
            if self._scale is not None:
                self._scale.load(segment.optimiser)
            moments = {name: value for name, value in segment.optimiser.items() if name not in LossScale.STATE}
            self._optimiser.load(moments)
        zero_masked({name: p.data for name, p in named.items()}, self._optimiser.moments, mask)

    def advance(self, images: Tensor, labels: Labels) -> None:
        """One update; in float16 it may be left out, and counts all the same."""
        forward = self._forward if len(images) == self._recipe.batch else self._module
        with autocast(self._recipe.precision, images.device):
            outputs = forward(images)
        loss = loss_of_outputs(outputs, lambda logits: loss_of(logits.float(), labels))
        gradients: list[Tensor] | None = list(
            torch.autograd.grad(
                loss if self._scale is None else loss * self._scale.scale,
                self._parameters,
                materialize_grads=True,  # a parameter that the loss doesn't depend on has the gradient 0
            )
        )
        if self._scale is not None:
            gradients = self._scale.unscale(gradients)
        if gradients is not None:
            self._step(gradients)
        self._loss = loss.detach()
        self._total += self._loss
        self.update += 1

    def _step(self, gradients: list[Tensor]) -> None:
        if self._keep:
            # With a zero gradient every moment, and so every weight, that starts at zero stays there.
            kept = torch._foreach_mul([gradients[place] for place in self._places], self._keep)
            for place, gradient in zip(self._places, kept, strict=True):
                gradients[place] = gradient
        self._optimiser.step(gradients, self._recipe.rate(self.update))

    def last_loss(self) -> float:
        return float("nan") if self._loss is None else self._loss.item()

    def diverged(self) -> bool:
        """Whether some loss of this run was not finite. The sum keeps what came between two looks."""
        return not bool(self._total.isfinite())

    def snapshot(self) -> Snapshot:
        state = {name: on_host(tensor) for name, tensor in self._module.state_dict().items()}
        moments = {name: on_host(tensor) for name, tensor in self._optimiser.state().items()}
        moments |= {} if self._scale is None else self._scale.state()
        diverged = self.diverged()
        if not diverged:  # NaN times zero is NaN: only a diverged run may have strayed
            self._optimiser.check(state, moments, f"update {self.update}")
        zero_masked(state, moments, self._mask)
        return Snapshot(self.update, state, moments, None if self._loss is None else self._loss.item(), diverged)


def on_host(tensor: Tensor) -> Tensor:
    """A copy of it in the CPU's memory, in the order of its shape."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)


def zero_masked(weights: Mapping[str, Tensor], moments: Mapping[str, Tensor], mask: Mapping[str, Tensor]) -> None:
    """Make zero, in place, what a mask prunes of weights by name and of their moments `WHAT/NAME`."""
    for name, keep in mask.items():
        gone = ~keep.to(weights[name].device)
        for tensor in (weights[name], *(held for moment, held in moments.items() if moment.partition("/")[2] == name)):
            tensor.masked_fill_(gone, 0.0)
