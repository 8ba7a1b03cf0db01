"""How things are called in MLflow: keys have letters, digits and `_ - . space : /` only, and two levels read well."""

import re
from typing import Protocol

SECTIONS = {"accuracy": "", "stability": "lmc", "distance": "lmc"}
"""The chart section of a measure that goes by the name of its kind. One with a name of its own goes by that."""

UNCHARTED = ("midpoint", "distance", "from-start", "angle", "layer-sparsity", "layer-overlap")
"""Of what is known of a path, and of layers, what no chart shows; it is with the task's own run."""
PATHS = ("instability", "barrier")


SPLITS = ("test", "train", "validation")
FLOOR = " floor"
"""What stands after the name of a number that noise alone may make, for what it makes of it in 19 of 20 cases."""


class Valued(Protocol):
    """A row of results, as `lmcspec.report.tidy` makes them."""

    @property
    def case(self) -> str: ...
    @property
    def network(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def replicate(self) -> int: ...
    @property
    def measure(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def sparsity(self) -> float | None: ...
    @property
    def n(self) -> int: ...
    @property
    def task(self) -> str: ...
    @property
    def at_updates(self) -> int: ...
    @property
    def k(self) -> str: ...
    @property
    def through(self) -> int | None: ...
    @property
    def headline(self) -> bool: ...
    @property
    def floor(self) -> float | None: ...


def key(text: str) -> str:
    """The text with every character that MLflow refuses replaced by a dash; at most 250 long."""
    return re.sub(r"[^\w./: -]", "-", text, flags=re.ASCII)[:250]


def chart(row: Valued) -> str | None:
    """The metric of a series run that this row is a point of: `test/accuracy`, `lmc/instability k0`; None for the rest.

    On test images nothing is said about the split, and under the policy `average` nothing about batch norm.
    A distance is that of a measure of distances; what a path knows of it is with the path's task.
    """
    if row.metric in (f"{split}/{what}" for split in SPLITS for what in ("accuracy", "loss")):
        section = SECTIONS.get(row.measure, row.measure)
        return row.metric if not section else key(f"{section}/{row.metric.replace('/', ' ')}")
    if row.metric == "distance" and row.headline:
        return key(f"{SECTIONS.get(row.measure, row.measure)}/distance k{row.k}")
    whole, _, policy = row.metric.partition("@")
    what, _, split = whole.partition("/")
    if what in UNCHARTED or (what in PATHS and split not in SPLITS):
        return None
    k = f"k{row.k}" if row.k else ""
    words = [what, k, "" if split == "test" else split, policy] if what in PATHS else [whole.replace("/", " "), k]
    return key(f"{SECTIONS.get(row.measure, row.measure)}/{' '.join(filter(None, words))}")


def final(name: str) -> str | None:
    """Where the last level's value of a series' metric stands again: `final/accuracy`; None for what is not headline.

    Said of test images only, and of one kind of mistake: a bar chart each.
    """
    section, _, leaf = name.rpartition("/")
    if name == "test/accuracy" or section == "mask":
        return f"final/{leaf}"
    words = leaf.removesuffix(FLOOR).split()
    if section in SPLITS or words[0] != "instability" or words[-1] in ("train", "validation", "recompute"):
        return None
    return f"final/{leaf}" if section == "lmc" else f"final/{section} {leaf}"


def series(case: str, network: str, replicate: int) -> str:
    """What a series run is called: `imp/s0`, in a sweep `lr=0.1/imp/s0`."""
    return "/".join(filter(None, (case, network, f"s{replicate}")))


def task(label: str, under: str) -> str:
    """What a task's run is called beneath its series: its label without what the series' name says already."""
    return label.removeprefix(f"{under}/").replace("/", " ")[:60]
