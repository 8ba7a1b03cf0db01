"""The permutations of a case as results are told apart by: families, what varies in them, and settings in updates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lmcspec.base.steps import Step
from lmcspec.catalog import Config
from lmcspec.plan.graph import Way
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.series import Recipes, flat
from lmcspec.spec import Case, Member
from lmcspec.spec.each import member_name
from lmcspec.spec.family import alone
from lmcspec.spec.paths import dotted
from lmcspec.spec.study import Alignment


def ways_of(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> Iterator[Way]:
    """The permutations of a case, in the order of the spec."""
    members = {member.name: (family, member) for family, of in case.ways.families.items() for member in of.members}
    saying: dict[tuple[int, int], list[Member]] = {}
    for network in case.ways.networks.values():
        for axis in network.axes.values():
            saying.setdefault((axis, network.choice[axis]), []).append(network)
    for name, settings in case.study.permutations.items():
        assert isinstance(settings, Alignment)
        family, member = members.get(name, (name, alone(name)))
        told = _settings(settings, networks[settings.network], recipes)
        params = {key: value for name, of in told.items() for key, value in flat(name, of).items() if value is not None}
        paths = {key: dotted(path) for key, path in member.paths.items()}
        called = dict(_called(family, member, saying))
        yield Way(case.name, name, family, dict(member.labels), paths, params, called)


def _called(
    family: str, member: Member, saying: Mapping[tuple[int, int], Sequence[Member]]
) -> Iterator[tuple[str, str]]:
    """(network, the member's name without what the network's says), of networks that say which value an axis has."""
    taken_over = {key: axis for key, axis in member.axes.items() if key not in member.paths}
    told: dict[str, set[str]] = {}
    for key, axis in taken_over.items():
        for network in saying.get((axis, member.choice[axis]), ()):
            told.setdefault(network.name, set()).add(key)
    for network, keys in told.items():
        yield network, member_name(family, {key: label for key, label in member.labels.items() if key not in keys})


def _settings(settings: Alignment, network: NetworkPlan, recipes: Recipes) -> dict[str, Any]:
    """The settings as plain data, points in training as updates of the training that is aligned."""
    last = len(network.levels) - 1
    level = last if settings.level == "same" else min(settings.level, last)
    resolved = recipes[network.measured_with(level), "real"]
    points = {"end": resolved.recipe.length, "rewind": resolved.updates(network.begins_at(level))}

    def told(key: str, value: Any, of_training: bool) -> Any:
        match value:
            case Config():
                return {inner: told(inner, getattr(value, inner), of_training) for inner in type(value).model_fields}
            case str() if key == "step":
                return points[value]
            case Step():  # of a method's own it is counted in something else than the training's images
                return resolved.updates(value) if of_training else str(value)
            case _:
                return value

    return {
        key: told(key, getattr(settings, key), key in Alignment.model_fields) for key in type(settings).model_fields
    }
