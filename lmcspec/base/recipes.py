"""A recipe resolved to updates: all that a training needs to know, and all of it that is part of its id."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sgd:
    """`v <- momentum v + g + weight_decay w; w <- w - lr (g + weight_decay w + momentum v if nesterov else v)`."""

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    name: Literal["sgd"] = "sgd"


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam with L2 weight decay added to the gradient, as torch.optim.Adam."""

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    name: Literal["adam"] = "adam"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rate's multiplier at update t (0-based): `factor^(milestones <= t) * min(1, t / warmup)`."""

    milestones: tuple[int, ...] = ()
    factor: float = 1.0
    warmup: int = 0

    def multiplier(self, update: int) -> float:
        """What the base rate is multiplied by for the update that starts from the state after `update` updates."""
        passed = sum(1 for milestone in self.milestones if milestone <= update)
        ramp = min(1.0, update / self.warmup) if self.warmup else 1.0
        return self.factor**passed * ramp


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of the training images, drawn afresh each epoch; applied before the images enter their space.

    Order: crop, then flip. `crop` pads by that many black pixels on each side and cuts the old size at a uniform
    offset; `flip` mirrors left to right with probability 1/2.
    """

    flip: bool = False
    crop: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train, in updates. `length` is the schedule's, whatever part of it a task runs."""

    length: int
    batch: int
    optimiser: Sgd | Adam
    schedule: Schedule = Schedule()
    augment: Augmentation = Augmentation()
    optimiser_state: Literal["fresh", "carry"] = "fresh"
    precision: Literal["float32"] = "float32"


@dataclass(frozen=True, slots=True)
class Noise:
    """Where a training's data order and augmentation are drawn: the address of its streams before the epoch."""

    replicate: int
    copy: int = 0
    level: int = 0
