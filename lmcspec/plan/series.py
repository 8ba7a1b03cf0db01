"""What makes a network one line of a chart: all that its numbers rest on but levels, measures and replicates."""

from collections.abc import Mapping, Sequence
from typing import Any

from lmcspec.base.ids import digest
from lmcspec.base.steps import Step
from lmcspec.catalog import get, identity
from lmcspec.catalog.code import code_of
from lmcspec.catalog.recipe import as_document
from lmcspec.plan.graph import Series
from lmcspec.plan.levels import StagePlan
from lmcspec.plan.material import Material
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.settings import ResolvedRecipe

Recipes = Mapping[tuple[str, str], ResolvedRecipe]
"""By (recipe, training set)."""
_OF_PRUNING = ("data", "sparsity", "shuffle", "criterion", "rounds", "fraction")
"""Of a stage what says nothing where that prunes nothing."""


def series_of(case: str, network: NetworkPlan, material: Material, recipes: Recipes) -> Series:
    """The series of one network."""
    measured = recipes[network.recipe("real"), "real"]
    document = {
        "model": material.model.digest,
        "data": material.data.digest,
        "measured with": measured.part.digest,
        "network": _network(network, material, recipes),
    }
    return Series(case, network.name, digest(document), _params(case, network, material, recipes, measured))


def _network(network: NetworkPlan, material: Material, recipes: Recipes) -> dict[str, Any]:
    if network.like is not None:
        assert network.original is not None
        original = _network(network.original, material, recipes)
        of_like = {"like": original, "mask": network.like.mask, "weights": network.like.weights}
        if network.like.mask_from == "self":
            return of_like
        under = None if network.alignment is None else identity(network.alignment)
        return of_like | {"mask_from": network.like.mask_from, "under": under}
    last = len(network.stages) - 1
    return {"stages": [_stage(network, stage, material, recipes, stage.index == last) for stage in network.stages]}


def _stage(network: NetworkPlan, stage: StagePlan, material: Material, recipes: Recipes, last: bool) -> dict[str, Any]:
    """A stage as ids see it: steps in updates, names by what they stand for, and how far the last one goes left out."""
    name, on = network.stage_recipe(stage)
    recipe = recipes[name, on]
    written = identity(stage.stage)
    written |= {"data": _set(on, material), "recipe": recipe.part.digest, "fraction": stage.fraction}
    if stage.stage.retrain:
        written["retrain"] = recipes[network.recipe(stage.stage.retrain), "real"].part.digest
    for key in ("rewind", "schedule_from"):
        step = getattr(stage.stage, key)
        written[key] = recipe.updates(step) if isinstance(step, Step) else None
    for key, table in (("weights", material.given.weights), ("mask", material.given.masks)):
        if (name_of := getattr(stage.stage, key)) is not None:
            given = table[name_of]
            written[key] = [*_first(given.digests, each=given.each), recipe.updates(given.step)]
    if stage.stage.mask is not None:
        del written["fraction"]  # the mask says it, and its mean over replicates moves with their number
    if code := code_of(get("criterion", stage.stage.criterion.name)):
        written["code"] = code
    del written["rounds"], written["sparsity"]
    written["exactly"] = stage.exact
    return written if last else written | {"rounds": stage.rounds}


def _set(name: str, material: Material) -> str:
    if name == "real":
        return material.data.digest
    return " ".join(_first(material.sets[name].sources, each=material.sets[name].each))


def _first(sources: Sequence[str], *, each: bool) -> list[str]:
    """What stands for sources of which each replicate has its own, however many there are: that of replicate 0."""
    return [sources[0], "one each"] if each else list(sources)


def _params(
    case: str, network: NetworkPlan, material: Material, recipes: Recipes, measured: ResolvedRecipe
) -> dict[str, str | float | int | bool]:
    params: dict[str, Any] = {"network": network.name, "case": case or None}
    params |= flat("model", material.model.value["config"])
    params["dataset.name"] = material.neutral[material.data.digest]["config"]["name"]
    params["dataset.space"] = material.data.value["space"]["name"]
    if "resize" in material.data.value:
        params["dataset.resize"] = material.data.value["resize"]
    params |= flat("dataset.split", material.data.value.get("split", {}))
    params |= _recipe(measured)
    shown = network.original or network
    if network.like is not None:
        params |= {"like": shown.name, "like.mask": network.like.mask, "like.weights": network.like.weights}
        if network.like.mask_from != "self":
            params |= {"like.mask_from": network.like.mask_from, "like.under": network.like.under}
    for stage in shown.stages:
        document = _headline(stage, recipes[shown.stage_recipe(stage)])
        if stage.index == len(shown.stages) - 1:
            # More rounds are more of the same series, and params in MLflow can't be changed.
            document = {key: value for key, value in document.items() if key not in ("sparsity", "rounds")}
        params |= flat(f"stage{stage.index + 1}", document)
    return {key: value for key, value in params.items() if value is not None}


def _headline(stage: StagePlan, recipe: ResolvedRecipe) -> dict[str, Any]:
    """What of a stage people look for first; steps in updates, so that two spellings of one are one value."""
    keys = ("weights", "mask", "data", "sparsity", "start", "restore", "shuffle")
    written = {key: getattr(stage.stage, key) for key in keys}
    rewind = stage.origin if stage.stage.rewind == Step() else stage.stage.rewind
    written |= {"criterion": stage.stage.criterion.name, "rewind": recipe.updates(rewind)}
    written |= {"rounds": stage.rounds, "fraction": stage.fraction}
    if stage.stage.mask is None and (stage.rounds or stage.stage.shuffle):
        return written
    return {key: value for key, value in written.items() if key not in _OF_PRUNING}


def _recipe(resolved: ResolvedRecipe) -> dict[str, Any]:
    """`recipe.lr`, `recipe.batch`, …: the optimiser's settings stand beside the rest, under its name."""
    document = as_document(resolved.recipe)
    optimiser = document.pop("optimiser")
    return flat("recipe", {"optimiser": optimiser.pop("name"), **optimiser, **document})


def flat(prefix: str, value: Any) -> dict[str, Any]:
    """A nested table as a flat one: `{"a": {"b": 1}}` as `{"prefix.a.b": 1}`, lists as text."""
    if isinstance(value, Mapping):
        return {key: leaf for name, item in value.items() for key, leaf in flat(f"{prefix}.{name}", item).items()}
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return {prefix: value}
