"""A single path between two copies: error and loss on each split, as the task's own run shows them."""

from typing import Any

from lmcspec.catalog.metric import POLICIES, SPLITS
from lmcspec.report.figures.lines import PERCENT
from lmcspec.report.figures.space import canvas
from lmcspec.report.figures.style import COLOURS, Drawing, drawn
from lmcspec.store import Stored
from lmcspec.tasks import Task

POLICY_DASHES: dict[str, str] = dict(zip(POLICIES, ("-", "--", "-."), strict=True))


def draw(task: Task, result: Stored) -> Drawing:
    """Two panels, error and loss; a colour per split, dashed where statistics are recomputed or repaired."""
    scalars = result.scalars
    alphas = scalars["alphas"]
    usual = scalars["paths"].get(POLICIES[0])
    # Without batch norm all policies are one.
    paths = {policy: curve for policy, curve in scalars["paths"].items() if policy == POLICIES[0] or curve != usual}
    with drawn():
        figure, ((error, loss),) = canvas(1, 2, 6.4, 2.3, layout=None)
        # There may be thousands of these, and working the margins out takes as long as all the rest.
        figure.subplots_adjust(left=0.09, right=0.98, bottom=0.2, top=0.96, wspace=0.22)
        for policy, curve in paths.items():
            for place, split in enumerate(SPLITS):
                if f"{split}_error" not in curve:
                    continue
                look: dict[str, Any] = {"color": COLOURS[place], "linestyle": POLICY_DASHES.get(policy, ":")}
                label = split if len(paths) == 1 else f"{split}, {policy}"
                error.plot(alphas, [PERCENT * value for value in curve[f"{split}_error"]], label=label, **look)
                loss.plot(alphas, curve[f"{split}_loss"], **look)
        for axes, name in ((error, "error (%)"), (loss, "loss")):
            axes.set_ylabel(name)
            axes.set_ylim(bottom=0)
            axes.set_xlabel("from one copy to the other (α)")
            axes.set_xticks([0.0, 0.5, 1.0])
        error.legend(loc="lower center")
    return Drawing("path", task.label, figure)
