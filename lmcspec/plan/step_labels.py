"""Labels that hold a number of updates, as an earlier plan of the study spells them for the same step."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lmcspec.plan.graph import Plan

_WITH_STEP = re.compile(
    r"(?P<cell>.+/l\d+)/(?P<what>(?:.* )?k=|train(?: .*)? until )(?P<updates>\d+)(?P<rest>(?: .*)?)"
)


def earlier_labels(plan: Plan, last: Mapping[str, Any]) -> Callable[[str], str]:
    """A function from a label of this plan to the label at which `last`, a plan as a document, has the same.

    A step is the same where the spec says it in the same way: with batches of 50 in place of 32 `3ep` is update 87 and
    no longer 135.
    """
    written = {(_cell(at), at["at_updates"]): at["at"] for at in reversed([*_steps(map(_document, plan.targets))])}
    updates = {(_cell(at), at["at"]): at["at_updates"] for at in _steps(last["targets"])}

    def earlier(label: str) -> str:
        parts = _WITH_STEP.fullmatch(label)
        if parts is None:
            return label
        step = written.get((parts["cell"], int(parts["updates"])))
        then = updates.get((parts["cell"], step), parts["updates"])
        return f"{parts['cell']}/{parts['what']}{then}{parts['rest']}"

    return earlier


def _steps(targets: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (target for target in targets if target["at"])


def _document(target: Any) -> Mapping[str, Any]:
    names = ("case", "network", "replicate", "level", "at", "at_updates")
    return {name: getattr(target, name) for name in names}


def _cell(target: Mapping[str, Any]) -> str:
    place = f"{target['network']}/s{target['replicate']}/l{target['level']}"
    return f"{target['case']}/{place}" if target["case"] else place
