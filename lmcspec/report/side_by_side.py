"""Two studies' results side by side, as a table in the terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lmcspec.base import grid
from lmcspec.report.compare import Compared, Comparison
from lmcspec.report.difference_words import LEGEND, SAME, UNPAIRED, are_paired, in_words, intervals_in_words
from lmcspec.report.results_table import Column
from lmcspec.report.words import in_its_unit

if TYPE_CHECKING:
    from rich.console import RenderableType

MARK = "*"


def table(compared: Comparison) -> Iterator["RenderableType"]:
    """A line per level of each network, measure and k: mean ± std (n) in A, in B, B - A with its 95 % interval."""
    from rich.text import Text

    if compared.both:
        yield _grid(compared.both)
    yield from (Text(line, style="dim" if compared.both else "") for line in explained(compared, "A", "B"))
    for name, count in (("A", compared.only_a), ("B", compared.only_b)):
        if count:
            yield Text(f"only {name} measures {count:,} more", style="dim")


def explained(compared: Comparison, a: str, b: str) -> list[str]:
    """What the numbers and intervals are, of studies that are called `a` and `b`; or that there is none of both."""
    if not compared.both:
        return ["no result is of both studies: they share no network, level and measure"]
    gaps = [pair.gap for pair in compared.both if not pair.same]
    mark = f"{MARK} where that excludes 0" if are_paired(gaps) else ""
    return ["; ".join(filter(None, (LEGEND, intervals_in_words(gaps, f"{b} - {a}"), mark)))]


def _grid(pairs: Sequence[Compared]) -> grid.Grid:
    cases = any(pair.case for pair in pairs)
    names = ["case"] * cases + ["network", "level", "measure", "A", "B", "B - A"]
    columns = [
        grid.Column(name, right=name not in ("case", "network", "measure"), names=place < len(names) - 3)
        for place, name in enumerate(names)
    ]
    rows = []
    for pair, said in zip(pairs, differences(pairs), strict=True):
        measure = Column(pair.measure, pair.metric, k=pair.k, under=pair.under).heading
        cells = [pair.case] * cases + [pair.network, str(pair.level), measure]
        cells += [in_its_unit(pair.a, pair.metric.unit), in_its_unit(pair.b, pair.metric.unit)]
        rows.append([*cells, said])
    return grid.Grid(columns, rows)


def differences(pairs: Sequence[Compared]) -> list[str]:
    """The difference of each pair in words, where some are of paired replicates with what the others are."""
    mixed = len(are_paired(pair.gap for pair in pairs)) > 1
    unpaired = (mixed and not pair.pairs and pair.interval is not None for pair in pairs)
    return [
        f"{difference(pair)} {UNPAIRED}" if apart else difference(pair)
        for pair, apart in zip(pairs, unpaired, strict=True)
    ]


def difference(pair: Compared) -> str:
    """`+1.20 [+0.31, +2.09] *`; why there is no interval where there is none."""
    gap = pair.gap
    if gap is None:
        return ""
    if pair.same:
        return SAME
    mark = "" if gap.interval is None else f" {MARK}" if gap.interval.excludes_zero else "  "
    return in_words(gap, pair.metric.unit) + mark
