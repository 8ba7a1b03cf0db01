"""The tables of a study as pydantic's models; the unions of what cards bring are filled in by `study_model`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from lmcspec.base.steps import Step
from lmcspec.catalog import ADDED_LATER, NEUTRAL, Config, Named, Several, StepField, StepOrEnd, StepOrRewind
from lmcspec.catalog.figure import Figure
from lmcspec.spec.recipe import Recipe

FilePath = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=4000)]
"""Of a file or folder: no file system has a NUL in a name."""
LONGEST_NAME = 120
Name = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*(\[[^\[\]]+\])?$", max_length=LONGEST_NAME)
]
"""Letters, digits and `_ . + -`; members of a family carry their values in brackets."""


def named(value: Any) -> Any:
    """`"zca"` is short for `{ name = "zca" }`."""
    return {"name": value} if isinstance(value, str) else value


class Space(Config):
    """The space in which images enter networks; numbers per channel of images scaled to [0, 1]."""

    name: Literal["raw", "standardised", "zca"]
    mean: Several[float] | None = None
    std: Several[float] | None = None
    eps: float = Field(default=0.1, gt=0)
    """Added to the eigenvalues in ZCA whitening."""


class Holdout(Config):
    """Training images that are set aside or left out, the same number of each class as far as they go."""

    validation: int = Field(default=0, ge=0)
    """How many are set aside; recipes train on the rest, and their epochs are epochs of the rest."""
    train: int | None = Field(default=None, ge=1, json_schema_extra=ADDED_LATER)
    """How many of the rest to train on, where that is not all: a small study of a large set."""
    seed: int = Field(default=0, ge=0)
    """Which: another number draws others. One split serves all replicates."""


class DatasetTable(Named):
    """The study's data set: a card's name and settings, where it lies and in which space it enters."""

    root: FilePath | None = Field(default=None, json_schema_extra=NEUTRAL)
    """Folder that holds the data; `LMCSPEC_DATA` by default. A relative path starts at the spec's folder."""
    space: Annotated[Space | None, BeforeValidator(named)] = None
    """`standardised` with the data set's own numbers by default, `raw` where it has none."""
    split: Holdout | None = Field(default=None, json_schema_extra=ADDED_LATER)
    """Images to validate on, taken from the training set: `{ validation = 5000 }`."""
    resize: int | None = Field(default=None, ge=1, json_schema_extra=ADDED_LATER)
    """Shorter side in pixels, then a central square."""
    crop: int | None = Field(default=None, ge=1, json_schema_extra=ADDED_LATER)
    """Networks see the central square of so many pixels; a random resized crop is cut from the whole image."""
    resident: bool | Literal["auto"] = Field(default="auto", json_schema_extra=NEUTRAL)
    """Images on the device as a whole, or read from the host for each batch: by default where they would fill it."""


class LoadedSet(Config):
    """A distilled set from a file: `…_images.pt` beside `…_labels.pt` (MTT), one .pt (IDC, DC, DM), or safetensors."""

    load: FilePath
    space: Annotated[Space, BeforeValidator(named)]
    """The space in which its tensors are stored: the study's, or `raw`, from which it enters the study's."""
    ipc: int | None = Field(default=None, ge=1)
    """Images per class as they are stored, for plans while the file is missing."""
    factor: int = Field(default=1, ge=1, le=8)
    """Of raw sets: each image holds factor x factor tiles, which are cut out and enlarged (IDC's multi-formation)."""
    which: int = Field(default=0, ge=0)
    """Of files with several sets (DC, DSA, DM): which one."""
    match: Literal["names", "numbers"] = "names"
    """How its classes are told from each other: by name where both it and the data have names, or by number alone."""


class OtherSet(Config):
    """The training images of another data set, of as many classes and of the same size: its masks are tried here."""

    dataset: DatasetTable
    """Its card and settings, and where it lies; its images enter the study's space."""
    match: Literal["names", "numbers"] = "names"
    """Which of its classes is which: by name where both data sets have names, or by number alone."""


class MadeSet(Config):
    """What all ways of making a distilled set have in common."""

    model: Named | None = None
    """The network whose features, gradients or trajectories it is made by; the study's unless told."""
    protocol: str | None = None
    """The recipe by which `set-accuracy` trains on it; the evaluation in its method's code unless told."""


