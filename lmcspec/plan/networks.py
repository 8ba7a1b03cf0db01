"""The networks of a case laid out: how many levels each has, how dense they are, and what is wrong with a stage."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lmcspec.base.errors import Problem
from lmcspec.base.facts import ModelFacts
from lmcspec.base.steps import Step
from lmcspec.base.word_lists import joined
from lmcspec.catalog import nearest
from lmcspec.plan.given_tensors import NOTHING, GivenTensors, MaskCounts, counts_of
from lmcspec.plan.level import Level
from lmcspec.plan.levels import LevelError, StagePlan, lay_out
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.survivors import RoundsWithoutEffect, counted, excludes, hangs_on_shapes
from lmcspec.spec import Case
from lmcspec.spec.study import Like, Stage
from lmcspec.tasks.masks import weight_of

MOST_LEVELS_OF_ALL = 100_000
"""Levels of all networks of a case together."""

MOST_NAMED = 5
"""Layers in one sentence."""


def lay_out_networks(
    case: Case,
    model: ModelFacts | None,
    problems: list[Problem],
    notes: list[str],
    given: GivenTensors = NOTHING,
) -> dict[str, NetworkPlan]:
    """Every network of the case that can be, in the order in which they are written; adds to problems and notes."""
    masks = {name: counts_of(mask, model) for name, mask in given.masks.items()}
    laid: dict[str, NetworkPlan] = {}
    said: dict[str, list[str]] = {}
    written = case.study.networks
    recipes = _written_recipes(case)
    layers = {} if model is None else {layer.removesuffix(".weight"): size for layer, size in model.sizes}
    levels_of_all = 0
    for name, network in sorted(written.items(), key=lambda item: isinstance(item[1], Like)):
        renamed = {recipe: case.recipe(name, recipe) for recipe in recipes}
        if isinstance(network, Like):
            original = laid.get(network.like)
            if original is not None:
                alignment = case.study.permutations.get(network.under or "")
                laid[name] = NetworkPlan(name, original.stages, original.levels, network, original, alignment, renamed)
            continue
        for index, stage in enumerate(network):
            problems += _exclude_problems(case, model, stage, ("networks", name, index, "exclude"))
        try:
            origin = given.weights[network[0].weights].step if network and network[0].weights else Step()
            stages, levels = lay_out(network, layers, masks, origin)
        except LevelError as error:
            path = ("networks", name, *_stage_of(error, network, layers, masks))
            problems.append(case.origins.problem(error.code, str(error), path, help=error.help))
            continue
        levels_of_all += len(levels)
        if levels_of_all > MOST_LEVELS_OF_ALL:
            message = f"the networks have more than {MOST_LEVELS_OF_ALL:,} levels together"
            problems.append(case.origins.problem("E455", message, ("networks", name), at="key"))
            break
        for note in _unknown_notes(stages):
            said.setdefault(note, []).append(name)
        if model is not None:
            levels, idle, emptied = counted(stages, levels, layers)
            problems += _idle_problems(case, name, idle)
            for note in (*_weight_notes(levels, idle, emptied), *_uncounted_notes(stages, levels)):
                said.setdefault(note, []).append(name)
        laid[name] = NetworkPlan(name, stages, levels, renamed=renamed)
        notes += [note for stage in stages if (note := _sparsity_note(name, stage, levels))]
    notes += [f"{_families(names)}: {note}" for note, names in said.items()]
    aligned = any(map(excludes, case.study.permutations.values()))
    if model is None and (aligned or any(stage.rounds for network in laid.values() for stage in network.stages)):
        notes.append(_unknown(case, aligned))
    return {name: laid[name] for name in written if name in laid}


def _idle_problems(case: Case, network: str, idle: Iterable[RoundsWithoutEffect]) -> Iterator[Problem]:
    """Stages of which no round prunes a single weight."""
    for stretch in idle:
        if stretch.all and stretch.eligible:
            share = f"a share of {stretch.stage.fraction:g} of {stretch.shared:,} weights"
            path = ("networks", network, stretch.stage.index, "fraction")
            help = (
                f"prune at least {math.ceil(0.5 / stretch.shared * 1e4) / 1e4:g}"
                if stretch.eligible > 1
                else "leave it out"
            )
            yield case.origins.problem("E407", f"no round prunes anything: {share} rounds to none", path, help=help)
        elif stretch.all:
            path = ("networks", network, stretch.stage.index)
            message = f"no round prunes anything: no eligible weight is left at level {stretch.stage.entry}"
            yield case.origins.problem("E407", message, path, help="leave the stage out, or prune less before it")


def _weight_notes(
    levels: tuple[Level, ...], idle: Iterable[RoundsWithoutEffect], emptied: Mapping[str, int]
) -> Iterator[str]:
    """Levels that are one mask, and networks or layers of which nothing is left."""
    for stretch in idle:
        if stretch.all:
            continue
        rounds = stretch.last - stretch.first
        why = (
            f"{stretch.stage.fraction:g} of {stretch.shared:,} weights rounds to none"
            if stretch.eligible
            else "none is left"
        )
        yield (
            f"levels {stretch.first} to {stretch.last} are one mask, {levels[stretch.first].sparsity:.2%} sparse: "
            f"{rounds:,} of {stretch.stage.rounds:,} rounds prune nothing, for {why}"
        )
    empty = next((level.number for level in levels if level.surviving == 0), None)
    for level in sorted(set(emptied.values()) - {empty}):
        names = sorted(name for name, emptied_at in emptied.items() if emptied_at == level)
        which = ", ".join(f"`{layer}`" for layer in names[:MOST_NAMED])
        which += f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        yield f"no weight of {which} is left from level {level} on, though others have some"
    if empty is not None:
        yield f"no weight is left from level {empty} on"


def _unknown_notes(stages: Sequence[StagePlan]) -> Iterator[str]:
    """A note on what hangs on a mask that is not here."""
    if not stages or stages[0].stage.mask is None or stages[0].known:
        return
    later = [str(stage.index + 1) for stage in stages[1:] if not stage.known]
    rounds = f", and in how many rounds stage {joined(later)} gets to its sparsity" if later else ""
    why = f"the file of the mask {stages[0].stage.mask!r} is not here"
    yield f"how sparse levels from 1 on are is not known{rounds}: {why}"


def _uncounted_notes(stages: Sequence[StagePlan], levels: tuple[Level, ...]) -> Iterator[str]:
    """A note that says from which stage on sparsities are estimates, and why."""
    for stage in stages:
        if stage.stage.mask is not None and not stage.known:
            return
        if stage.stage.mask is not None and stage.survivors is None:
            yield "sparsities from level 1 on are estimates: what the mask leaves differs between replicates"
            return
        if stage.rounds and levels[stage.entry + stage.rounds].surviving is None:
            yield (
                f"sparsities after level {stage.entry} are estimates, and so is which of these levels has a sparsity: "
                f"stage {stage.index + 1} excludes layers that were ranked with others before it, and how many of "
                "their weights are left by then is not known beforehand"
            )
            return


def _families(names: Sequence[str]) -> str:
    """Networks by name, those of a family together."""
    members = Counter(name.partition("[")[0] for name in names)
    return ", ".join(f"{name} ({count})" if count > 1 else name for name, count in members.items())


def _unknown(case: Case, aligned: bool) -> str:
    """What a plan can't say without the model's shapes."""
    networks = [network for network in case.study.networks.values() if isinstance(network, tuple)]
    excluding = aligned or any(stage.exclude for stages in networks for stage in stages)
    return (
        f"the shapes of {case.study.model.name} are not known yet, so sparsities are by the formula, not counted"
        + (", and layers under `exclude` are unchecked" if excluding else "")
        + ": lmcspec plan --facts SPEC takes them"
        + (", and run does so first" if aligned or any(map(hangs_on_shapes, networks)) else "")
    )


def _written_recipes(case: Case) -> set[str]:
    """Recipe names as networks and measures use them: of a family, its own name, not its members'."""
    members = {name for family in case.families.values() for member in family.members for name in member.recipes}
    return {*case.study.recipes, *members}


