"""How things are called in MLflow: keys have letters, digits and `_ - . space : /` only, and two levels read well."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmcspec.catalog.metric import POLICIES

if TYPE_CHECKING:
    from lmcspec.report import Row

FLOOR = " floor"
"""What stands after the name of a number that noise alone may make, for what it makes of it in 19 of 20 cases."""
LAST = 2
"""The place of charts that nobody looks at first."""
ASIDE = ("train", *POLICIES[1:])
"""Images and policies of a path that few look at."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A metric of a series run, a level a step."""

    name: str
    """`test/accuracy`, `lmc/instability k0 train`."""
    final: str = ""
    """Where its value at the last level stands again; empty where it doesn't."""
    rank: int = LAST
    main: bool = False
    """Whether people see it without asking for more."""
    aside: bool = False
    beside: str = ""
    """The chart in which it is a line beside another."""
    together: str = ""
    """What it is a line of for each permutation, under which all of them are one chart: `lmc/barrier`."""

    @property
    def floor(self) -> "Chart":
        """The chart of its noise floor."""
        final = self.final + FLOOR if self.final else ""
        return replace(self, name=self.name + FLOOR, final=final, beside=self.name, together="")


SPARSITY = Chart("mask/sparsity", "final/sparsity", main=True)
"""The sparsity of a level, whatever is measured there."""


def key(text: str) -> str:
    """The text with every character that MLflow refuses replaced by a dash; at most 250 long."""
    return re.sub(r"[^\w./: -]", "-", text, flags=re.ASCII)[:250]


def chart(row: "Row") -> Chart | None:
    """The chart of which this row is a point: `test/accuracy`, `lmc/instability k0`; None for what has none.

    On test images nothing is said about the split, and under the policy `average` nothing about batch norm.
    """
    metric = row.metric
    if not metric.chart:
        return None
    usual = row.measure == metric.measure and metric.section is not None
    section = str(metric.section) if usual else row.measure
    what, *more = metric.chart
    of_all = " ".join(filter(None, (what, f"k{row.k}" if row.k else "", *more)))
    leaf = f"{of_all} under {_spelled(row.way)}" if row.way else of_all
    final = (leaf if section else metric.quantity) if usual else f"{section} {leaf}"
    rank, aside = metric.rank, any(word in ASIDE for word in more)
    return Chart(
        key(f"{section}/{leaf}" if section else metric.name),
        key(f"final/{final}") if metric.final else "",
        rank,
        main=rank < LAST and not aside,
        aside=aside,
        together=key(f"{section}/{of_all}" if section else of_all) if row.way else "",
    )


def _spelled(way: str) -> str:
    """A member of a family without the characters of its name that MLflow refuses.

    >>> _spelled("wt[step=1ep,kernel=linear]")
    'wt step:1ep kernel:linear'
    """
    return way.removesuffix("]").translate(str.maketrans({"[": " ", ",": " ", "=": ":"}))


def series(case: str, network: str, replicate: int) -> str:
    """What a series run is called: `imp/s0`, in a sweep `lr=0.1/imp/s0`."""
    return "/".join(filter(None, (case, network, f"s{replicate}")))


def task(label: str, under: str) -> str:
    """What a task's run is called beneath its series: its label without what the series' name says already."""
    return label.removeprefix(f"{under}/").replace("/", " ")[:60]