class Stage(Config):
    """A run of prunings by one recipe and one rule."""

    data: str = "real"
    """`real`, or the name of a distilled set."""
    recipe: str | None = None
    """`real` on the study's data set and `distilled` otherwise, unless told."""
    rounds: int | None = Field(default=None, ge=1, le=10_000)
    sparsity: float | None = Field(default=None, gt=0, lt=1)
    """The network's total sparsity at the end of the stage."""
    fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the surviving eligible weights that each round prunes."""
    fraction_of: Literal["eligible", "all"] = Field(default="eligible", json_schema_extra=ADDED_LATER)
    """`all`: that share of all surviving weights, excluded ones included, is taken from the eligible (OpenLTH's)."""
    exact: bool = False
    """Prune in the last round to `sparsity` exactly."""
    iterative: bool = True
    """False: every level is cut from the stage's first trained network."""
    criterion: Named
    scope: Literal["global", "layer"] = "global"
    exclude: Several[str] = ()
    """Layers whose weights are never pruned, by parameter name without `.weight`."""
    rewind: StepField = Step()
    """The state to which every level returns: that after so much of the stage's first training."""
    rewind_of: Literal["network", "dense"] = "network"
    """Whose training that state is taken from: the network as it enters the stage, or the dense one."""
    start: Literal["rewind", "trained"] = "rewind"
    """`trained`: go on from the trained weights that were pruned (fine-tuning, learning-rate rewinding)."""
    schedule_from: StepField | None = None
    """With `start = "trained"`: where in the schedule to resume; the whole of it by default."""
    restore: Literal["all", "prunable"] = "all"
    """What goes back in rewinding; `prunable` leaves biases, norms and buffers as the last training left them."""
    retrain: str | None = None
    """Recipe with which levels are trained to be measured, where it differs from the one that ranks."""
    shuffle: bool = False
    """Prune nothing: shuffle the mask that enters, within each tensor."""


class Like(Config):
    """A baseline: at each level another network's mask, shuffled, or its mask with other weights."""

    like: str
    mask: Literal["same", "shuffled", "shuffled-global", "even"] = "same"
    weights: Literal["same", "reinitialised"] = "same"
    mask_from: Literal["self", "partner"] = "self"
    """`partner`: the masks of the other partner's network, carried over `under` a permutation."""
    under: str | None = None
    """With `mask_from`: the permutation that aligns the two, or `none` to take masks as they are."""


class PrunedFirst(Config):
    """How both networks are pruned before they are aligned: each by scores, or draws, of its own."""

    criterion: Named
    fraction: float = Field(ge=0, lt=1)
    """Share of the surviving eligible weights that goes; 0 is without pruning."""
    scope: Literal["global", "layer"] = "global"
    exclude: Several[str] = ()
    """Layers whose weights stay, by parameter name without `.weight`."""


class RewoundLayers(Config):
    """Which layers of both networks are taken from an earlier step, and these mixed networks aligned."""

    how: Literal["bottom-up", "top-down", "put-in", "leave-out"]
    """All before the first tensor of `layers`, that and all after it, those of the module alone, or all but those."""
    layers: str
    """The exact path of a module: `layers.1` is not `layers.10`."""
    step: StepOrRewind
    """The earlier step: so far into the level's training, or at its `rewind` point."""


class Alignment(Config):
    """What all ways of aligning the networks of two partners have in common: which networks of theirs, and when."""

    network: str
    """The network that each of the two has."""
    level: Annotated[int, Field(ge=0)] | Literal["same"] = 0
    """The level of it; `same` is the level of whatever is looked at under the permutation."""
    step: StepOrEnd = "end"
    """The state that is aligned: so far into the level's training, at its `rewind` point, or at its `end`."""
    via: Literal["third"] | None = None
    """`third`: both are aligned to the third partner, and the permutation is the way there and back."""
    prune: PrunedFirst | None = None
    """Both are pruned as they are at `step`, and aligned so."""
    rewind_layers: RewoundLayers | None = None
    """Both have some of their layers as they were at an earlier step, and are aligned so."""

    @property
    def excludes(self) -> tuple[str, ...]:
        """The layers that it leaves whole where it prunes."""
        return () if self.prune is None else self.prune.exclude


class Study(Config):
    """One spec, one case: what to compare and what to measure."""

    study: Name
    title: str = ""
    source: str = ""
    """The figure or table of which paper this is."""
    replicates: int = Field(default=1, ge=1)
    """Weight initialisations, with all that follows from each."""
    partners: int = Field(default=1, ge=1, le=3)
    """How many replicates are looked at together, as pairs or triples: 0 and 1, 2 and 3 …"""
    dataset: DatasetTable
    model: Named
    recipes: dict[Name, Recipe] = Field(min_length=1)
    distilled: dict[Name, Config] = {}
    networks: dict[Name, tuple[Stage, ...] | Like] = Field(min_length=1)
    permutations: dict[Name, Config] = {}
    """Ways to align the second partner with the first."""
    measures: dict[Name, Config] = {}
    figures: dict[Name, Figure] = {}
    on_collapse: Literal["go-on", "skip"] = "go-on"
    """What becomes of the levels after one that diverged, died or fell to chance."""
