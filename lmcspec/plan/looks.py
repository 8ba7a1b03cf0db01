"""The looks of a study's networks: assigned once for all of its cases, in the order of the spec."""

from collections.abc import Mapping

from lmcspec.base.members import curve
from lmcspec.base.palette import DENSE, MARKERS, Look, Method, looks
from lmcspec.plan.graph import Plan


def looks_of_networks(plan: Plan) -> Mapping[str, Look]:
    """How each network looks in all figures, and each family as a whole, by its name.

    Members that are pruned once and differ in nothing but how far have one look, as the levels of a network do. What is
    only dense is grey.
    """
    methods = _methods(plan)
    originals = {series.network: str(series.params["like"]) for series in plan.series if "like" in series.params}
    first: dict[str, str] = {}
    for network, name in methods.items():
        first.setdefault(name, network)
    given = looks([Method(name, methods.get(originals.get(network, ""), name)) for name, network in first.items()])
    plain = dict.fromkeys(network for _, network in plan.levels if network not in methods)
    grey = {network: Look(DENSE, MARKERS[place % len(MARKERS)], "-") for place, network in enumerate(plain)}
    return given | {network: given[name] for network, name in methods.items()} | grey


def _methods(plan: Plan) -> dict[str, str]:
    """What each network that is pruned in any case is: itself, or the curve of those that are pruned once."""
    deepest: dict[str, int] = {}
    for (_, network), levels in plan.levels.items():
        deepest[network] = max(len(levels), deepest.get(network, 0))
    return {network: curve(network) if count == 2 else network for network, count in deepest.items() if count > 1}
