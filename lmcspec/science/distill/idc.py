"""IDC: images packed as tiles, matched with real ones by gradients along trainings on real data."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lmcspec.base import streams
from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.distillers.idc import EfficientCondensation
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data.augmentation.dsa import siamese
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.data.distilled.tiles import decode, pack
from lmcspec.science.data.resident import Split
from lmcspec.science.data.space import Space, of_floats
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.matching import DISTANCES, gradients
from lmcspec.science.distill.start import class_labels, members_of, some, start_rows, too_few
from lmcspec.science.dropout import silence
from lmcspec.science.train import Segment, train


def distill(config: EfficientCondensation, distillation: Distillation) -> Distilled:
    """`ipc` packed images of each class in [0, 1], but for what the last network's steps moved beyond; class by class.

    For each of `networks` drawn anew and trained for `early` epochs on real data: the images are cut off at 0 and 1;
    then `inner` times, for one class c after the other, one step of SGD with momentum on

        D(g(A(x)), g(A(u(s_c))))

    and after all classes the network trains on `seen` real images. u unpacks the tiles and brings them into the data's
    space, A is one augmentation for both, g the gradient of the mean cross-entropy by the weights of convolutions,
    D sums a distance over them. The momentum of a class moves its images in the steps of the others, too. Draws are
    addressed by (seed, network, step).
    """
    data = distillation.data
    split, classes = data.train, data.classes
    labels = class_labels(classes, config.ipc, distillation.device)
    images, first, entered = _start(config, distillation).to(distillation.device), 0, None
    velocity = torch.zeros_like(images)
    if distillation.begin is not None:
        state = {name: tensor.to(distillation.device) for name, tensor in distillation.begin.state.items()}
        images, velocity, first = state.pop("images").clone(), state.pop("velocity").clone(), distillation.begin.step
        entered = state
    assert split.conversion is not None, "a study's own images are converted as they are taken"
    enter = of_floats(split.conversion)
    members = members_of(split, classes)
    rate = config.lr * config.ipc / 10
    learner: _Learner | None = None
    for step in range(first, config.steps):
        network, inner = divmod(step, config.inner)
        if inner == 0 or learner is None:
            learner = _Learner(distillation.network(config.seed, "net", network))
            if inner and entered is not None:
                learner.load(entered)
        if inner == 0:
            if config.early:
                updates = config.early * updates_per_epoch(len(split), config.net_batch)
                learner.train(split, _recipe(config, updates), InnerNoise("distill", (config.seed, network, "early")))
            images.clamp_(0, 1)
        module = learner.module.train()
        silence(module)
        weights = [part.weight for part in module.modules() if isinstance(part, nn.Conv2d)]
        total = images.new_zeros(())
        for label, rows in enumerate(members):
            address = (config.seed, network, inner, label)
            of_label = slice(label * config.ipc, (label + 1) * config.ipc)
            real, real_labels = split.batch(torch.from_numpy(some(rows, config.batch, *address, "real")))
            synthetic = images[of_label].detach().requires_grad_(True)
            seen = _unpacked(config, synthetic, address)
            change = siamese(config.dsa, "idc", ("distill", *address, "dsa"))
            wanted = gradients(module, change(real), real_labels, weights)
            known = torch.full((len(seen),), label, device=distillation.device)
            made = gradients(module, change(enter(seen)), known, weights, graph=True)
            distance = DISTANCES[config.metric](wanted, made)
            (gradient,) = torch.autograd.grad(distance, synthetic)
            velocity.mul_(config.momentum)
            velocity[of_label] += gradient
            images.sub_(velocity, alpha=rate)
            total += distance.detach()
        if inner + 1 < config.inner and config.seen:
            noise = InnerNoise("distill", (config.seed, network, "training", inner))
            learner.train(split, _recipe(config, -(-config.seen // config.net_batch)), noise)
        distillation.advance(step + 1, total.item(), {"images": images, "velocity": velocity, **learner.state()})
    return Distilled(images, labels, Space("raw"), config.factor)


def bounded(ipc: int, factor: int, bound: int) -> list[tuple[int, int]]:
    """How many of `ipc` images are unpacked by which factor, so that there are no more than `bound`, if that can be.

    From the largest factor down, as in the papers' code: of the room that is left if each of the rest is one image, as
    many as fit with all of their tiles.
    """
    parts, left, made = [], ipc, 0
    for side in range(factor, 1, -1):
        count = max(0, min(left, (bound - made - left) // (side * side)))
        if count:
            parts.append((count, side))
        left, made = left - count, made + count * side * side
    return [*parts, (left, 1)] if left else parts


def _unpacked(config: EfficientCondensation, images: Tensor, address: tuple[int, ...]) -> Tensor:
    """The images of a class that a step looks at, in [0, 1]."""
    if config.bound:
        parts, place = [], 0
        for count, factor in bounded(config.ipc, config.factor, config.bound):
            parts.append(decode(images[place : place + count], factor))
            place += count
        seen = torch.cat(parts)
    else:
        seen = decode(images, config.factor)
    if len(seen) <= config.most:
        return seen
    chosen = some(np.arange(len(seen)), config.most, *address, "synthetic")
    return seen[torch.from_numpy(chosen).to(seen.device)]


def _start(config: EfficientCondensation, distillation: Distillation) -> Tensor:
    """Packed images in [0, 1] to start from, on the host."""
    data, packed = distillation.data, config.factor**2
    if config.start == "noise":
        shape = torch.Size((data.classes * config.ipc, *data.shape))
        values = streams.normals(shape.numel(), "distill", config.seed, "start")
        return torch.from_numpy(values / 4 + 0.5).clamp(0, 1).to(torch.float32).view(shape)
    count = config.ipc * packed
    if config.start == "first":
        chosen = [rows[:count] for rows in members_of(data.train, data.classes)]
        if short := [label for label, rows in enumerate(chosen) if len(rows) < count]:
            raise too_few(short[0], len(chosen[short[0]]), count)
    else:
        chosen = start_rows(data.train, data.classes, count, config.seed)
    return torch.cat([pack(_raw(data.train, rows), config.factor) for rows in chosen])


def _raw(split: Split, rows: np.ndarray) -> Tensor:
    """Images of the split in [0, 1], on the host."""
    source = split.images if split.decoded is None else split.decoded
    assert split.conversion is not None
    images = source[torch.from_numpy(rows).to(split.index_device)].cpu()
    size = split.shape[1:]
    top, left = ((have - want) // 2 for have, want in zip(images.shape[2:], size, strict=True))
    return images[:, :, top : top + size[0], left : left + size[1]].float() / split.conversion.scale


def _recipe(config: EfficientCondensation, updates: int) -> Recipe:
    """How a network trains on real images between two steps."""
    optimiser = Sgd(lr=config.net_lr, momentum=config.net_momentum, weight_decay=config.net_weight_decay)
    augment = Augment(dsa=config.net_dsa, dsa_style="idc", cutmix=config.net_cutmix)
    return Recipe(updates, config.net_batch, optimiser, augment=augment)


@dataclass(slots=True, eq=False)
class _Learner:
    """A network on its way, with its optimiser's momentum."""

    module: nn.Module
    moments: Mapping[str, Tensor] | None = None

    def train(self, split: Split, recipe: Recipe, noise: InnerNoise) -> None:
        """Train the network further; its momentum goes on from the last time."""
        self.moments = train(self.module, split, recipe, noise, segment=Segment(optimiser=self.moments)).optimiser

    def state(self) -> dict[str, Tensor]:
        """The tensors of the network and of its momentum, by name."""
        moments = {f"moments/{name}": tensor for name, tensor in (self.moments or {}).items()}
        return {f"net/{name}": tensor for name, tensor in self.module.state_dict().items()} | moments

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        parts: dict[str, dict[str, Tensor]] = {"net": {}, "moments": {}}
        for name, tensor in state.items():
            part, _, leaf = name.partition("/")
            parts[part][leaf] = tensor
        self.module.load_state_dict(parts["net"])
        self.moments = parts["moments"] or None
