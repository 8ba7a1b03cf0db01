"""What the keys of a figure leave of the targets that its measures ask for."""

from collections.abc import Collection, Iterator, Sequence

from lmcspec.base.errors import Problem
from lmcspec.catalog import nearest
from lmcspec.plan.figure_asked import AskedFigure
from lmcspec.plan.figure_y import OnY
from lmcspec.plan.graph import Target
from lmcspec.plan.level import Level
from lmcspec.plan.mask_cost import mask_costs


def levels_shown(
    wanted: Sequence[int | str] | str | None, levels: Sequence[Level], measured: Sequence[int]
) -> list[int]:
    """Of the measured levels those that a figure asks for by the words of measures; all where it asks for none."""
    if wanted is None or wanted == "all":
        return list(measured)
    stages = {level.number: level.stage for level in levels}
    # A level belongs to the stage that goes on from it.
    start = min(number for number, stage in stages.items() if stage == max(stages.values()))
    named: dict[int | str, int] = {"dense": 0, "last": max(measured, default=0), "start": start}
    asked = {named.get(level, level) for level in wanted}
    return [level for level in measured if level in asked or ("last-stage" in wanted and level >= start)]


def of_no_target(asked: AskedFigure, targets: Sequence[Target]) -> Iterator[Problem]:
    """The problem of the key that leaves none of the targets of a figure's measures."""
    seen = asked.of_networks(targets)
    if targets and not seen:
        measures = " or ".join(f"`{name}`" for name in dict.fromkeys(target.measure for target in targets))
        listed = ", ".join(dict.fromkeys(target.network for target in targets))
        message = f"none of these networks is looked at by {measures}"
        yield asked.problem("E431", message, "networks", help=f"these are: {listed}")
    yield from _of_no_level(asked, {(target.network, target.level) for target in seen}, "measured")


def of_baseline(asked: AskedFigure) -> Iterator[Problem]:
    """That nothing pruned is measured of the baseline, or of no other network, by each kind of measure of the plot.

    Networks are compared with it at the same level, and by copies that part at the same k.
    """
    baseline, networks, at = asked.says("baseline"), asked.figure.networks, asked.says("at")
    pruned = [target for target in asked.targets if target.level and (at is None or target.at in ("", str(at)))]
    kinds = [
        {(target.network, target.level) for target in pruned if target.kind == kind} for kind in asked.plot.measures
    ]
    both = set.intersection(*kinds)
    known = [network for network in asked.case.study.networks if network in dict(both)]
    steps: dict[tuple[str, int], set[int]] = {}
    for target in pruned:
        if target.at and target.kind in asked.plot.measures:
            steps.setdefault((target.network, target.level), set()).add(target.at_updates)
    compared = {
        (network, level)
        for network, level in both
        if network != baseline
        and network in (networks or known)
        and (baseline, level) in both
        and (not steps or steps[network, level] & steps[baseline, level])
    }
    if baseline not in known:
        listed = f"these could be: {', '.join(known)}" if known else "none is by all of the measures that it takes"
        message = f"`{baseline}` is no pruned network that is measured"
        yield asked.problem("E431", message, "baseline", near=nearest(baseline, known), help=listed)
    elif not compared:
        key = "baseline" if networks is None else "networks"
        yield asked.problem("E431", f"no other network is measured, with which `{baseline}` could be compared", key)
    yield from _of_no_level(asked, compared, "measured and pruned")


def of_masks(asked: AskedFigure) -> Iterator[Problem]:
    """That no image is seen to find a mask of these networks and levels."""
    networks = asked.figure.networks
    like = {
        series.network for series in asked.plan.series if series.case == asked.case.name and "like" in series.params
    }
    costs = list(mask_costs(asked.plan, asked.case.name))
    taken = {(cost.network, cost.level) for cost in costs if cost.seen.unpacked}
    taken = {(network, level) for network, level in taken if networks is not None or network not in like}
    shown = {(network, level) for network, level in taken if network in (networks or (network,))}
    if not taken:
        loaded = any(cost.seen.files for cost in costs)
        why = "what it took to find the masks of files is not known" if loaded else "no image is seen to find a mask"
        yield asked.problem("E430", f"{why}, and the study has no others" if loaded else f"{why} of the study", "x")
    elif not shown:
        listed = ", ".join(network for network in asked.case.study.networks if network in dict(taken))
        message = "no image is seen to find a mask of these networks"
        yield asked.problem("E431", message, "networks", help=f"some are for: {listed}")
    yield from _of_no_level(asked, shown, "measured and pruned")


def of_band(asked: AskedFigure, numbers: Sequence[OnY]) -> Iterator[Problem]:
    """That no band can be drawn of the dense level of the network `baseline`."""
    baseline = asked.word("baseline")
    of_training = [number for number in numbers if number.measures and not number.measures[0].card.from_k]
    if baseline is None:
        return
    if not of_training:
        message = "its band is of accuracies, and none are drawn"
        yield asked.problem("E431", message, "baseline", help='say `y = "accuracy"`, or leave the key out')
    for number in of_training:
        dense: dict[str, dict[int, str]] = {}
        for target in number.targets:
            if not target.level and target.through is None:
                dense.setdefault(target.network, {}).setdefault(target.replicate, target.task)
        named = [network for network in dense if baseline in (network, network.partition("[")[0])]
        listed = f"measured is that of: {', '.join(dense)}" if dense else "no dense level is: name it in `levels`"
        if not named:
            near = nearest(baseline, list(dense))
            yield asked.problem("E431", f"`{baseline}` is not measured dense", "baseline", near=near, help=listed)
        elif len({frozenset(dense[network].values()) for network in named}) > 1:
            help = f"take one of: {', '.join(named)}"
            yield asked.problem("E431", f"dense networks of `{baseline}` differ", "baseline", help=help)


def _of_no_level(asked: AskedFigure, measured: Collection[tuple[str, int]], how: str) -> Iterator[Problem]:
    """That the figure asks for none of the levels of these networks."""
    by_network: dict[str, list[int]] = {}
    for network, level in sorted(measured):
        by_network.setdefault(network, []).append(level)
    levels, wanted = asked.plan.levels, asked.says("levels")
    shown = (levels_shown(wanted, levels[asked.case.name, name], of) for name, of in by_network.items())
    if measured and not any(shown):
        listed = ", ".join(map(str, sorted({level for _, level in measured})))
        those = how if how == "measured" else "such"
        message = f"none of these levels is {how}"
        yield asked.problem("E431", message, "levels", help=f"{those} are: {listed}")
