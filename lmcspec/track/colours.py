"""The colours of series: those that their networks have in the report."""

from collections.abc import Mapping

from lmcspec.base.palette import colour_of
from lmcspec.plan import Plan


def colours(plan: Plan) -> Mapping[tuple[str, str], str]:
    """(case, network) -> colour, the same in all replicates, and in all cases that have the same networks."""
    # As figures count them: by the first number that is asked for of each, those on the way last.
    targets = sorted(plan.targets, key=lambda target: target.through is not None)
    places = dict.fromkeys((target.case, target.network) for target in targets)
    pruned: dict[str, list[str]] = {}
    for case, network in places:
        if len(plan.levels.get((case, network), ())) > 1:
            pruned.setdefault(case, []).append(network)
    originals = {
        (series.case, series.network): str(series.params.get("like", series.network)) for series in plan.series
    }
    return {
        (case, network): colour_of(
            network, pruned.get(case, ()), lambda name, case=case: originals.get((case, name), name)
        )
        for case, network in places
    }
