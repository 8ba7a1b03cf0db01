"""Permutations as tasks: which networks of two partners are aligned, and what is carried over by it."""

from typing import TYPE_CHECKING, NamedTuple

from lmcspec.base.steps import Step
from lmcspec.catalog import Config, MatcherCard, get, identity
from lmcspec.catalog.code import code_of
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.trainings import Unsuited
from lmcspec.spec.references import NONE
from lmcspec.spec.study import Alignment
from lmcspec.tasks import Part
from lmcspec.tasks.detour import Detour
from lmcspec.tasks.match import Match
from lmcspec.tasks.transport import Transport

if TYPE_CHECKING:
    from lmcspec.plan.subnetworks import Subnetworks

_OF_ALIGNMENT = tuple(Alignment.model_fields)


class Partners(NamedTuple):
    """Two replicates that are compared, and the third that they may be compared by."""

    a: int
    b: int
    third: int | None = None

    @property
    def number(self) -> int:
        """The address of random draws for the two: pairs counted 01, 02, 12, 03, 13 …"""
        low, high = sorted((self.a, self.b))
        return low + high * (high - 1) // 2


def partners(replicates: int, together: int) -> list[Partners]:
    """The pairs of a study: the first two of each `together` replicates."""
    if together < 2:
        return []
    firsts = range(0, replicates - together + 1, together)
    return [Partners(first, first + 1, first + 2 if together > 2 else None) for first in firsts]


def permutation(emit: "Subnetworks", name: str, pair: Partners, level: int) -> str | None:
    """The task that aligns the second partner with the first, for what is looked at on a level; None for `none`."""
    if name == NONE:
        return None
    settings = emit.alignments[name]
    assert isinstance(settings, Alignment)
    if settings.via is None:
        return _match(emit, name, settings, pair, level)
    assert pair.third is not None, "a study without triples has no permutation by way of a third"
    ways = {
        "a": _match(emit, name, settings, Partners(pair.third, pair.a), level),
        "b": _match(emit, name, settings, Partners(pair.third, pair.b), level),
    }
    return emit.graph.add("detour", Detour(emit.model), ways, role=_role(emit, name, pair, level))


def _match(emit: "Subnetworks", name: str, settings: Alignment, pair: Partners, level: int) -> str:
    network = emit.networks[settings.network]
    number = level if settings.level == "same" else settings.level
    if number >= len(network.levels):
        message = f"`{name}` aligns level {number} of {network.name!r}, which has levels 0 to {len(network.levels) - 1}"
        raise Unsuited("E403", message, "give it a level of its own")
    card = get("matcher", _method(settings))
    assert isinstance(card, MatcherCard)
    images = card.images(settings)
    params = Match(
        model=emit.model,
        method=Part.of({key: value for key, value in identity(settings).items() if key not in _OF_ALIGNMENT}),
        data=None if images == 0 else emit.data,
        images=images or 0,
        code=code_of(card),
    )
    a, b = (state(emit, network, replicate, number, settings.step) for replicate in (pair.a, pair.b))
    seeds = {"pair": pair.number}
    return emit.graph.add("match", params, {"a": a, "b": b}, seeds, role=_role(emit, name, pair, number))


def state(emit: "Subnetworks", network: NetworkPlan, replicate: int, level: int, step: Step | str) -> str:
    """The training of a level until a step of it, `end` by default."""
    recipe = network.measured_with(level)
    if step == "end":
        return emit.level_run(network, replicate, level, recipe)
    resolved, rewind = emit.recipe(recipe), emit.start(network, replicate, level).step
    until = resolved.updates(rewind if step == "rewind" else step)  # pyright: ignore[reportArgumentType]
    if until < resolved.updates(rewind):
        message = f"level {level} of {network.name!r} begins at {rewind}, after {step}"
        raise Unsuited("E405", message, "name a later step")
    return emit.level_run(network, replicate, level, recipe, until=None if until >= resolved.recipe.length else until)


def carried(emit: "Subnetworks", network: NetworkPlan, replicate: int, level: int) -> str | None:
    """The mask of the other partner's network, carried over by the permutation that aligns the two."""
    assert network.original is not None and network.like is not None
    pair = next(pair for pair in emit.pairs if replicate in (pair.a, pair.b))
    other = pair.b if replicate == pair.a else pair.a
    mask = emit.mask(network.original, other, level)
    way = permutation(emit, network.like.under or NONE, pair, level)
    if mask is None or way is None:
        return mask
    role = f"{emit.prefix}{network.name}/s{replicate}/l{level}/mask of s{other}"
    inputs = {"mask": mask, "permutation": way}
    return emit.graph.add("transport", Transport(emit.model, back=replicate == pair.b), inputs, role=role)


def _method(settings: Config) -> str:
    return settings.model_dump()["method"]


def _role(emit: "Subnetworks", name: str, pair: Partners, level: int) -> str:
    return f"{emit.prefix}{name}/s{pair.a}-s{pair.b}/l{level}/permutation"
