"""Two networks of one study side by side: at equal sparsity, in the headline of every measure that both have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lmcspec.base import spread
from lmcspec.base.errors import UsageError
from lmcspec.catalog import Metric
from lmcspec.plan import Plan
from lmcspec.report.contrast import Contrast, Spot
from lmcspec.report.level_pairs import pair_levels, without
from lmcspec.report.sides import Place, named
from lmcspec.report.summary import Cell, Key, key_of, summarise
from lmcspec.report.tidy import Row, tasks_of
from lmcspec.report.words import at_levels


class LeftOut(NamedTuple):
    """What one side measures and the other has nothing to compare with."""

    place: Place
    other: Place
    measure: str
    k: str
    levels: tuple[int, ...]
    why: str
    """What of it the other lacks: `measure`, `level` or `k`."""

    def __str__(self) -> str:
        where = f"{self.place}, {self.measure}"
        if self.why == "measure":
            return f"{where}: not measured of {self.other}"
        if self.why == "level":
            return f"{where} {at_levels(self.levels)}: {self.other} is measured at no level of such a sparsity"
        return f"{where} from k = {self.k} {at_levels(self.levels)}: {self.other} has no such k there"

    def document(self) -> dict[str, Any]:
        """As plain data."""
        document: dict[str, Any] = {"case": self.place.case, "network": self.place.network, "measure": self.measure}
        return document | {"k": self.k or None, "levels": list(self.levels), "why": self.why, "text": str(self)}


@dataclass(frozen=True, slots=True)
class PlacesCompared:
    """Two networks, and all that can be compared of them."""

    a: Place
    b: Place
    contrasts: tuple[Contrast, ...]
    left_out: tuple[LeftOut, ...]


Measured = tuple[str, Metric, str]
"""(measure, its headline, permutation as it is called beside the network)."""


class _Side:
    """The headlines of one network, and what is known of its levels."""

    def __init__(self, plan: Plan, place: Place, rows: Iterable[Row]) -> None:
        self.place = place
        self.measured: dict[Measured, list[Row]] = {}
        measured: dict[int, dict[int, float]] = {}
        for row in rows:
            if Place(row.case, row.network) == place:
                self.measured.setdefault((row.measure, row.metric, row.way), []).append(row)
                if row.density is not None:
                    measured.setdefault(row.level, {})[row.replicate] = row.density
        levels = plan.levels[place]
        self.densities = {level.number: level.density for level in levels}
        """By level as a mean over replicates; the plan's where no mask is there yet."""
        self.densities |= {level: spread.mean(values.values()) for level, values in measured.items()}
        params = next((series.params for series in plan.series if (series.case, series.network) == place), {})
        self.begins = {level.number: int(params.get(f"stage{level.stage + 1}.rewind", 0)) for level in levels}
        """By level the update to which it goes back; what is dense goes back to none."""
        self.begins[0] = 0


def compare_within(plan: Plan, rows: Sequence[Row], a: str, b: str) -> list[PlacesCompared]:
    """B against A, pair by pair of what the names stand for. UsageError where nothing of them can be compared."""
    compared = [compare_places(plan, rows, *pair) for pair in named(plan, a, b)]
    if any(places.contrasts for places in compared):
        return compared
    left_out = [left for places in compared for left in places.left_out]
    why = left_out[0] if left_out else f"{a} and {b} have no results"
    lacks_measure = not left_out or all(left.why == "measure" for left in left_out)
    raise UsageError(
        f"nothing of {a} and {b} can be compared: {why}",
        help="measure both alike: name them both in `networks` of a measure"
        if lacks_measure
        else 'measure both at levels of equal sparsity, from equal k: levels = "all"',
    )


def compare_places(plan: Plan, rows: Iterable[Row], a: Place, b: Place) -> PlacesCompared:
    """B against A, in the order of A's measures, then by k, then by level.

    Measures go together by name and metric; what is left by the metric alone, where each side has a single one of it.
    """
    headlines = [row for row in rows if row.headline and Place(row.case, row.network) in (a, b)]
    sides, cells = (_Side(plan, a, headlines), _Side(plan, b, headlines)), summarise(headlines)
    thresholds = {(asked.case, asked.measure): asked.threshold for asked in plan.verdicts}
    pairs = _matched(list(sides[0].measured), list(sides[1].measured))
    contrasts: list[Contrast] = []
    left_out: list[LeftOut] = []
    for pair in pairs:
        taken, left = _rows_together(sides, pair)
        threshold = thresholds.get((a.case, pair[0][0]), 0.0)
        contrasts += [_contrast(sides, of_a, of_b, cells, threshold) for of_a, of_b in taken]
        left_out += left
    for side, other, used in ((0, 1, [of_a for of_a, _ in pairs]), (1, 0, [of_b for _, of_b in pairs])):
        lacking = (measured[0] for measured in sides[side].measured if measured not in used)
        left_out += [LeftOut(sides[side].place, sides[other].place, name, "", (), "measure") for name in lacking]
    return PlacesCompared(a, b, tuple(contrasts), tuple(dict.fromkeys(left_out)))


