"""The colours of series: those that their networks have in the report."""

from collections.abc import Mapping

from lmcspec.plan import Plan
from lmcspec.plan.looks import looks_of_networks


def colours(plan: Plan) -> Mapping[tuple[str, str], str]:
    """(case, network) -> colour, the same in all replicates and in all cases."""
    looks = looks_of_networks(plan)
    return {
        (case, network): looks[network].colour
        for case, network in dict.fromkeys((target.case, target.network) for target in plan.targets)
    }
