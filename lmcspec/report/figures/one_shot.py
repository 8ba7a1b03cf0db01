"""Several one-shot networks that make one curve: a family pruned once, each member to another sparsity."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmcspec.base.members import curve, member, without_how_far
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.figures.style import look_of


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
        members.setdefault(curve(network) if once else network, []).append(network)
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
    """How they look: as their networks do, which are alike where one curve has several."""
    return {curve.label: look_of(case, curve.networks[0]) for curve in curves}


def case_without_how_far(case: CaseResults) -> str:
    """`criterion=snip` of the case `sparsity=0.5,criterion=snip`, where its networks are pruned once.

    Empty of a case that says nothing else.
    """
    values = member(f"[{case.case}]")
    once = all(len(case.plan.levels[case.case, network]) == 2 for network in case.pruned)
    return without_how_far(values) if once and values else case.case
