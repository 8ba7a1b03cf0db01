"""Several one-shot networks that make one curve: a family pruned once, each member to another sparsity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.figures.style import COLOURS, MARKERS, dashes_among, look_of, looks_of
from lmcspec.report.members import family, member

HOW_FAR = ("sparsity", "fraction")
"""The keys of a stage that say how far a round prunes."""


@dataclass(frozen=True, slots=True)
class NetworksLine:
    """A line over densities: one network with its levels, or several that were each pruned once."""

    label: str
    networks: tuple[str, ...]


def curves_of(case: CaseResults, networks: Sequence[str]) -> list[NetworksLine]:
    """The lines of these networks, in their order.

    Members of a family that have one sparse level each, and differ in nothing but how far they are pruned, share one:
    `early[sparsity=0.5,criterion=snip]` and `early[sparsity=0.9,criterion=snip]` are `early[criterion=snip]`.
    """
    members: dict[str, list[str]] = {}
    for network in networks:
        once = len(case.plan.levels.get((case.case, network), ())) == 2
        members.setdefault(_label(network) if once else network, []).append(network)
    # One that shares its line with nobody keeps its whole name.
    return [
        NetworksLine(label if len(networks_of) > 1 else networks_of[0], tuple(networks_of))
        for label, networks_of in members.items()
    ]


def joins(case: CaseResults, axis: str) -> bool:
    """Whether families that vary in `axis` are such curves: then their members' levels are not alike."""
    varied = [network for network in case.networks if axis in member(network)]
    return any(len(curve.networks) > 1 for curve in curves_of(case, varied))


def looks_of_curves(case: CaseResults, curves: Sequence[NetworksLine]) -> dict[str, LineStyle]:
    """How they look: as their networks do, or where some are of several networks a colour for each curve.

    Baselines have the colour of the curve whose masks they take, on a broken line.
    """
    if all(len(curve.networks) == 1 for curve in curves):
        looks = looks_of(case, [curve.label for curve in curves])
        return {curve.label: looks[curve.label] for curve in curves}
    place = {network: curve.label for curve in curves for network in curve.networks}
    originals = {curve.label: place.get(case.original(curve.networks[0]), curve.label) for curve in curves}
    leading = [label for label, original in originals.items() if label == original]
    looks = {}
    for number, (label, original) in enumerate(originals.items()):
        twins = [other for other, of in originals.items() if of == original and other != original]
        colour = COLOURS[leading.index(original) % len(COLOURS)]
        looks[label] = LineStyle(colour, MARKERS[number % len(MARKERS)], dashes_among(twins, label))
    dense = {curve.label for curve in curves if not set(curve.networks) & set(case.pruned)}
    return looks | {label: look_of(case, label, 0) for label in dense}


def case_without_how_far(case: CaseResults) -> str:
    """`criterion=snip` of the case `sparsity=0.5,criterion=snip`, where its networks are pruned once.

    Empty of a case that says nothing else.
    """
    values = member(f"[{case.case}]")
    once = all(len(case.plan.levels[case.case, network]) == 2 for network in case.pruned)
    return _without_how_far(values) if once and values else case.case


def _label(network: str) -> str:
    rest = _without_how_far(member(network))
    return f"{family(network)}[{rest}]" if rest else family(network)


def _without_how_far(values: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in values.items() if key.rpartition(".")[2] not in HOW_FAR)
