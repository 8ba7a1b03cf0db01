"""What a permutation says of steps, layers and pruning, held against networks, their recipes and the model."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from lmcspec.base.errors import Problem
from lmcspec.base.facts import ModelFacts
from lmcspec.base.steps import Step
from lmcspec.base.word_lists import few
from lmcspec.catalog import get, nearest
from lmcspec.plan.checks import Recipes
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.networks import layer_problems
from lmcspec.plan.settings import ResolvedRecipe
from lmcspec.spec import Case
from lmcspec.spec.names import NONE
from lmcspec.spec.paths import Path
from lmcspec.spec.study import Alignment, RewoundLayers
from lmcspec.tasks import Part

MOST_LISTED = 100
"""Paths of modules in one sentence."""


class Known(NamedTuple):
    """A model as a plan knows it."""

    model: Part
    facts: ModelFacts | None


def alignment_problems(
    case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes, known: Known, notes: list[str]
) -> Iterator[Problem]:
    """Steps out of order, layers that the model lacks, and pruned ends of which it isn't said how they are pruned."""
    for name, settings in case.study.permutations.items():
        assert isinstance(settings, Alignment)
        yield from _steps(case, name, settings, networks, recipes)
        if known.facts is not None:
            yield from layer_problems(case, known.facts, settings.excludes, ("permutations", name, "prune", "exclude"))
        if settings.rewind_layers is not None:
            yield from _path(case, name, settings.rewind_layers, known, notes)
    yield from _ends(case, networks)


def _steps(
    case: Case, name: str, settings: Alignment, networks: Mapping[str, NetworkPlan], recipes: Recipes
) -> Iterator[Problem]:
    """Levels that there are not, steps after the end of training, and layers from a later step than the rest."""
    network = networks.get(settings.network)
    if network is None:
        return
    last = len(network.levels) - 1
    if settings.level != "same" and settings.level > last:
        family = name.partition("[")[0]  # of all members it is said once
        message = f"`{family}` aligns level {settings.level} of {network.name!r}, which has levels 0 to {last}"
        yield case.origins.problem("E403", message, ("permutations", name, "level"), help="give one of these")
        return
    levels = range(last + 1) if settings.level == "same" else (settings.level,)
    rewound = settings.rewind_layers
    for recipe in dict.fromkeys(recipes[network.measured_with(level), "real"] for level in levels):
        yield from _after_the_end(case, settings.step, recipe, ("permutations", name, "step"))
        if rewound is None:
            continue
        place: Path = ("permutations", name, "rewind_layers", "step")
        yield from _after_the_end(case, rewound.step, recipe, place)
        if isinstance(rewound.step, Step) and isinstance(settings.step, Step):
            early, late = recipe.updates(rewound.step), recipe.updates(settings.step)
            if early > late:
                message = f"layers of {rewound.step} (update {early}) are later than `step` = {settings.step} ({late})"
                yield case.origins.problem("E117", message, place, help="rewind_layers goes back: name an earlier step")


def _after_the_end(case: Case, step: Step | str, recipe: ResolvedRecipe, path: Path) -> Iterator[Problem]:
    if isinstance(step, Step) and (update := recipe.updates(step)) > recipe.recipe.length:
        end = recipe.recipe.length
        message = f"step = {step} is update {update}, but training ends after {end} ({recipe.per_epoch} an epoch)"
        yield case.origins.problem("E401", message, path, help=f"give a step up to {end}it")


def _path(case: Case, name: str, rewound: RewoundLayers, known: Known, notes: list[str]) -> Iterator[Problem]:
    """A path at which the model has no module. Layers with prunable weights are known; for others it is built."""
    layer = rewound.layers
    if known.facts is not None and any(_beneath(layer, weight) for weight, _ in known.facts.prunable):
        return
    ours = get("model", case.study.model.name).implementation.startswith("lmcspec.")
    if known.facts is None and not ours:
        notes.append(
            f"the layers of {case.study.model.name} are not known yet, and `rewind_layers` is unchecked: "
            "lmcspec plan --facts SPEC takes them, and run does so first"
        )
        return
    tensors = _tensors(known.model)
    if any(_beneath(layer, tensor) for tensor in tensors):
        return
    paths = list(dict.fromkeys(path for tensor in tensors for path in accumulate(tensor.split(".")[:-1], _joined)))
    near = next((path for path in sorted(paths) if path.endswith(f".{layer}")), None) or nearest(layer, paths)
    yield case.origins.problem(
        "E409",
        f"the model has no module {layer!r} with tensors",
        ("permutations", name, "rewind_layers", "layers"),
        label=f"did you mean `{near}`?" if near else "",
        help=f"exact paths are {few(paths, MOST_LISTED)}",
    )


@lru_cache(maxsize=4)  # members of a family ask one after the other
def _tensors(model: Part) -> tuple[str, ...]:
    """The names of a model's state. Builds it with torch."""
    from lmcspec.tasks import read

    return tuple(read.module(model, "meta").state_dict())


def _beneath(layer: str, tensor: str) -> bool:
    return tensor.startswith(f"{layer}.")


def _joined(above: str, part: str) -> str:
    return f"{above}.{part}"


def _ends(case: Case, networks: Mapping[str, NetworkPlan]) -> Iterator[Problem]:
    """Measures with pruned ends, under what doesn't prune and isn't beside one way to prune alone."""
    for name, measure in case.study.measures.items():
        if getattr(measure, "ends", "whole") != "pruned":
            continue
        wanted, under = getattr(measure, "networks", "all"), getattr(measure, "under", ())
        for network in networks if wanted == "all" else wanted:
            problem = _unsaid(case, name, under, case.ways.under(under, network))
            if problem is not None:
                yield problem
                break


def _unsaid(case: Case, measure: str, under: Sequence[str], ways: Sequence[str]) -> Problem | None:
    """What is wrong with pruned ends `under` names that mean these permutations for a network."""
    named = {way: case.study.permutations.get(way) for way in ways}
    prunes = {way: it for way, it in named.items() if isinstance(it, Alignment) and it.prune is not None}
    if not prunes:
        message = f"the ends of `{measure}` are pruned, and no permutation that it names says how"
        help = "name one with a `prune` under `under`, such as `prune = { fraction = 0.5 }`"
        return case.origins.problem("E117", message, ("measures", measure, "ends"), help=help)
    whole = next((way for way in ways if way not in prunes), None)
    different = {(it.network, it.level, it.step, str(it.prune)) for it in prunes.values()}
    if whole is None or len(different) == 1:
        return None
    place = next(index for index, name in enumerate(under) if whole in case.ways.all_of(name))
    message = f"`{whole}` does not prune, and the others prune in {len(different)} ways: which holds is not said"
    help = f'give it a measure of its own for each: under = ["{whole}", "{next(iter(prunes))}"], ends = "pruned"'
    if whole == NONE:
        help += ', or a permutation of its own: method = "identity" with each `prune`'
    return case.origins.problem("E117", message, ("measures", measure, "under", place), help=help)
