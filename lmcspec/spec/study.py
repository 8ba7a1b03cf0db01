"""The tables of a study as pydantic's models; the unions of what cards bring are filled in by `study_model`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from lmcspec.base.steps import Step
from lmcspec.catalog import ADDED_LATER, NEUTRAL, Config, Named, Several, StepField, StepOrEnd, StepOrRewind
from lmcspec.catalog.figure import Figure
from lmcspec.spec.labels import LONGEST_NAME, NAME_PATTERN
from lmcspec.spec.recipe import Recipe

FilePath = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=4000)]
"""Of a file or folder: no file system has a NUL in a name."""
Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}(\[[^\[\]]+\])?$", max_length=LONGEST_NAME)]
"""Letters, digits and `_ . + -`; members of a family carry their values in brackets."""


def named(value: Any) -> Any:
    """`"zca"` is short for `{ name = "zca" }`."""
    return {"name": value} if isinstance(value, str) else value


class Space(Config):
    """The space in which images enter networks; numbers per channel of images scaled to [0, 1]."""

    name: Literal["raw", "standardised", "zca"]
    """Pixels in [0, 1] as they are, channels of mean 0 and deviation 1, or whitened over all of an image (ZCA)."""
    mean: Several[float] | None = Field(default=None, examples=[[0.4914, 0.4822, 0.4465]])
    """Of `standardised`: what is taken off each channel of images scaled to [0, 1]; the data set's own unless told."""
    std: Several[float] | None = Field(default=None, examples=[[0.247, 0.2435, 0.2616]])
    """Of `standardised`: by what each channel is divided then; the data set's own unless told."""
    eps: float = Field(default=0.1, gt=0)
    """Added to the eigenvalues in ZCA whitening."""


class Holdout(Config):
    """Training images that are set aside or left out, the same number of each class as far as they go."""

    validation: int = Field(default=0, ge=0, examples=[5000])
    """How many are set aside; recipes train on the rest, and their epochs are epochs of the rest. [images]"""
    train: int | None = Field(default=None, ge=1, json_schema_extra=ADDED_LATER, examples=[5000])
    """How many of the rest to train on, where that is not all: a small study of a large set. [images]"""
    seed: int = Field(default=0, ge=0, examples=[0, 1])
    """Which: another number draws others. One split serves all replicates."""


class DatasetTable(Named):
    """The study's data set: a card's name and settings, where it lies and in which space it enters."""

    root: FilePath | None = Field(default=None, json_schema_extra=NEUTRAL, examples=["data"])
    """Folder that holds the data; `LMCSPEC_DATA` by default. A relative path starts at the file that says it."""
    space: Annotated[Space | None, BeforeValidator(named)] = Field(default=None, examples=["standardised", "zca"])
    """`standardised` with the data set's own numbers by default, `raw` where it has none."""
    split: Holdout | None = Field(default=None, json_schema_extra=ADDED_LATER, examples=[{"validation": 5000}])
    """Images to validate on, taken from the training set: `{ validation = 5000 }`."""
    resize: int | None = Field(default=None, ge=1, json_schema_extra=ADDED_LATER, examples=[256])
    """Shorter side, then a central square. [pixels]"""
    crop: int | None = Field(default=None, ge=1, json_schema_extra=ADDED_LATER, examples=[224])
    """The side of the central square that networks see; a random resized crop is cut from the whole image. [pixels]"""
    resident: bool | Literal["auto"] = Field(default="auto", json_schema_extra=NEUTRAL)
    """Images on the device as a whole, or read from the host for each batch: by default where they would fill it."""


