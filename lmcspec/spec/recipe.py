"""How a recipe is written: lengths and milestones as steps, one table per concern."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from lmcspec.base.steps import Step
from lmcspec.catalog import Config, Several, StepField
from lmcspec.catalog.families import Families


class Sgd(Config):
    """Stochastic gradient descent; weight decay acts on every parameter."""

    name: Literal["sgd"]
    lr: float = Field(gt=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    nesterov: bool = False


class Adam(Config):
    """Adam, with L2 weight decay added to the gradient."""

    name: Literal["adam"]
    lr: float = Field(gt=0)
    betas: Several[float] = Field(default=(0.9, 0.999), min_length=2, max_length=2)
    eps: float = Field(default=1e-8, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)


class AdamW(Config):
    """Adam with decoupled weight decay: weights shrink by rate times decay at each update, beside the step."""

    name: Literal["adamw"]
    lr: float = Field(gt=0)
    betas: Several[float] = Field(default=(0.9, 0.999), min_length=2, max_length=2)
    eps: float = Field(default=1e-8, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)


class Constant(Config):
    """One rate throughout, after a linear warm-up from 0."""

    name: Literal["constant"]
    warmup: StepField = Step()


class Steps(Config):
    """The rate is multiplied by `factor` at each step in `at`; linear warm-up from 0 before."""

    name: Literal["steps"]
    at: Several[StepField] = Field(min_length=1)
    """The update that starts at such a step already has the dropped rate."""
    factor: float = Field(default=0.1, gt=0)
    warmup: StepField = Step()


class Cosine(Config):
    """Half a cosine from the rate to `final` of it at the end of training; linear warm-up from 0 before."""

    name: Literal["cosine"]
    final: float = Field(default=0.0, ge=0, le=1)
    """Share of the rate at the end."""
    warmup: StepField = Step()


class Linear(Config):
    """A straight line from the rate to `final` of it at the end of training; linear warm-up from 0 before."""

    name: Literal["linear"]
    final: float = Field(default=0.0, ge=0, le=1)
    """Share of the rate at the end."""
    warmup: StepField = Step()


class ResizedCrop(Config):
    """A random part of each image, brought to one size."""

    size: int = Field(ge=1)
    """Pixels of each side; it must be the size at which networks are evaluated (`dataset.crop`)."""
    scale: Several[float] = Field(default=(0.08, 1.0), min_length=2, max_length=2)
    """Smallest and largest share of the image's area."""
    ratio: Several[float] = Field(default=(3 / 4, 4 / 3), min_length=2, max_length=2)
    """Smallest and largest width / height."""

    @field_validator("scale", "ratio")
    @classmethod
    def _ordered(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        if not 0 < value[0] <= value[1]:
            raise ValueError(f"{info.field_name} is a smaller and a larger number above 0")
        if info.field_name == "scale" and value[1] > 1:
            raise ValueError("scale is a share of the image's area: at most 1")
        return value


class Augment(Config):
    """Random changes of the training images."""

    flip: bool = False
    """Mirror left to right with probability 1/2."""
    crop: int = Field(default=0, ge=0)
    """Pad by so many black pixels on each side and cut the old size somewhere."""
    dsa: Families = ""
    """Differentiable siamese augmentation: families joined by `_`, such as color_crop_cutout_flip_scale_rotate."""
    dsa_style: Literal["dc", "mtt", "idc"] = "dc"
    """How DSA combines them: one family a batch as DC and DSA (`mtt`: as MTT, whose grids align corners), or as IDC."""
    cutmix: float = Field(default=0.0, ge=0, le=1)
    """Probability with which a batch is mixed with itself by CutMix."""
    random_resized_crop: ResizedCrop | None = None
    """A random part of each image, brought to one size; without `crop`."""
    jitter: float = Field(default=0.0, ge=0, le=1)
    """Brightness, contrast and saturation of each image change by up to this share, in an order of its own."""
    lighting: float = Field(default=0.0, ge=0)
    """Each image gets N(0, lighting) times each principal component of ImageNet's pixels."""


def named(value: Any) -> Any:
    """`"cosine"` is short for `{ name = "cosine" }`."""
    return {"name": value} if isinstance(value, str) else value


Optimiser = Annotated[Sgd | Adam | AdamW, Field(discriminator="name")]
Schedule = Annotated[Constant | Steps | Cosine | Linear, Field(discriminator="name"), BeforeValidator(named)]


class Recipe(Config):
    """How to train. A preset is extended with `extends = "name"`; a bare string is the preset itself."""

    length: StepField
    """The whole training, to which the schedule belongs."""
    batch: int = Field(ge=1)
    """Images per update; the last, partial batch of an epoch is kept."""
    optimiser: Optimiser
    schedule: Schedule = Constant(name="constant")
    augment: Augment = Augment()
    optimiser_state: Literal["fresh", "carry"] = "fresh"
    """At a branch (rewinding, copies): start the optimiser's state anew, or take it along."""
    learned_rate: bool = False
    """On a set that was distilled together with a rate (MTT): train at that rate, whatever `optimiser` says."""
    precision: Literal["float32", "bf16", "fp16", "tf32"] = "float32"
    """In what updates are computed; weights stay float32, and so do evaluations. `fp16` and `tf32` need a GPU."""
