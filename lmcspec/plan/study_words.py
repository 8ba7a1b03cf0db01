"""A study in words: the sentence it is, its networks, measures and figures, and what it costs here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.base.steps import Step
from lmcspec.base.word_lists import joined
from lmcspec.catalog import Config
from lmcspec.plan.checks import refuse_empty
from lmcspec.plan.graph import Plan
from lmcspec.plan.measure_words import MeasureWords, figure_words, measure_words, permutation_words
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.network_words import NetworkWords, dense_shared, document, family_of, network_words
from lmcspec.plan.outlook import Outlook, images_to_see, outlook
from lmcspec.plan.render import estimate, size
from lmcspec.plan.simulate import Slots
from lmcspec.plan.stage_words import at_step, counted, given_words, mask_words, method, set_words, training_set
from lmcspec.plan.task_counts import counts
from lmcspec.spec import Case, Loaded
from lmcspec.spec.study import LoadedTensors

if TYPE_CHECKING:
    from lmcspec.plan.levels import StagePlan

MOST_CASES = 12
"""Cases of a sweep that are named."""
Named = tuple[tuple[str, str], ...]
"""(name, words)."""


class StudyCost(NamedTuple):
    """What a study costs, in all and of what is not there yet."""

    kinds: Mapping[str, int]
    """Tasks by kind, trainings apart by what they train on."""
    images: int
    """On which they train, each as often as it is seen."""
    there: int
    """How many of the tasks are in the store."""
    bytes: int
    """What the results take that are there."""
    left: tuple[str, ...]
    """Lines on the work, the room and the time of what is left."""

    @property
    def tasks(self) -> int:
        """All of them, without those that others make in passing."""
        return sum(self.kinds.values())

    def lines(self, store: str) -> Iterator[str]:
        """What people are told; `store` is how it is called."""
        trained = {name: count for name, count in self.kinds.items() if name.endswith((" real", " distilled"))}
        distilled = sum(count for name, count in trained.items() if name.endswith(" distilled"))
        some = f" ({distilled:,} of them on distilled images)" if distilled else ""
        others = [f"{count:,} {name}" for name, count in self.kinds.items() if name not in trained]
        parts = ([f"{sum(trained.values()):,} trainings{some}"] if trained else []) + others
        yield f"{self.tasks:,} tasks: {joined(parts)}; {self.images:,} training images"
        there = f"{self.there:,} of them are" if self.there != 1 else "one of them is"
        yield (
            f"{there} in the store {store} ({size(self.bytes)})"
            if self.there
            else f"none of them is in the store {store}"
        )
        yield from self.left


class StudyWords(NamedTuple):
    """A study in words; of a sweep one of its cases, but for the cost, which is that of all."""

    study: str
    title: str
    source: str
    case: str
    cases: tuple[str, ...]
    sentence: str
    networks: tuple[NetworkWords, ...]
    dense: tuple[tuple[str, ...], ...]
    """Networks that have their dense training in common."""
    recipes: Named
    sets: Named
    weights: Named
    masks: Named
    permutations: Named
    measures: tuple[MeasureWords, ...]
    figures: Named
    notes: tuple[str, ...]
    cost: StudyCost

    def document(self) -> dict[str, Any]:
        """As plain data."""
        named = {key: [dict(zip(("name", "text"), pair, strict=True)) for pair in getattr(self, key)] for key in _NAMED}
        return {
            **self._asdict(),
            **named,
            "networks": [document(words) for words in self.networks],
            "measures": [words._asdict() for words in self.measures],
            "cost": {**self.cost._asdict(), "tasks": self.cost.tasks},
        }

    def parts(self, store: str) -> Iterator[tuple[str, list[str]]]:
        """(heading, its lines); the first has none."""
        yield "", list(self._head())
        yield "networks", [*(f"{words.name}: {words.text}" for words in self.networks), *self._common()]
        for key in _NAMED[:-1]:
            yield key, [f"{name}: {words}" for name, words in getattr(self, key)]
        yield "measures", [f"{words.name}: {words.text}" for words in self.measures]
        yield "figures", [f"{name}: {words}" for name, words in self.figures]
        yield "notes", list(self.notes)
        yield "cost", list(self.cost.lines(store))

    def _head(self) -> Iterator[str]:
        yield f"{self.study}: {self.title}" if self.title else self.study
        if self.source:
            yield f"source: {self.source}"
        yield f"{self.sentence}."
        if len(self.cases) > 1:
            more = f" and {len(self.cases) - MOST_CASES:,} more" if len(self.cases) > MOST_CASES else ""
            names = f"{', '.join(self.cases[:MOST_CASES])}{more}"
            yield f"A sweep of {len(self.cases):,} cases: {names}. What follows is told of {self.case} (--case)."

    def _common(self) -> Iterator[str]:
        for names in self.dense:
            yield f"{joined(names)} have one dense training for each replicate in common."


_NAMED = ("recipes", "sets", "weights", "masks", "permutations", "figures")


def study_words(loaded: Loaded, case: Case, view: Outlook, slots: Slots) -> StudyWords:
    """A case of a study in words; `view` is its plan, held against a store. UsageError where it measures nothing."""
    plan = view.plan
    refuse_empty(plan)
    networks = {name: network for (of_case, name), network in plan.networks.items() if of_case == case.name}
    return StudyWords(
        study=plan.study,
        title=case.study.title,
        source=case.study.source,
        case=case.name,
        cases=tuple(every.name for every in loaded.cases),
        sentence=_sentence(case, networks, plan),
        networks=tuple(network_words(case, networks, plan)),
        dense=tuple(map(tuple, dense_shared(case, networks, plan))),
        recipes=tuple((name, _recipe(recipe)) for name, recipe in case.study.recipes.items()),
        sets=tuple((name, f"{set_words(case.study, of)}.") for name, of in case.study.distilled.items()),
        weights=_given(case.study.weights),
        masks=_given(case.study.masks),
        permutations=tuple(permutation_words(case)),
        measures=tuple(measure_words(case, plan)),
        figures=tuple(figure_words(case)),
        notes=plan.notes,
        cost=_cost(view, slots),
    )


def _given(tables: Mapping[str, LoadedTensors]) -> Named:
    return tuple((name, f"{given_words(loaded)}.") for name, loaded in tables.items())


def _sentence(case: Case, networks: Mapping[str, NetworkPlan], plan: Plan) -> str:
    """The study as a paper would say it: of one network, beside which others, what is measured, how often."""
    study = case.study
    main = _main(case, networks, plan)
    levels = plan.levels[case.name, main.name]
    phrases = [_phrase(case, main, stage, levels[stage.entry + stage.rounds].shown) for stage in main.stages]
    measured = _measured(case, plan)
    families = dict.fromkeys(family_of(case, name) for name in networks if name in measured)
    others = [name for name in families if name != family_of(case, main.name)]
    what = f"{', then '.join(phrases)} ({main.name})" if phrases else "dense networks"
    what += f", beside {joined(others)}" if others else ""
    branching = dict(_branching(case))
    ks = [f"{_measure(case, name)} at k = {', '.join(map(at_step, at))}" for name, at in branching.items()]
    rest = [_measure(case, name) for name in study.measures if name not in branching]
    often = counted(study.replicates, "replicate")
    often += f" in groups of {study.partners}" if study.partners > 1 else ""
    return f"{_model_name(case)} on {study.dataset.name}: {what}; {joined([*ks, *rest])}; {often}"


def _measured(case: Case, plan: Plan) -> set[str]:
    return {target.network for target in plan.targets if target.case == case.name}


def _measure(case: Case, name: str) -> str:
    """A measure by its name, with its kind where that is another word."""
    kind = getattr(case.study.measures[name], "kind", name)
    return name if kind == name else f"{name} ({kind})"


def _main(case: Case, networks: Mapping[str, NetworkPlan], plan: Plan) -> NetworkPlan:
    """The measured network with the most stages; of several the first on distilled images, or the deepest."""
    measured = _measured(case, plan)
    pruned = [network for network in networks.values() if network.like is None]
    return max(
        [network for network in pruned if network.name in measured] or pruned,
        key=lambda network: (
            len(network.stages),
            any(stage.stage.data != "real" for stage in network.stages),
            len(network.levels),
        ),
    )


def _model_name(case: Case) -> str:
    """As the spec calls it: `lenet-300-100`, which is short for an `mlp` of such widths."""
    written = case.tree["model"]
    return str(written["name"] if isinstance(written, Mapping) else written)


def _branching(case: Case) -> list[tuple[str, Sequence[object]]]:
    """The measures whose copies part at some k, with these."""
    return [
        (name, at)
        for name, config in case.study.measures.items()
        if (at := getattr(config, "at", None)) and hasattr(config, "copies")
    ]


def _phrase(case: Case, network: NetworkPlan, stage: "StagePlan", sparsity: str) -> str:
    _, on = network.stage_recipe(stage)
    weights = f" on the weights `{network.weights}`" if network.weights and not stage.index else ""
    if stage.stage.shuffle:
        return "the mask shuffled"
    if stage.stage.mask is not None:
        return f"{mask_words(stage)}{weights}" + (f", {sparsity} sparse" if stage.known else "")
    if not stage.rounds:
        return f"the weights `{network.weights}` from a file"
    if on != "real":
        return f"mask from {training_set(case.study, on)}{weights}, {sparsity} sparsity"
    if not stage.known:
        return f"{method(stage)}{weights} to {stage.stage.sparsity:.1%} sparsity"
    if stage.rounds == 1:
        return f"{method(stage)}{weights} to {sparsity} sparsity"
    rewound = f" from {stage.stage.rewind}" if stage.stage.rewind != Step() else ""
    return f"{method(stage)}{weights} for {counted(stage.rounds, 'round')}{rewound} to {sparsity} sparsity"


def _recipe(recipe: Any) -> str:
    augment = _settings(recipe.augment)
    parts = [
        str(recipe.length),
        f"batches of {recipe.batch:,}",
        f"{recipe.optimiser.name} at {recipe.optimiser.lr:g}{_bracketed(recipe.optimiser, 'lr')}",
        f"schedule {recipe.schedule.name}{_bracketed(recipe.schedule)}",
        *([f"augmentation {augment}"] if augment else []),
        *([recipe.precision] if recipe.precision != "float32" else []),
    ]
    return f"{', '.join(parts)}."


def _bracketed(config: Config, *but: str) -> str:
    return f" ({said})" if (said := _settings(config, *but)) else ""


def _settings(config: Config, *but: str) -> str:
    """What of a table is not as it would be anyway."""
    fields = type(config).model_fields
    names = [name for name in fields if name not in ("name", *but) and getattr(config, name) != fields[name].default]
    return ", ".join(f"{name} {_value(getattr(config, name))}" for name in names)


def _value(value: Any) -> str:
    match value:
        case True:
            return "on"
        case float():
            return f"{value:g}"
        case tuple():
            return " ".join(map(_value, value))
        case Config():
            return f"({_settings(value)})"
        case _:
            return str(value)


def _cost(view: Outlook, slots: Slots) -> StudyCost:
    plan = view.plan
    counted_tasks = [task.id for task in plan.counted]
    there = [task for task in counted_tasks if task in view.diff.reused]
    kept = 0
    if view.store is not None:
        from lmcspec.store.sizes import sizes

        kept = sum(sizes(view.store, view.diff.reused).values())
    whole = images_to_see(outlook(plan, None))
    return StudyCost(counts(plan), whole, len(there), kept, tuple(estimate(view, slots)))
