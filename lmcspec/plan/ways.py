"""The permutations of a case as results are told apart by: families, what varies in them, and settings in updates."""

from collections.abc import Iterator, Mapping
from typing import Any

from lmcspec.base.steps import Step
from lmcspec.catalog import Config
from lmcspec.plan.graph import Way
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.series import Recipes, flat
from lmcspec.spec import Case, Member
from lmcspec.spec.family import alone
from lmcspec.spec.paths import dotted
from lmcspec.spec.study import Alignment


def ways_of(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> Iterator[Way]:
    """The permutations of a case, in the order of the spec."""
    members = {member.name: (family, member) for family, of in case.ways.families.items() for member in of.members}
    for name, settings in case.study.permutations.items():
        assert isinstance(settings, Alignment)
        family, member = members.get(name, (name, alone(name)))
        yield _way(case.name, family, member, _settings(settings, networks[settings.network], recipes))


def _way(case: str, family: str, member: Member, settings: Mapping[str, Any]) -> Way:
    params = {key: value for name, of in settings.items() for key, value in flat(name, of).items() if value is not None}
    paths = {key: dotted(path) for key, path in member.paths.items()}
    return Way(case, member.name, family, dict(member.labels), paths, params)


def _settings(settings: Alignment, network: NetworkPlan, recipes: Recipes) -> dict[str, Any]:
    """The settings as plain data, points in training as updates of the training that is aligned."""
    last = len(network.levels) - 1
    level = last if settings.level == "same" else min(settings.level, last)
    resolved = recipes[network.measured_with(level), "real"]
    stages = [stage for stage in (network.original or network).stages if stage.entry < level]
    rewind = resolved.updates(stages[-1].stage.rewind) if stages else 0

    def told(value: Any, of_training: bool = True) -> Any:
        match value:
            case Config():
                return {key: told(getattr(value, key), of_training) for key in type(value).model_fields}
            case Step():  # of a method's own it is counted in something else than the training's images
                return resolved.updates(value) if of_training else str(value)
            case _:
                return value

    step = {"end": resolved.recipe.length, "rewind": rewind}
    written = {key: told(getattr(settings, key), key in Alignment.model_fields) for key in type(settings).model_fields}
    return written | ({} if isinstance(settings.step, Step) else {"step": step[settings.step]})
