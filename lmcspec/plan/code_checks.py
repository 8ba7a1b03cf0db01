"""Cards of plug-ins whose code can't stand in ids, found before anything is planned."""

from collections.abc import Iterator

from lmcspec.base.errors import Problem
from lmcspec.catalog import get
from lmcspec.catalog.code import CodeError, code_of
from lmcspec.spec import Case
from lmcspec.spec.paths import Path
from lmcspec.spec.study import Alignment, MadeSet, OtherSet


def code_problems(case: Case) -> Iterator[Problem]:
    """A problem for each card whose source can't be followed, where the spec first names it."""
    named: dict[tuple[str, str], Path] = {}
    for kind, name, path in _cards(case):
        named.setdefault((kind, name), path)
    for (kind, name), path in named.items():
        try:
            code_of(get(kind, name))
        except CodeError as error:
            yield case.origins.problem("E428", str(error), path, help=error.help)


def _cards(case: Case) -> Iterator[tuple[str, str, Path]]:
    """(kind, name, where it is named) of every card whose code makes results."""
    yield "model", case.study.model.name, ("model",)
    yield "dataset", case.study.dataset.name, ("dataset",)
    for name, recipe in case.study.recipes.items():
        yield "optimiser", recipe.optimiser.name, ("recipes", name, "optimiser")
        yield "schedule", recipe.schedule.name, ("recipes", name, "schedule")
    for name, made in case.study.distilled.items():
        path: Path = ("distilled", name)
        if isinstance(made, OtherSet):
            yield "dataset", made.dataset.name, (*path, "dataset")
        if isinstance(made, MadeSet):
            yield "distiller", made.model_dump()["method"], (*path, "method")
            if made.model is not None:
                yield "model", made.model.name, (*path, "model")
    for name, settings in case.study.permutations.items():
        yield "matcher", settings.model_dump()["method"], ("permutations", name, "method")
        if isinstance(settings, Alignment) and settings.prune is not None:
            yield "criterion", settings.prune.criterion.name, ("permutations", name, "prune", "criterion")
    for name, network in case.study.networks.items():
        for index, stage in enumerate(network if isinstance(network, tuple) else ()):
            yield "criterion", stage.criterion.name, ("networks", name, index, "criterion")
