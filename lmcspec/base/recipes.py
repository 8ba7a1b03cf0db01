"""A recipe resolved to updates: all that a training needs to know, and all of it that is part of its id."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Literal

ADDED_LATER = {"added_later": True}
"""Metadata of a field that came with a later version: left out of ids while it has its default, the old behaviour."""

Precision = Literal["float32", "bf16", "fp16", "tf32"]


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
class AdamW:
    """Adam with decoupled weight decay, `w <- w - lr weight_decay w` before each step, as torch.optim.AdamW."""

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01
    name: Literal["adamw"] = "adamw"


Optimiser = Sgd | Adam | AdamW


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
class Cosine:
    """The rate's multiplier at update t, with w = `warmup` and p = (t - w) / (`end` - w):

    t / w before w, then `final + (1 - final) (1 + cos(pi p)) / 2`. Without warm-up that of torch's
    CosineAnnealingLR(T_max = end, eta_min = final lr).
    """

    end: int
    final: float = 0.0
    warmup: int = 0
    name: Literal["cosine"] = "cosine"

    def multiplier(self, update: int) -> float:
        """What the base rate is multiplied by for the update that starts from the state after `update` updates."""
        if update < self.warmup:
            return update / self.warmup
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * _passed(self, update))) / 2


@dataclass(frozen=True, slots=True)
class Linear:
    """The rate's multiplier at update t, with w = `warmup` and p = (t - w) / (`end` - w):

    t / w before w, then `1 - (1 - final) p`.
    """

    end: int
    final: float = 0.0
    warmup: int = 0
    name: Literal["linear"] = "linear"

    def multiplier(self, update: int) -> float:
        """What the base rate is multiplied by for the update that starts from the state after `update` updates."""
        if update < self.warmup:
            return update / self.warmup
        return 1 - (1 - self.final) * _passed(self, update)


def _passed(schedule: Cosine | Linear, update: int) -> float:
    """The share of the way from the end of the warm-up to the end of training."""
    return (update - schedule.warmup) / max(1, schedule.end - schedule.warmup)


AnySchedule = Schedule | Cosine | Linear


@dataclass(frozen=True, slots=True)
class ResizedCrop:
    """A random part of each image, brought to `size` x `size` pixels.

    Its share of the image's area is uniform in `scale`, the logarithm of width / height uniform in those of `ratio`
    (see lmcspec/science/data/augmentation/resized_crop.py).
    """

    size: int
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of the training images, drawn afresh each epoch; applied before the images enter their space.

    Order: crop, then flip, then the images enter their space, then DSA, then CutMix. `crop` pads by that many black
    pixels on each side and cuts the old size at a uniform offset; `random_resized_crop` cuts from the whole of the
    stored image; `flip` mirrors left to right with probability 1/2.
    `dsa` names families of differentiable siamese augmentation joined by `_`, in alphabetical order; `dsa_style` says
    how they are combined. With probability `cutmix` a batch is mixed with itself. Colours change last of what acts on
    decoded images, by `jitter` and `lighting`. More in lmcspec/science/data/augmentation.
    """

    flip: bool = False
    crop: int = 0
    dsa: str = field(default="", metadata=ADDED_LATER)
    dsa_style: Literal["dc", "mtt", "idc"] = field(default="dc", metadata=ADDED_LATER)
    cutmix: float = field(default=0.0, metadata=ADDED_LATER)
    random_resized_crop: ResizedCrop | None = field(default=None, metadata=ADDED_LATER)
    jitter: float = field(default=0.0, metadata=ADDED_LATER)
    lighting: float = field(default=0.0, metadata=ADDED_LATER)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train, in updates. `length` is the schedule's, whatever part of it a task runs."""

    length: int
    batch: int
    optimiser: Optimiser
    schedule: AnySchedule = Schedule()
    augment: Augmentation = Augmentation()
    optimiser_state: Literal["fresh", "carry"] = "fresh"
    precision: Precision = "float32"
    """Of the updates alone: weights, optimiser and every evaluation are float32 (see lmcspec/science/precision.py)."""
    learned_rate: bool = field(default=False, metadata=ADDED_LATER)
    """The rate is that which was distilled along with the images trained on; the optimiser's is put aside."""


def as_document(value: Any) -> dict[str, Any]:
    """A recipe, or a table of one, as it enters ids: every field but later additions at their default."""
    document = {}
    for entry in fields(value):
        own = getattr(value, entry.name)
        if "added_later" in entry.metadata and entry.default is not MISSING and own == entry.default:
            continue
        document[entry.name] = as_document(own) if is_dataclass(own) else own
    return document


def from_document(document: Mapping[str, Any]) -> Recipe:
    """The recipe that `as_document` made the document of."""
    optimiser, schedule = dict(document["optimiser"]), dict(document["schedule"])
    own = _SCHEDULES[schedule.get("name", "")]
    if own is Schedule:
        schedule["milestones"] = tuple(schedule["milestones"])
    made = {
        "optimiser": _OPTIMISERS[optimiser["name"]](**optimiser),
        "schedule": own(**schedule),
        "augment": _augmentation(document["augment"]),
    }
    return Recipe(**{**document, **made})


def _augmentation(document: Mapping[str, Any]) -> Augmentation:
    crop = document.get("random_resized_crop")
    if crop is not None:
        crop = ResizedCrop(crop["size"], tuple(crop["scale"]), tuple(crop["ratio"]))
    return Augmentation(**{**document, "random_resized_crop": crop})


_OPTIMISERS: dict[str, type[Any]] = {"sgd": Sgd, "adam": Adam, "adamw": AdamW}
_SCHEDULES: dict[str, type[Any]] = {"": Schedule, "cosine": Cosine, "linear": Linear}


Where = tuple[str, *tuple[int | str, ...]]
"""A random stream and an address in it."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Where a training's data order and augmentation are drawn: the address of its streams before the epoch."""

    replicate: int
    copy: int = 0
    level: int = 0

    def at(self, stream: str, epoch: int) -> Where:
        """The stream of that name and its address in an epoch."""
        return (stream, self.replicate, self.copy, self.level, epoch)


@dataclass(frozen=True, slots=True)
class OwnNoise:
    """As `Noise`, of a training that is a part of making something: all its draws are from the stream of that."""

    stream: Literal["distill", "expert"]
    place: tuple[str | int, ...]

    def at(self, stream: str, epoch: int) -> Where:
        """The own stream, with what is drawn and the epoch in its address."""
        return (self.stream, *self.place, stream, epoch)


AnyNoise = Noise | OwnNoise
