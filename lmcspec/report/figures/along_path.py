"""Error or loss along the straight path between copies, on training and on test images."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.given import Given
from lmcspec.report.figures.lines import PERCENT, band
from lmcspec.report.figures.style import DENSE, Drawing, canvas, colour, dashes, drawn, legend
from lmcspec.spec.study import Figure as Wish

Curve = tuple[float, ...]
SCALES = {"error": PERCENT, "loss": 1.0}
"""What there is along a path, and by what it is multiplied."""


def error(given: Given, wish: Wish, name: str) -> Drawing:
    """A panel per k and split; a line per network at its sparsest measured level, and dense once."""
    measure = wish.measure or given.measures("stability")[0]
    policy = given.headline(measure).partition("@")[2] or "average"
    what = wish.metric or "error"
    if what not in SCALES:
        return Drawing(name, name, None, notes=(f"along a path there are {' and '.join(SCALES)}, no {what!r}",))
    title = f"{what.capitalize()} along the straight path"
    curves = curves_of(given, wish, measure, policy)
    steps = dict.fromkeys(sorted({(at, k) for at, k, _, _, _ in curves}))
    splits = [split for split in ("test", "train") if any(key[4] == split for key in curves)]
    if not curves:
        return Drawing(
            name, f"{what.capitalize()} along the straight path", None, notes=("no path is in the store yet",)
        )
    with drawn():
        size = (2.4 + 2.7 * len(splits), 0.5 + 2.3 * len(steps))
        figure, grid = canvas(len(steps), len(splits), *size, sharex=True, sharey="col")
        handles: dict[str, Any] = {}

        def place(line: tuple[str, int]) -> tuple[bool, int, int]:
            return line[1] > 0, given.networks.index(line[0]), line[1]

        for (at, k), row_of_axes in zip(steps, grid, strict=True):
            for split, axes in zip(splits, row_of_axes, strict=True):
                for (own_at, _, network, level, own_split), (alphas, several) in curves.items():
                    if (own_at, own_split) == (at, split):
                        look = (colour(given, network), dashes(given, network)) if level else (DENSE, "-")
                        means, spreads = over_replicates(several, SCALES[what])
                        (line,) = axes.plot(
                            alphas, means, color=look[0], linestyle=look[1], label=named(given, network, level)
                        )
                        band(axes, alphas, means, spreads, look[0])
                        handles.setdefault(str(line.get_label()), line)
                axes.set_title(f"k = {k}, {split}")
                axes.set_ylim(bottom=0)
                if at == max(steps)[0]:
                    axes.set_xlabel("from one copy to the other (α)")
            row_of_axes[0].set_ylabel("error (%)" if what == "error" else what)
        ns = sorted({len(several) for _, several in curves.values()})
        n = f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]}–{ns[-1]}"
        order = [
            named(given, network, level) for network, level in sorted({(key[2], key[3]) for key in curves}, key=place)
        ]
        legend(figure, [handles[name] for name in order], f"mean ± std, {n}")
    note = "" if policy == "average" else ", batch norm's statistics recomputed"
    caption = f"Pairs of copies are averaged within a replicate; bands are one sample standard deviation{note}."
    return Drawing(name, title, figure, caption)


Key = tuple[int, str, str, int, str]
"""(k in updates, k as written, network, level, split)."""


def curves_of(given: Given, wish: Wish, measure: str, policy: str) -> Mapping[Key, tuple[Curve, Sequence[Curve]]]:
    """By line: where on the path, and the error there per replicate, pairs averaged. What is not there is left out."""
    targets = [
        one
        for one in given.plan.targets
        if (one.case, one.measure, one.through) == (given.case, measure, None)
        and (wish.networks is None or one.network in wish.networks)
        and (wish.at is None or str(wish.at) == one.at)
    ]
    what = wish.metric or "error"
    groups: dict[tuple[int, str, str, int], list[Target]] = {}
    for one in _without_twins(given, wish, targets):
        groups.setdefault((one.at_updates, _written(one), one.network, one.level), []).append(one)
    found: dict[Key, tuple[Curve, Sequence[Curve]]] = {}
    for (at, k, network, level), own in groups.items():
        for split in ("test", "train") if wish.split is None else (wish.split,):
            replicates: dict[int, list[Curve]] = {}
            alphas: Curve = ()
            for one in own:
                stored = given.store.find(one.task)
                curve = stored.scalars.get("paths", {}).get(policy, {}).get(f"{split}_{what}") if stored else None
                if stored and curve:
                    alphas = tuple(stored.scalars["alphas"])
                    replicates.setdefault(one.replicate, []).append(tuple(curve))
            if replicates:
                means = [tuple(map(fmean, zip(*pairs, strict=True))) for pairs in replicates.values()]
                found[at, k, network, level, split] = (alphas, means)
    return found


def _written(target: Target) -> str:
    return "0" if not target.at_updates else target.at


def _without_twins(given: Given, wish: Wish, targets: Sequence[Target]) -> list[Target]:
    """The levels that are shown, by default dense and sparsest; of networks that share a level, the first."""
    seen: dict[tuple[int, frozenset[str]], str] = {}
    found = []
    for network in dict.fromkeys(one.network for one in targets):
        own = [one for one in targets if one.network == network]
        measured = sorted({one.level for one in own})
        for level in given.levels(network, wish.levels or ("dense", "last"), measured):
            for at in sorted({one.at_updates for one in own}):
                cell = [one for one in own if (one.level, one.at_updates) == (level, at)]
                tasks = (at, frozenset(one.task for one in cell))
                if cell and seen.setdefault(tasks, network) == network:
                    found += cell
    return found


def over_replicates(curves: Sequence[Curve], scale: float = PERCENT) -> tuple[list[float], list[float]]:
    """Means and sample standard deviations, point by point."""
    columns = list(zip(*curves, strict=True))
    means = [scale * fmean(column) for column in columns]
    return means, [scale * stdev(column) if len(column) > 1 else 0.0 for column in columns]