def _stage_of(
    error: LevelError, network: tuple[Stage, ...], layers: Mapping[str, int], masks: Mapping[str, MaskCounts]
) -> tuple[int | str, ...]:
    """(index, key) of the first stage with which the network can't be laid out."""
    for count in range(1, len(network) + 1):
        try:
            lay_out(network[:count], layers, masks)
        except LevelError:
            return (count - 1, error.key)
    return ()


def _exclude_problems(case: Case, model: ModelFacts | None, stage: Stage, path: tuple) -> Iterator[Problem]:
    """Excluded layers that the model doesn't have; `path` is where the stage says which."""
    if model is not None:
        yield from layer_problems(case, model, stage.exclude, path)
    elif stage.exclude and stage.sparsity is not None:
        message = (
            "how many rounds a sparsity takes depends on the share of the excluded weights, "
            "and this model's shapes are not known yet"
        )
        yield case.origins.problem("E407", message, path, help="lmcspec plan --facts SPEC")


def layer_problems(case: Case, model: ModelFacts, exclude: tuple[str, ...], path: tuple) -> Iterator[Problem]:
    """Names under `exclude`, which stands at `path`, of layers that the model doesn't have."""
    sizes = dict(model.sizes)
    for layer in exclude:
        if weight_of(layer, sizes) in sizes:
            continue
        names = ", ".join(name.removesuffix(".weight") for name in sizes)
        message = f"the model has no layer {layer!r} with prunable weights; it has {names}"
        stripped = layer.removesuffix(".weight")
        near = (
            stripped
            if f"{stripped}.weight" in sizes
            else nearest(layer, [name.removesuffix(".weight") for name in sizes])
        )
        help = f"say {near!r}" if near else ""
        if any(sign in layer for sign in "*?["):
            help = "name each layer: patterns are not read"
        yield case.origins.problem("E409", message, (*path, exclude.index(layer)), help=help)


def _sparsity_note(network: str, stage: StagePlan, levels: tuple[Level, ...]) -> str:
    wanted, reached = stage.stage.sparsity, levels[stage.entry + stage.rounds].sparsity
    if wanted is None or not stage.known or abs(reached - wanted) <= 0.02:
        return ""
    return (
        f"{network}: stage {stage.index + 1} asks for {wanted:.1%} sparsity, "
        f"and reaches {levels[stage.entry + stage.rounds].shown} "
        f"in {stage.rounds} rounds of {stage.fraction:.0%}; say `exact = true` to get it exactly"
    )
