"""Steps that a spec names, held against the trainings in which they stand."""

from collections.abc import Iterator, Mapping
from typing import Any

from lmcspec.base.errors import Problem, UsageError
from lmcspec.base.facts import DataFacts
from lmcspec.base.steps import Step
from lmcspec.catalog import DistillerCard, ModelCard, Named, get
from lmcspec.catalog.augmentation import AUGMENTATIONS
from lmcspec.catalog.in_updates import steps_of
from lmcspec.catalog.schedule import Schedule
from lmcspec.plan.graph import Plan
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.of_packages import BrokenCard, asked_of
from lmcspec.plan.settings import ResolvedRecipe
from lmcspec.spec import Case
from lmcspec.spec.paths import Path
from lmcspec.spec.study import MadeSet

Recipes = Mapping[tuple[str, str], ResolvedRecipe]
"""By (recipe, training set)."""


def refuse_empty(plan: Plan) -> None:
    """A plan without tasks was never meant. Raises UsageError, which says what is missing."""
    if not plan.tasks:
        raise UsageError(
            f"the study {plan.study} measures nothing, so there is nothing to run",
            help="say what to measure: `accuracy = {}` under `[measures]`; in YAML `measures: {accuracy: {}}`",
        )


def step_problems(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> Iterator[Problem]:
    """Rewinds, entries into the schedule and steps of measures that come after the end."""

    def check(what: str, step: Step, recipe: ResolvedRecipe, path: tuple) -> Iterator[Problem]:
        if step != Step() and recipe.updates(step) >= recipe.recipe.length:
            yield case.origins.problem(
                "E401",
                f"{what} = {step} is update {recipe.updates(step)}, "
                f"but training ends after {recipe.recipe.length} ({recipe.per_epoch} an epoch)",
                path,
                help=f"give a step below {recipe.recipe.length}it",
            )

    for name, network in networks.items():
        for stage in network.stages if network.like is None else ():
            for key in ("rewind", "schedule_from"):
                step = getattr(stage.stage, key)
                if step is not None:
                    recipe = recipes[network.stage_recipe(stage)]
                    yield from check(key, step, recipe, ("networks", name, stage.index, key))
    for name, measure in case.study.measures.items():
        evaluate = getattr(measure, "evaluate", None) or "real"
        for recipe in dict.fromkeys(network.recipe(evaluate) for network in networks.values()):
            for index, step in enumerate(getattr(measure, "at", ())):
                if isinstance(step, Step):
                    yield from check("k", step, recipes[recipe, "real"], ("measures", name, "at", index))
            through = getattr(measure, "through", None)
            if isinstance(through, Step):
                yield from check("through", through, recipes[recipe, "real"], ("measures", name, "through"))
            for index, step in enumerate(through if isinstance(through, tuple) else ()):
                yield from check("through", step, recipes[recipe, "real"], ("measures", name, "through", index))
        if getattr(measure, "through", None) == Step():
            message = "`through` says after how many updates the copies are compared again and again, so it can't be 0"
            yield case.origins.problem("E401", message, ("measures", name, "through"), help='say "1ep" or "100it"')


def origin_problems(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> Iterator[Problem]:
    """Weights from files that are trained further than a training goes, or than networks are to rewind."""
    for name, network in networks.items():
        if network.like is not None or network.weights is None or network.origin == Step():
            continue
        for stage in network.stages:
            recipe = recipes[network.stage_recipe(stage)]
            begin, rewind = recipe.updates(network.origin), recipe.updates(stage.stage.rewind)
            if begin > recipe.recipe.length:
                yield case.origins.problem(
                    "E401",
                    f"step = {network.origin} is update {begin}, but training ends after {recipe.recipe.length}",
                    ("weights", network.weights, "step"),
                    help=f"of weights that are trained to the end say {recipe.recipe.length}it",
                )
                return
            if 0 < rewind < begin:
                yield case.origins.problem(
                    "E405",
                    f"rewind = {stage.stage.rewind} is update {rewind}, and the weights with which {name} starts are "
                    f"those after {begin}: no earlier ones are known",
                    ("networks", name, stage.index, "rewind"),
                    help="leave `rewind` out to go back to these weights, or name a later step",
                )


def milestone_problems(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> Iterator[Problem]:
    """A step of a schedule or an optimiser beyond the end is a mistake of whoever cut the length: it never comes."""
    for name, on in sorted(trained_on(case, networks)):
        resolved, written = recipes[name, on], case.study.recipes[name]
        for key, config in (("schedule", written.schedule), ("optimiser", written.optimiser)):
            for place, step in steps_of(config):
                update, end = resolved.updates(step), resolved.recipe.length
                only_rises = place == ("warmup",) and isinstance(config, Schedule) and config.may_only_rise
                if step != Step() and update >= end and not only_rises:
                    what = "the warm-up ends with" if place == ("warmup",) else f"`{place[0]}` = {step} is"
                    yield case.origins.problem(
                        "E408",
                        f"{what} update {update}, but training ends after {end}: it never comes",
                        ("recipes", name, key, *place),
                        help=f"give a step below {end}it, or leave it out",
                    )


def precision_notes(case: Case) -> Iterator[str]:
    """Which recipes need a GPU; a plan doesn't know where it will run."""
    for name, recipe in case.study.recipes.items():
        if recipe.precision in ("fp16", "tf32"):
            yield (
                f"recipes.{name}: the precision {recipe.precision} is computed on GPUs only; "
                "where there is none its trainings fail"
            )


def split_problems(case: Case) -> Iterator[Problem]:
    """Measures that look at validation images where the study sets none aside."""
    if case.study.dataset.split is not None:
        return
    for name, measure in case.study.measures.items():
        asked = getattr(measure, "split", ())
        path = ("measures", name, "split")
        places = [path] if asked == "validation" else []
        if isinstance(asked, tuple):
            places = [(*path, index) for index, split in enumerate(asked) if split == "validation"]
        for place in places:
            yield case.origins.problem(
                "E411",
                f"`{name}` looks at validation images, and the study sets none aside",
                place,
                help="say how many: dataset = { …, split = { validation = 5000 } }",
            )


def image_problems(case: Case, facts: DataFacts) -> Iterator[Problem]:
    """Images that are too small for the model; of data that are missing only the name is known."""
    models: dict[Path, Named] = {("model",): case.study.model}
    for name, made in case.study.distilled.items():
        if isinstance(made, MadeSet) and made.model is not None:
            models["distilled", name, "model"] = made.model
    for path, model in models.items():
        card = get("model", model.name)
        assert isinstance(card, ModelCard)
        try:
            reason = asked_of(card, card.misfit, model, facts.shape) if facts.known else ""
        except BrokenCard as error:
            yield case.origins.problem("E429", str(error), path, help=error.help)
            continue
        if not reason:
            continue
        _, height, width = facts.shape
        yield case.origins.problem(
            "E420",
            f"images of {case.study.dataset.name} have {height}x{width} pixels here: {reason}",
            path,
            help="take another model, or say what size they are to get: dataset = { …, resize = N }",
        )


def set_problems(case: Case, facts: DataFacts) -> Iterator[Problem]:
    """Distilled sets of more real images than there are, and methods that find nothing to match in their network."""
    for name, made in case.study.distilled.items():
        if not isinstance(made, MadeSet):
            continue
        settings = made.model_dump()
        ipc, packed = settings["ipc"], settings.get("factor", 1) ** 2
        wanted = ipc * packed * facts.classes
        # Sizes of classes are those before any are set aside: no class has more.
        smallest = min(facts.sizes, default=facts.train)
        short = wanted > facts.train or ipc * packed > smallest
        if facts.known and settings.get("start", "real") != "noise" and short:
            most = min(facts.train // facts.classes, smallest) // packed
            there = f"there are {facts.train:,} to train on"
            yield case.origins.problem(
                "E426",
                f"the set {name!r} starts from {wanted:,} real images, {ipc * packed:,} of each class, and "
                + (there if wanted > facts.train else f"the smallest has {smallest:,}"),
                ("distilled", name, "ipc"),
                help=f"ask for {most} at most" if most else "take a larger data set",
            )
        method, model = get("distiller", settings["method"]), made.model or case.study.model
        card = get("model", model.name)
        assert isinstance(method, DistillerCard) and isinstance(card, ModelCard)
        if method.convolutions and not card.convolutions:
            yield case.origins.problem(
                "E426",
                f"{method.name} matches gradients of convolutions, and {model.name} has none",
                ("distilled", name, "method") if made.model is None else ("distilled", name, "model"),
                help='give the set a network of its own: model = { name = "convnet", … }',
            )


def crop_problems(case: Case, stored: tuple[int, int, int]) -> Iterator[Problem]:
    """A crop that does not fit the images, and recipes that would train at another size than networks are seen at."""
    table = case.study.dataset
    _, height, width = stored
    if table.crop is not None and table.crop > min(height, width):
        yield case.origins.problem(
            "E421",
            f"a crop of {table.crop} pixels does not fit images of {height}x{width}",
            ("dataset", "crop"),
            help=f"crop to {min(height, width)} at most, or resize to more",
        )
        return
    if table.crop is not None and table.space is not None and table.space.name == "zca":
        yield case.origins.problem(
            "E421",
            "the space zca is fitted on whole images, so cropped ones can't be whitened",
            ("dataset", "crop"),
            help="use another space, or resize = N without a crop",
        )
    seen = (height, width) if table.crop is None else (table.crop, table.crop)
    for name, recipe in case.study.recipes.items():
        for key in (card.resizes for card in AUGMENTATIONS if card.resizes):
            resized = getattr(recipe.augment, key)
            if resized is not None and (resized.size, resized.size) != seen:
                yield case.origins.problem(
                    "E421",
                    f"the recipe {name!r} trains on parts of {resized.size}x{resized.size} pixels, "
                    f"but networks see images of {seen[0]}x{seen[1]}",
                    ("recipes", name, "augment", key, "size"),
                    help=f"say dataset.crop = {resized.size}, or size = {min(seen)}",
                )


def trained_on(case: Case, networks: Mapping[str, NetworkPlan]) -> set[tuple[str, str]]:
    """Which recipe trains on which training set: in stages, and to measure levels."""
    stages = [(network, stage) for network in networks.values() for stage in network.stages]
    measures = case.study.measures.values()
    named = {(name, measured_on(case, measure)) for measure in measures if (name := getattr(measure, "evaluate", None))}
    named |= {("real", "real"), *((stage.stage.retrain, "real") for _, stage in stages if stage.stage.retrain)}
    measured = {
        (network.recipe(name) if on == "real" else name, on) for network in networks.values() for name, on in named
    }
    return measured | {network.stage_recipe(stage) for network, stage in stages if network.like is None}


def measured_on(case: Case, measure: Any) -> str:
    """The training set on which a measure trains networks: the distilled one that it names, or the study's images."""
    wanted = getattr(measure, "set", None)
    return wanted if isinstance(wanted, str) and wanted in case.study.distilled else "real"
