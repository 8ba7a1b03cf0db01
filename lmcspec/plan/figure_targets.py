"""What the keys of a figure leave of the targets that its measures ask for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lmcspec.base.errors import Problem
from lmcspec.catalog import MeasureCard, Metric, nearest
from lmcspec.catalog.figure import Figure
from lmcspec.plan.graph import Level, Target

Levels = Mapping[str, Sequence[Level]]
"""All levels of the networks of a case, by name."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure of the study that a figure can be drawn from."""

    name: str
    card: MeasureCard
    config: Any
    set_aside: bool
    """Whether there are validation images."""

    def has(self, metric: Metric) -> bool:
        """Whether its tasks look at the metric's images, under its policy for batch norm."""
        splits, policies = getattr(self.config, "split", ()), getattr(self.config, "bn", ())
        if metric.split == "validation" and not self.set_aside:
            return False
        several = isinstance(splits, tuple)  # of a training's own evaluation every split is kept
        return (not several or metric.split in ("", *splits)) and (
            not isinstance(policies, tuple) or metric.policy in ("", *policies)
        )


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


def of_networks(figure: Figure, targets: Sequence[Target]) -> list[Target]:
    """The targets of the networks that a figure asks for."""
    return [target for target in targets if figure.networks is None or target.network in figure.networks]


def of_no_target(
    figure: Figure, targets: Sequence[Target], levels: Levels, problem: Callable[..., Problem]
) -> Iterator[Problem]:
    """The problem of the key that leaves none of the targets of a figure's measures."""
    seen = of_networks(figure, targets)
    if targets and not seen:
        measures = " or ".join(f"`{name}`" for name in dict.fromkeys(target.measure for target in targets))
        listed = ", ".join(dict.fromkeys(target.network for target in targets))
        yield problem(
            "E431", f"none of these networks is looked at by {measures}", "networks", help=f"these are: {listed}"
        )
    wanted = getattr(figure, "levels", None)
    measured: dict[str, set[int]] = {}
    for target in seen:
        measured.setdefault(target.network, set()).add(target.level)
    if seen and not any(levels_shown(wanted, levels[name], sorted(asked)) for name, asked in measured.items()):
        listed = ", ".join(map(str, sorted(set().union(*measured.values()))))
        yield problem("E431", "none of these levels is measured", "levels", help=f"measured are: {listed}")


def of_baseline(
    figure: Figure, baseline: str, by_kind: Sequence[Sequence[Target]], levels: Levels, problem: Callable[..., Problem]
) -> Iterator[Problem]:
    """That nothing pruned is measured of the baseline, or of no other network, in each of several kinds of measure."""
    pruned = [{(target.network, target.level) for target in targets if target.level} for targets in by_kind]
    both = set.intersection(*pruned)
    known = list(dict.fromkeys(target.network for target in by_kind[0] if (target.network, target.level) in both))
    compared = [network for network in known if network != baseline and network in (figure.networks or known)]
    wanted = getattr(figure, "levels", None)
    measured = {network: sorted(level for name, level in both if name == network) for network in compared}
    if baseline not in known:
        listed = f"these could be: {', '.join(known)}" if known else "none is by all of the measures that it takes"
        message = f"`{baseline}` is no pruned network that is measured"
        yield problem("E431", message, "baseline", near=nearest(baseline, known), help=listed)
    elif not compared:
        key = "baseline" if figure.networks is None else "networks"
        yield problem("E431", f"no other network is measured, with which `{baseline}` could be compared", key)
    elif not any(levels_shown(wanted, levels[network], measured[network]) for network in compared):
        listed = ", ".join(map(str, sorted(set().union(*measured.values()))))
        yield problem("E431", "none of these levels is measured and pruned", "levels", help=f"such are: {listed}")