class LoadedSet(Config):
    """A distilled set from a file: `…_images.pt` beside `…_labels.pt` (MTT), one .pt (IDC, DC, DM), or safetensors."""

    load: FilePath = Field(examples=["x_images.pt"])
    """The file, from the spec's folder on."""
    space: Annotated[Space, BeforeValidator(named)] = Field(examples=["raw", "zca"])
    """The space in which its tensors are stored: the study's, or `raw`, from which it enters the study's."""
    ipc: int | None = Field(default=None, ge=1, examples=[10])
    """Images per class as they are stored, for plans while the file is missing. [images per class]"""
    factor: int = Field(default=1, ge=1, le=8)
    """Of raw sets: each image holds factor x factor tiles, cut out and enlarged (IDC's multi-formation). [tiles]"""
    which: int = Field(default=0, ge=0, examples=[0, 4])
    """Of files with several sets (DC, DSA, DM): which one."""
    match: Literal["names", "numbers"] = "names"
    """How its classes are told from each other: by name where both it and the data have names, or by number alone."""


class OtherSet(Config):
    """The training images of another data set, of as many classes and of the same size: its masks are tried here."""

    dataset: DatasetTable = Field(examples=["fashion-mnist"])
    """Its card and settings, and where it lies; its images enter the study's space."""
    match: Literal["names", "numbers"] = "names"
    """Which of its classes is which: by name where both data sets have names, or by number alone."""


class MadeSet(Config):
    """What all ways of making a distilled set have in common."""

    model: Named | None = Field(default=None, examples=["convnet3", {"name": "convnet3", "width": 64}])
    """The network whose features, gradients or trajectories it is made by; the study's unless told."""
    protocol: str | None = Field(default=None, examples=["dm/evaluate"])
    """The recipe by which `set-accuracy` trains on it; the evaluation in its method's code unless told."""


class LoadedTensors(Config):
    """Tensors by name in a file: safetensors, or what `torch.save(network.state_dict(), …)` wrote."""

    load: FilePath = Field(examples=["start.safetensors", "run{replicate}/model.pt"])
    """The file, from the spec's folder on; `{replicate}` is the number of the replicate, so that each has its own."""
    rename: dict[str, str] = Field(default={}, examples=[{"fc": "classifier"}])
    """Modules, or tensors, by their names in the file, and what the model calls them."""


class LoadedWeights(LoadedTensors):
    """Parameters and buffers with which a network starts, in the place of an initialisation."""

    step: StepField = Field(default=Step(), examples=["500it", "160ep"])
    """How far they are trained: the point of a recipe at which training goes on."""


class LoadedMask(LoadedTensors):
    """Which weights survive: for each prunable weight 1 or 0, or true or false."""


