"""Gathering what a case trains on: its data set, the distilled sets beside it, and its model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lmcspec.base.errors import Problem
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog import get, identity
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.code import code_of
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe, as_document
from lmcspec.plan.checks import crop_problems
from lmcspec.plan.code_checks import code_problems
from lmcspec.plan.facts import data_facts
from lmcspec.plan.given_sets import Declared, loaded_set, other_set
from lmcspec.plan.given_tensors import read_given
from lmcspec.plan.graph import Graph, TooManyTasks
from lmcspec.plan.material import Material
from lmcspec.plan.settings import (
    EmptiedClass,
    TrainingSet,
    data_part,
    facts_of_study,
    model_part,
    resolve_space,
    stored_shape,
)
from lmcspec.plan.survivors import excludes, hangs_on_shapes
from lmcspec.spec import Case, Loaded
from lmcspec.spec.study import LoadedSet, MadeSet, OtherSet
from lmcspec.tasks import Part
from lmcspec.tasks.distill import Distill
from lmcspec.tasks.expert import Expert


def gather(case: Case, loaded: Loaded, graph: Graph, problems: list[Problem], notes: list[str]) -> Material | None:
    """The material of a case of a spec, its distillations in the graph; None, with a problem added, where it can't be.

    Raises TooManyTasks.
    """
    table = case.study.dataset
    images_found = data_facts(table, loaded.folder_of(case, ("dataset", "root")))
    problems += crop_problems(case, stored_shape(table, images_found.facts))
    try:
        images_found = images_found._replace(facts=facts_of_study(table, images_found.facts))
    except EmptiedClass as error:
        place = ("dataset", "split", error.key)
        problems.append(case.origins.problem("E437", str(error), place, help=error.help))
        return None
    except ValueError as error:
        key = "train" if table.split and table.split.validation < images_found.facts.train else "validation"
        problems.append(case.origins.problem("E410", str(error), ("dataset", "split", key), help="ask for fewer"))
        return None
    try:
        data = data_part(table, images_found.facts, resolve_space(table.space, table))
    except ValueError as error:
        problems.append(case.origins.problem("E404", str(error), ("dataset",)))
        return None
    model, real = model_part(case.study.model, images_found.facts), TrainingSet("real", images_found.facts.train)
    material = Material(model, data, real)
    material.know(data, table, images_found)
    if case.study.weights or case.study.masks:
        places = [("weights", name) for name in case.study.weights] + [("masks", name) for name in case.study.masks]
        start = {place: loaded.folder_of(case, (*place, "load")) for place in places}
        given = read_given(case, start, material.neutral, material.missing, problems)
        material = replace(material, given=given)
    for name, entry in case.study.distilled.items():
        if isinstance(entry, LoadedSet):
            start = loaded.folder_of(case, ("distilled", name, "load"))
            material.sets[name] = loaded_set(
                Declared(case, name, start, problems, notes), entry, images_found, material
            )
            continue
        if isinstance(entry, OtherSet):
            start = loaded.folder_of(case, ("distilled", name, "dataset", "root"))
            declared = Declared(case, name, start, problems, notes)
            material.sets[name] = other_set(declared, entry, images_found, material)
            continue
        assert isinstance(entry, MadeSet)
        model = material.model if entry.model is None else model_part(entry.model, images_found.facts)
        method = {key: value for key, value in identity(entry).items() if key not in ("model", "protocol")}
        seed = method.pop("seed", 0)
        experts = _experts(case, name, method.pop("experts", None), model, material, graph)
        params = Distill(Part.of(method), model, data, code_of(get("distiller", method["method"])))
        role = f"{case.prefix}distilled/{name}"
        if seed == "replicate" and case.study.replicates > graph.limit:
            raise TooManyTasks
        each = (
            {f"{role}/s{number}": number for number in range(case.study.replicates)}
            if seed == "replicate"
            else {role: seed}
        )
        tasks = [
            graph.add("distill", params, experts, seeds={"seed": number}, role=place) for place, number in each.items()
        ]
        images = method["ipc"] * images_found.facts.classes * method.get("factor", 1) ** 2
        rated, raw = "lr_of_rate" in method, "factor" in method or data.value["space"]["name"] == "raw"
        material.sets[name] = TrainingSet(name, images, tuple(tasks), rated=rated, raw=raw, each=seed == "replicate")
    return material


def models_of(loaded: Loaded, *, everything: bool = True) -> list[Part]:
    """The models of a study's cases on images as networks see them, where these are here.

    Without `everything` only those whose shapes decide whether a network of theirs can be, and those that aren't built
    in, of which nobody knows whether they work.
    """
    models: list[Part] = []
    for case in loaded.cases:
        pruned = [network for network in case.study.networks.values() if isinstance(network, tuple)]
        ours = get("model", case.study.model.name).implementation.startswith("lmcspec.")
        hangs = any(map(hangs_on_shapes, pruned)) or any(map(excludes, case.study.permutations.values()))
        if not (everything or not ours or hangs) or list(code_problems(case)):
            continue
        try:
            material = gather(case, loaded, Graph(), [], [])
        except TooManyTasks:  # which the plan says, or allows
            continue
        if material is not None and material.facts[material.data.digest].known:
            models.append(material.model)
    return models


def _experts(
    case: Case, name: str, wanted: Mapping[str, Any] | None, model: Part, material: Material, graph: Graph
) -> dict[str, str]:
    """The tasks that train the experts of a method which follows some, by input. Sets that ask alike share them."""
    if wanted is None:
        return {}
    per_epoch = updates_per_epoch(material.real.images, wanted["batch"])
    optimiser = Sgd(lr=wanted["lr"], momentum=wanted["momentum"], weight_decay=wanted["weight_decay"])
    augment = Augment(dsa=wanted["dsa"], dsa_style="mtt" if wanted["dsa"] else "dc")
    recipe = Recipe(wanted["epochs"] * per_epoch, wanted["batch"], optimiser, augment=augment)
    params = Expert(model, Part.of(as_document(recipe)), material.data)
    experts = {}
    for number in range(wanted["count"]):
        role = f"{case.prefix}distilled/{name}/expert{number}"
        seeds = {"seed": wanted["seed"], "expert": number}
        experts[f"expert-{number}"] = graph.add("expert", params, seeds=seeds, role=role)
    return experts
