"""Cards: the torch-free descriptions of everything that can be named in a spec."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Literal, NamedTuple

from lmcspec.base.errors import UsageError
from lmcspec.base.facts import DataFacts
from lmcspec.base.set_forms import Published
from lmcspec.catalog.config import Config, Named
from lmcspec.catalog.figure import Figure
from lmcspec.catalog.metric import NONE, Metric, Metrics, numbers
from lmcspec.catalog.optimiser import Optimiser
from lmcspec.catalog.schedule import Schedule

KINDS = {
    "model": "models",
    "dataset": "datasets",
    "optimiser": "optimisers",
    "schedule": "schedules",
    "distiller": "distillers",
    "matcher": "matchers",
    "criterion": "criteria",
    "measure": "measures",
    "plot": "plots",
    "runner": "runners",
    "augmentation": "augmentations",
}
"""The kinds of cards, and the folder in lmcspec/catalog of each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Card:
    """One registered thing. `implementation` is `package.module:attribute`, imported only when it is used."""

    kind: str
    name: str = ""
    """What a spec calls it: unless it is said, what its config has for the kind's `key`."""
    doc: str
    config: type[Config]
    implementation: str
    source: str = ""
    version: int | str | None = None
    """Of a plug-in: what stands in ids for its code, raised when results change. None: the digest of its source."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Other names for this card with some settings filled in: `convnet3` is `convnet` with depth 3."""
    key: ClassVar[str] = "name"
    """Of a kind: the setting that says which card a table of a spec is of."""
    takes: ClassVar[int | None] = None
    """Of a kind: with how many arguments its implementations are called."""
    methods: ClassVar[tuple[str, ...]] = ()
    """Of a kind whose implementations are classes: what is called of these."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __post_init__(self) -> None:
        if not self.name and self.key in (settings := getattr(self.config, "model_fields", {})):
            object.__setattr__(self, "name", settings[self.key].default)

    def load(self) -> Any:
        """The implementation itself. Raises UsageError where the card points nowhere."""
        module, _, attribute = self.implementation.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError, SyntaxError) as error:
            raise UsageError(
                f"the {self.kind} {self.name!r} can't be loaded from {self.implementation}: {error}",
                help="install what it needs, or mend its package",
            ) from error


def cards_of(module: object) -> list[Card]:
    """The cards that a module defines."""
    single = getattr(module, "CARD", None)
    return [*([single] if single else []), *getattr(module, "CARDS", ())]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ModelCard(Card):
    """A model. Implementation: `build(config, shape, classes) -> torch.nn.Module`.

    In training mode it may give a pair (logits, auxiliary logits) in place of logits.
    `classifier` names the module whose input are the features φ that distribution matching compares.
    """

    kind: str = "model"
    takes: ClassVar[int | None] = 3
    config: type[Named]
    classifier: str = "classifier"
    convolutions: bool = True
    """Whether it has any."""
    misfit: Callable[[Any, tuple[int, int, int]], str] = lambda config, shape: ""
    """`(config, shape)`: why the model can't take images of that shape (channels, height, width); "" if it can."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DatasetCard(Card):
    """A data set. Implementation: `load(config, root) -> lmcspec.science.data.Arrays`, in full, decoded, uint8.

    `facts` is a constant for a built-in set, else `package.module:attribute` of a torch-free function
    `(config, root) -> DataFacts` that raises FileNotFoundError where the data are missing.
    """

    kind: str = "dataset"
    takes: ClassVar[int | None] = 2
    config: type[Named]
    facts: DataFacts | str
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    """Per channel of images scaled to [0, 1]: the default numbers of the space `standardised`."""
    needs_root: bool = True
    files: tuple[str, ...] = ()
    """Of a built-in set: paths below the root that are there if the data are."""
    expected: DataFacts | None = None
    """Of a known set whose digest is not committed: its sizes, for plans while it is missing and to be checked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class OptimiserCard(Card):
    """An optimiser. Implementation: a class that fulfils `lmcspec.science.optimisers.Stepper`.

    Where weight, gradient and state are zero it has to leave them so: pruned weights rest on that. It keeps a dict
    `moments` of tensors, and all that a step goes by is in its `state()`.
    """

    kind: str = "optimiser"
    takes: ClassVar[int | None] = 3
    methods: ClassVar[tuple[str, ...]] = ("step", "state", "load")
    config: type[Optimiser]
    moments: int
    """How many numbers its state holds for each weight at most, by which plans know the size of what is stored."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ScheduleCard(Card):
    """A schedule of the rate, computed by its own settings: see `lmcspec.catalog.schedule.Schedule.multiplier`."""

    kind: str = "schedule"
    config: type[Schedule]
    implementation: str = field(init=False)

    def __post_init__(self) -> None:
        Card.__post_init__(self)
        object.__setattr__(self, "implementation", f"{self.config.__module__}:{self.config.__qualname__}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DistillerCard(Card):
    """A distillation method. Implementation: `distill(config, distillation) -> Distilled`; see `science/distill/dm.py`.

    How it stops and goes on, so that it is not lost when its process is, stands in `science/distill/distillation.py`.
    """

    kind: str = "distiller"
    key: ClassVar[str] = "method"
    takes: ClassVar[int | None] = 2
    config: type[Config]
    protocol: str = ""
    """The preset by which the accuracy of its sets is found."""
    convolutions: bool = False
    """Whether it matches gradients of convolutions, and of nothing else."""
    form: Published = "dc"
    """The form in which its sets are published; see `science/data/distilled/published.py`."""


class Passes(NamedTuple):
    """How many images a way to align two networks runs."""

    forward: int = 0
    """Images through a network, without a way back."""
    trained: int = 0
    """Images through a network and back."""
    updates: int = 0
    """Batches in which the latter come."""


def _both_look(config: Any, images: int, batch_norm: bool) -> Passes:
    return Passes(forward=2 * images)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MatcherCard(Card):
    """A way to align a network with another. Implementation: `match(config, pair) -> iterator of Step`.

    What it is given stands in `science/permute/pair.py`, and how it stops and goes on. Steps among its settings are
    counted in the batches of its setting `batch`, and are updates by then.
    """

    kind: str = "matcher"
    key: ClassVar[str] = "method"
    takes: ClassVar[int | None] = 2
    config: type[Config]
    images: Callable[[Any], int | None] = lambda config: 0
    """`(config)`: at how many training images it looks; None for all."""
    passes: Callable[[Any, int, bool], Passes] = _both_look
    """`(config, images, batch_norm)`: how many images it runs, where it looks at so many of a network with or without
    batch norm. Unless told, both networks see each once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CriterionCard(Card):
    """A pruning criterion: an implementation that gives {parameter: scores}; the smallest are pruned.

    Without `passes` it is `scores(state, mask, address)`: the state to rank, and the address of a stream. With them
    it runs the network, `scores(module, mask, config, shape, images)`: a module that holds the state, the shape of
    one image (channels, height, width), and a Split of training images where it asks for them, else None. It leaves
    the module as it is. A config with `iterations` has each round done in as many steps, scored anew before each.
    """

    kind: str = "criterion"
    config: type[Config]
    trains: bool = True
    """False if the scores need no trained weights, so that nothing is trained between rounds."""
    rewound: bool = False
    """With `trains = False`: the scores are of the weights at the stage's rewind point; else of none."""
    passes: int = 0
    """What one scoring costs for each image, in forward passes; a backward pass is two. 0: the network isn't run."""
    images: bool = False
    """With `passes`: it looks at training images, `per_class` of each class by its config; else at one made up."""
    shares_out: bool = False
    """Whether its scores settle how much of each layer goes, so that layers can't be told to give equal shares."""

    @property
    def takes(self) -> int:
        """With how many arguments it is called: five with `passes`, else three."""
        return 5 if self.passes else 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MeasureCard(Card):
    """Something computed from trained networks. Implementation: the planner's `targets` function for it."""

    kind: str = "measure"
    key: ClassVar[str] = "kind"
    takes: ClassVar[int | None] = 1
    config: type[Config]
    metrics: Metrics = NONE
    """The numbers that it makes; without any it makes nothing of its own."""
    read: Callable[[Mapping[str, Any]], Iterable[tuple[str, float]]] = numbers
    """(name of a metric, value) of a task's scalars."""
    headline: Callable[[Any, str], str] | str = ""
    """The metric by which it is known: its name, or by the parameters of its tasks and a split that was asked for."""
    quantities: tuple[str, ...] = ()
    """Those that figures of lines take from it, what it is about first. Where two measures of a study have one, it is
    taken from that which names it earlier."""
    verdict: Literal["", "stability", "matching"] = ""
    """What is said of its networks in words: that they are stable below its `threshold`, or match the dense one."""
    reads: str = ""
    """The key that names another measure, whose numbers it reads; it trains nothing of its own."""
    from_k: bool = False
    """Whether it looks at copies that part at the steps k of its key `at`. One without any such k asks for nothing."""
    of_partners: bool = False
    """Whether it compares replicates with each other."""
    by_protocol: bool = False
    """Whether it trains on a distilled set, by the protocol by which such sets are judged unless it says how."""

    def known_by(self, params: Any, split: str = "test") -> Metric:
        """The metric by which a number of it is known."""
        name = self.headline if isinstance(self.headline, str) else self.headline(params, split)
        metric = self.metrics.called(name)
        assert metric is not None, f"the measure {self.name!r} has no metric {name!r}"
        return metric

    def values(self, scalars: Mapping[str, Any]) -> dict[Metric, float]:
        """The numbers of one result; what the card does not know is left out. Curves stay in the result."""
        named = ((self.metrics.called(name), value) for name, value in self.read(scalars))
        return {metric: value for metric, value in named if metric is not None}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PlotCard(Card):
    """A plot. Implementation: `draw(cases, options, name) -> Drawing`; see `lmcspec/report/figures/by_sparsity.py`."""

    kind: str = "plot"
    key: ClassVar[str] = "plot"
    takes: ClassVar[int | None] = 3
    config: type[Figure]
    measures: tuple[str, ...] = ()
    """The kinds of measure of which it needs one; none where it needs none."""
    of_each: bool = False
    """Whether it needs a measure of each of these kinds."""
    misfit: Callable[[Any, frozenset[str]], str] = lambda config, kinds: ""
    """`(config, kinds)`: why its `metric` can't be had of measures of these kinds; "" if it can."""
    on_y: str = ""
    """Of lines: the quantity on their y axis unless the key `y` says another; see `MeasureCard.quantities`."""
    on_the_way: Callable[[Any], bool] = lambda config: False
    """`(config)`: whether it shows what a measure sees on the way, by its key `through`."""
    of_children: bool = False
    """Whether it shows children that a measure compares, by its key `branch`."""
    along_cases: bool = False
    """Whether on x stands a setting in which the cases of a sweep differ, the width of their model or that of `x`."""
    varies: Callable[[Any], Mapping[str, str]] = lambda config: {}
    """`(config)`: by key in what a family of networks has to vary for it, such as `{"x": "rewind"}`."""
    varies_under: Callable[[Any], Mapping[str, str]] = lambda config: {}
    """`(config)`: by key in what a family of permutations has to vary for it, such as `{"x": "step"}`."""
    made_sets: bool = False
    """Whether it shows the distilled sets that a study makes."""
    of_masks: Callable[[Any], bool] = lambda config: False
    """`(config)`: whether it shows what finding masks takes."""
    across: Literal["by panels", "always"] = "by panels"
    """Whether one figure is always of all cases of a sweep, or where its panels or lines are cases."""
    unasked: Literal["", "always", "measured", "several k", "several levels", "followed"] = ""
    """When a study that asks for no figures has it: where its first kind of measure is there, has several k, looks at
    several levels of a network, or at networks on their way."""
    place: int = 100
    """Where it then stands among the others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RunnerCard(Card):
    """A way to place tasks. Implementation: a class that fulfils `lmcspec.engine.runner.Runner`."""

    kind: str = "runner"
    key: ClassVar[str] = ""
    takes: ClassVar[int | None] = 1
    config: type[Config]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AugmentationCard(Card):
    """A random change of training images, whose settings are keys of a recipe's table `augment`.

    Implementation: `drawn(settings, epoch)`, of all settings of the table; see `science/data/augmentation/augment.py`.
    """

    kind: str = "augmentation"
    key: ClassVar[str] = ""
    takes: ClassVar[int | None] = 2
    on: Literal["stored", "decoded", "batch"]
    """What it changes: images as they are stored, decoded ones in [0, 1], or batches in their space, with labels."""
    place: int
    """Where it stands among the others, those of the lowest first; stored images come before decoded ones."""
    whole: bool = False
    """Whether it looks at whole images, where the others see the central square of `dataset.crop`."""
    resizes: str = ""
    """The key whose table says by `size` to how many pixels of each side it brings images; none if it keeps theirs."""
    clash: Callable[[Mapping[str, Any]], tuple[str, str, str] | None] = lambda written: None
    """`(written)`: (key, problem, help) where settings of `augment`, as a recipe writes them, contradict each other."""