def _matched(a: Sequence[Measured], b: Sequence[Measured]) -> list[tuple[Measured, Measured]]:
    """What is measured of both: of the same name; of another where each has just one more of that metric."""
    pairs = [(measured, measured) for measured in a if measured in b]
    left_of_a, left_of_b = ([measured for measured in side if (measured, measured) not in pairs] for side in (a, b))
    for measured in left_of_a:
        alike = [[other for other in side if other[1:] == measured[1:]] for side in (left_of_a, left_of_b)]
        if len(alike[0]) == len(alike[1]) == 1:
            pairs.append((measured, alike[1][0]))
    return sorted(pairs, key=lambda pair: a.index(pair[0]))


Replicates = Sequence[Row]
"""The rows of one number, one a replicate."""


def _rows_together(
    sides: Sequence[_Side], measured: Sequence[Measured]
) -> tuple[list[tuple[Replicates, Replicates]], list[LeftOut]]:
    """The rows of A and B that are compared of what is measured of both, by k and level; and what is left of either."""
    a, b = (_by_level(side.measured[thing]) for side, thing in zip(sides, measured, strict=True))
    densities = [{level: side.densities[level] for level in of} for side, of in zip(sides, (a, b), strict=True)]
    levels = pair_levels(*densities)
    same_case = sides[0].place.case == sides[1].place.case
    taken: list[tuple[Replicates, Replicates]] = []
    lacking: list[dict[str, list[int]]] = [{}, {}]
    for level, other in levels:
        steps = _by_step(a[level], same_case), _by_step(b[other], same_case)
        pairs = _steps_together(*steps, sides[0].begins[level], sides[1].begins[other])
        taken += pairs
        for side, at in ((0, level), (1, other)):
            used = [id(pair[side]) for pair in pairs]
            for rows in (rows for rows in steps[side].values() if id(rows) not in used):
                lacking[side].setdefault(rows[0].k, []).append(at)
    left: list[LeftOut] = []
    for side, other in ((0, 1), (1, 0)):
        of = sides[side].place, sides[other].place, measured[side][0]
        if alone := without(densities[side], [pair[side] for pair in levels]):
            left.append(LeftOut(*of, "", tuple(alone), "level"))
        left += [LeftOut(*of, k, tuple(at), "k") for k, at in lacking[side].items()]
    return sorted(taken, key=lambda pair: [(rows[0].at_updates, rows[0].level) for rows in pair]), left


def _by_level(rows: Replicates) -> dict[int, list[Row]]:
    levels: dict[int, list[Row]] = {}
    for row in rows:
        levels.setdefault(row.level, []).append(row)
    return levels


def _by_step(rows: Replicates, same_case: bool) -> dict[int | str | None, list[Row]]:
    """By k: in updates within a case, as it is written between cases, whose updates may be of other batches."""
    steps: dict[int | str | None, list[Row]] = {}
    for row in rows:
        steps.setdefault(row.k_updates if same_case else row.k, []).append(row)
    return steps


def _steps_together(
    a: Mapping[int | str | None, Replicates], b: Mapping[int | str | None, Replicates], begin_a: int, begin_b: int
) -> list[tuple[Replicates, Replicates]]:
    """The rows of the same k; and those from each network's rewind point, where these are two points."""
    ks = [(k, k) for k in a if k in b]
    from_rewind = [
        next((k for k, rows in side.items() if rows[0].k_updates == begin), None)
        for side, begin in ((a, begin_a), (b, begin_b))
    ]
    if None not in from_rewind and tuple(from_rewind) not in ks:
        ks.append((from_rewind[0], from_rewind[1]))
    return [(a[k], b[other]) for k, other in ks]


def _contrast(
    sides: Sequence[_Side], a: Replicates, b: Replicates, cells: Mapping[Key, Cell], threshold: float
) -> Contrast:
    spots = [
        Spot(
            side.place,
            rows[0].measure,
            rows[0].level,
            side.densities[rows[0].level],
            rows[0].k,
            cells.get(key_of(rows[0])),
            tasks_of(rows),
        )
        for side, rows in zip(sides, (a, b), strict=True)
    ]
    same = set(spots[0].tasks) == set(spots[1].tasks)
    return Contrast(a[0].metric, *spots, under=a[0].way, same=same, threshold=threshold)
