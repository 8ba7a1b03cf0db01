"""Optimisers and schedules of packages, tried on a study's trainings before any of them runs."""

from collections.abc import Iterable, Iterator
from math import isfinite

from lmcspec.base.errors import Problem
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog import get
from lmcspec.catalog.code import code_of
from lmcspec.catalog.in_updates import InUpdates
from lmcspec.catalog.optimiser import Optimiser
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe as Resolved
from lmcspec.catalog.recipe import as_document, from_document
from lmcspec.catalog.schedule import Schedule
from lmcspec.spec import Case
from lmcspec.spec.recipe import Recipe
from lmcspec.tasks import Part

TRIED = 200
"""Updates at which the rate is asked for, evenly spaced over a training."""


def recipe_problems(case: Case, trained: Iterable[tuple[str, int]]) -> Iterator[Problem]:
    """A problem for each that can't be written into ids and read again, or has rates that are none.

    `trained` says which recipe trains on how many images. Built-in ones have tests for that.
    """
    counts = sorted(set(trained))
    for name, recipe in case.study.recipes.items():
        for key, config in (("optimiser", recipe.optimiser), ("schedule", recipe.schedule)):
            if code_of(get(key, config.name)) is None:
                continue
            flaw = next(filter(None, (_flaw(config, recipe, count) for of, count in counts if of == name)), "")
            if flaw:
                message = f"the {key} {config.name!r} can't be used here: {flaw}"
                place = ("recipes", name, key)
                yield case.origins.problem("E429", message, place, help="mend its class, or take another")


def _flaw(config: InUpdates, recipe: Recipe, images: int) -> str:
    per_epoch = updates_per_epoch(images, recipe.batch)
    length = recipe.length.resolve(per_epoch)
    try:
        settings = config.in_updates(per_epoch)
        match settings:
            case Schedule():
                tried, key = Resolved(length, recipe.batch, Sgd(lr=1.0), settings), "schedule"
                rates = _rates(settings, length)
            case Optimiser():
                tried, key, rates = Resolved(length, recipe.batch, settings), "optimiser", {"lr": settings.lr}
                for steps in ((), (settings.lr,)):
                    left = settings.decayed(1.0, steps)
                    if left is not None and not isinstance(left, int | float):
                        return f"decayed(1.0, {steps}) is {left!r}, no number"
            case _:
                return f"in updates its settings are a {type(settings).__name__}"
        document = Part.of(as_document(tried)).value
        owed = [field for field in ("name", *rates) if field in type(config).model_fields]
        if lacking := [field for field in owed if field not in document[key]]:
            return f"its document() lacks the {lacking[0]}"
        if (again := from_document(document)) != tried:
            return "read() makes other settings of the document() that stands in ids"
        for what, rate in rates.items():
            if isinstance(rate, bool) or not isinstance(rate, int | float):
                return f"{what} is {rate!r}, no number"
            if not rate >= 0 or not isfinite(rate):
                return f"{what} is {rate}: a finite number from 0 on is asked for"
        if key == "schedule" and _rates(again.schedule, length) != rates:
            return "multiplier() gives other numbers when it is asked again"
    except Exception as error:  # noqa: BLE001 (somebody else's code may raise anything)
        return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    return ""


def _rates(schedule: Schedule, length: int) -> dict[str, float]:
    tried = sorted({*range(0, length, max(1, length // TRIED)), max(0, length - 1)})
    return {f"multiplier({update}, {length})": schedule.multiplier(update, length) for update in tried}