class Stage(Config):
    """A run of prunings by one recipe and one rule."""

    data: str = Field(default="real", examples=["real", "dm10"])
    """`real`, or the name of a distilled set."""
    recipe: str | None = Field(default=None, examples=["real"])
    """By which its levels are trained: `real` on the study's data set and `distilled` otherwise, unless told."""
    rounds: int | None = Field(default=None, ge=1, le=10_000, examples=[3, 15])
    """How often it prunes, each time `fraction` of what is left. [rounds]"""
    sparsity: float | None = Field(default=None, gt=0, lt=1, examples=[0.9])
    """The share of all prunable weights that is gone at the end of the stage. [share]"""
    fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the surviving eligible weights that each round prunes. [share]"""
    fraction_of: Literal["eligible", "all"] = Field(default="eligible", json_schema_extra=ADDED_LATER)
    """`all`: that share of all surviving weights, excluded ones included, is taken from the eligible (OpenLTH's)."""
    exact: bool = False
    """Prune in the last round to `sparsity` exactly."""
    iterative: bool = True
    """False: every level is cut from the stage's first trained network."""
    criterion: Named = Field(examples=["magnitude", {"name": "snip", "per_class": 20}])
    """By what weights are ranked; the lowest go."""
    scope: Literal["global", "layer"] = "global"
    """Whether weights are ranked over the whole network, or each layer gives the same share."""
    exclude: Several[str] = Field(default=(), examples=[["classifier"]])
    """Layers whose weights are never pruned, by parameter name without `.weight`."""
    rewind: StepField = Field(default=Step(), examples=[0, "500it", "3ep"])
    """The state to which every level returns: that after so much of the stage's first training."""
    rewind_of: Literal["network", "dense"] = "network"
    """Whose training that state is taken from: the network as it enters the stage, or the dense one."""
    start: Literal["rewind", "trained"] = "rewind"
    """`trained`: go on from the trained weights that were pruned (fine-tuning, learning-rate rewinding)."""
    schedule_from: StepField | None = Field(default=None, examples=["80ep"])
    """With `start = "trained"`: where in the schedule to resume; the whole of it by default."""
    restore: Literal["all", "prunable"] = "all"
    """What goes back in rewinding; `prunable` leaves biases, norms and buffers as the last training left them."""
    retrain: str | None = Field(default=None, examples=["real"])
    """Recipe with which levels are trained to be measured, where it differs from the one that ranks."""
    shuffle: bool = False
    """Prune nothing: shuffle the mask that enters, within each tensor."""
    weights: str | None = Field(default=None, examples=["pretrained"], json_schema_extra=ADDED_LATER)
    """Of the first stage: the weights under `[weights]` with which the network starts; drawn ones unless told."""
    mask: str | None = Field(default=None, examples=["ticket"], json_schema_extra=ADDED_LATER)
    """Of the first stage: the mask under `[masks]` that its only level has, in the place of pruning."""

    @property
    def prunes(self) -> bool:
        """Whether it says how far it prunes."""
        return self.rounds is not None or self.sparsity is not None


class Like(Config):
    """A baseline: at each level another network's mask, shuffled, or its mask with other weights."""

    like: str = Field(examples=["imp"])
    """The network whose masks it takes, level by level."""
    mask: Literal["same", "shuffled", "shuffled-global", "even"] = "same"
    """That mask itself, or drawn anew: with as many weights in each layer, or in all, or equal shares of each layer."""
    weights: Literal["same", "reinitialised"] = "same"
    """The weights to which that network rewinds, or an initialisation drawn anew."""
    mask_from: Literal["self", "partner"] = "self"
    """`partner`: the masks of the other partner's network, carried over `under` a permutation."""
    under: str | None = Field(default=None, examples=["wm"])
    """With `mask_from`: the permutation that aligns the two, or `none` to take masks as they are."""


class PrunedFirst(Config):
    """How both networks are pruned before they are aligned: each by scores, or draws, of its own."""

    criterion: Named = Field(examples=["magnitude"])
    """By what weights are ranked; the lowest go."""
    fraction: float = Field(ge=0, lt=1, examples=[0.5])
    """Share of the surviving eligible weights that goes; 0 is without pruning. [share]"""
    scope: Literal["global", "layer"] = "global"
    """Whether weights are ranked over the whole network, or each layer gives the same share."""
    exclude: Several[str] = Field(default=(), examples=[["classifier"]])
    """Layers whose weights stay, by parameter name without `.weight`."""


class RewoundLayers(Config):
    """Which layers of both networks are taken from an earlier step, and these mixed networks aligned."""

    how: Literal["bottom-up", "top-down", "put-in", "leave-out"]
    """All before the first tensor of `layers`, that and all after it, those of the module alone, or all but those."""
    layers: str = Field(examples=["layers.1"])
    """The exact path of a module: `layers.1` is not `layers.10`."""
    step: StepOrRewind
    """The earlier step: so far into the level's training, or at its `rewind` point."""


class Alignment(Config):
    """What all ways of aligning the networks of two partners have in common: which networks of theirs, and when."""

    network: str = Field(examples=["imp"])
    """The network that each of the two has."""
    level: Annotated[int, Field(ge=0)] | Literal["same"] = Field(default=0, examples=[0, "same"])
    """The level of it; `same` is the level of whatever is looked at under the permutation."""
    step: StepOrEnd = "end"
    """The state that is aligned: so far into the level's training, at its `rewind` point, or at its `end`."""
    via: Literal["third"] | None = None
    """`third`: both are aligned to the third partner, and the permutation is the way there and back."""
    prune: PrunedFirst | None = Field(default=None, examples=[{"criterion": "magnitude", "fraction": 0.5}])
    """Both are pruned as they are at `step`, and aligned so."""
    rewind_layers: RewoundLayers | None = Field(
        default=None, examples=[{"how": "bottom-up", "layers": "layers.1", "step": "1ep"}]
    )
    """Both have some of their layers as they were at an earlier step, and are aligned so."""

    @property
    def excludes(self) -> tuple[str, ...]:
        """The layers that it leaves whole where it prunes."""
        return () if self.prune is None else self.prune.exclude


_RECIPES = {"real": {"length": "10ep", "batch": 64, "optimiser": {"name": "sgd", "lr": 0.1}}}
_NETWORKS = {"dense": [], "imp": [{"rounds": 3}], "random": {"like": "imp", "mask": "shuffled"}}


class Study(Config):
    """One spec, one case: what to compare and what to measure."""

    study: Name = Field(examples=["lenet-imp"])
    """What the study is called, in the store and in MLflow."""
    title: str = Field(default="", examples=["IMP of LeNet-300-100 on MNIST"])
    """The heading of its report."""
    source: str = Field(default="", examples=["Frankle et al. 2020, figure 3"])
    """The figure or table of which paper this is."""
    replicates: int = Field(default=1, ge=1, examples=[3, 5])
    """Weight initialisations, with all that follows from each: what intervals are taken over. [initialisations]"""
    partners: int = Field(default=1, ge=1, le=3, examples=[2])
    """How many replicates are looked at together, as pairs or triples: 0 and 1, 2 and 3 … [replicates]"""
    dataset: DatasetTable = Field(examples=["mnist", {"name": "cifar10", "split": {"validation": 5000}}])
    """The images on which networks are trained and measured."""
    model: Named = Field(examples=["lenet-300-100", {"name": "resnet20", "width": 32}])
    """The architecture of all networks."""
    recipes: dict[Name, Recipe] = Field(min_length=1, examples=[_RECIPES])
    """How to train, by names: `real` on the data set and `distilled` on distilled sets, unless a stage says another."""
    distilled: dict[Name, Config] = Field(default={}, examples=[{"dm10": {"method": "dm", "ipc": 10}}])
    """Distilled sets by names: made by a method, loaded from a file, or another data set in their place."""
    weights: dict[Name, LoadedWeights] = Field(default={}, examples=[{"pretrained": {"load": "start.safetensors"}}])
    """Weights from files, by names: with which the networks start whose first stage says so."""
    masks: dict[Name, LoadedMask] = Field(default={}, examples=[{"ticket": {"load": "mask.safetensors"}}])
    """Masks from files, by names: for first stages that take one in the place of pruning."""
    networks: dict[Name, tuple[Stage, ...] | Like] = Field(min_length=1, examples=[_NETWORKS])
    """What is compared, by names: stages of pruning one after the other, none for the dense network; or baselines."""
    permutations: dict[Name, Config] = Field(default={}, examples=[{"wm": {"method": "weights", "network": "dense"}}])
    """Ways to align the second partner with the first, by names."""
    measures: dict[Name, Config] = Field(default={}, examples=[{"accuracy": {}, "stability": {"levels": "all"}}])
    """What is computed from trained networks, by names; a measure that is called as its kind needs no `kind`."""
    figures: dict[Name, Figure] = Field(default={}, examples=[{"figure3": {"plot": "instability-vs-sparsity"}}])
    """What the report draws, by names; without any it draws what fits the measures."""
    on_collapse: Literal["go-on", "skip"] = "go-on"
    """What becomes of the levels after one that diverged, died or fell to chance."""
