"""Loss or error in planes through trained networks: contours, and the same as surfaces beneath."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.base.documents import read_bytes
from lmcspec.base.errors import StoreError
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import PERCENT
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.numbers import Grid
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.plane_distances import distances
from lmcspec.report.figures.plane_marks import lying, mark, words_of
from lmcspec.report.figures.space import room
from lmcspec.report.figures.style import Drawing, drawn
from lmcspec.report.tidy import folder
from lmcspec.store import Stored
from lmcspec.tasks import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d import Axes3D

LARGEST = 256 * 2**20
"""Bytes of a file: six numbers for each of five million points."""
FILE = "landscape.safetensors"
SCALES = {"loss": 1.0, "error": PERCENT}
SHADES = 14
"""Contours of a panel."""
CUT = 0.97
"""The share of all values up to which shades tell them apart: far from networks a loss may grow beyond all bounds."""
TICKS = 4
"""Steps between the ticks of an axis: labels of small distances are long."""
WIDE, HIGH = 3.0, 3.0
"""Inches of a panel."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is shown of one subnetwork: values in rows by y, where they are, and where its networks lie."""

    title: str
    x: Sequence[float]
    y: Sequence[float]
    values: Any
    places: Sequence[Mapping[str, float]]
    lowest: float
    """The lowest value."""
    released: bool
    """Whether the plane's axes are those of the released code, in which distances mean nothing."""
    ways: Sequence[Mapping[str, Sequence[float]]] = ()
    """x, y and residual of the states that the anchors passed, by anchor; nothing where none are looked at."""
    words: Sequence[str] = ()
    """What its networks are; nothing where all are copies by number."""

    @property
    def axes(self) -> str:
        """What is on both axes."""
        return "halves of two networks' distance" if self.released else "distance of weights"


def landscape(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per network and level, of the first replicate that is there: planes of several can't be averaged.

    Below stand distances in weights and in the plane, over all replicates.
    """
    what = options.metric or "loss"
    title = f"{what.capitalize()} in the plane through three networks"
    notes: list[str] = []
    grounds = [ground for case in cases for ground in _grounds(case, options, what, notes, several=len(cases) > 1)]
    if not grounds:
        return Drawing(name, title, None, notes=tuple(notes) or ("no landscape is in the store yet",))
    split = grounds[0][0]
    with drawn():
        figure = _draw([ground for _, ground in grounds], _words(split, what))
    caption = "Networks in the plane are dots; hollow ones were projected, their distance from it beside them. "
    caption += (
        "Axes are those of the released code: distances in them are not those of weights."
        if any(ground.released for _, ground in grounds)
        else "Distances in a plane are those of weights."
    )
    caption += words_of([ground for _, ground in grounds])
    caption += " All panels have the same shades, each from its own lowest point, whose value stands above it."
    first = cases[0]
    table = distances(first, options, options.measure or first.measures("landscape")[0]) if len(cases) == 1 else None
    grids = tuple(
        Grid(ground.title, ground.axes, ground.x, ground.y, _words(split, what), ground.values.tolist())
        for split, ground in grounds
    )
    return Drawing(name, title, figure, caption, tuple(notes), table, grids)


def _words(split: str, what: str) -> str:
    return f"{split} {what}{' (points)' * (what == 'error')}"


def _grounds(
    case: CaseResults, options: Options, what: str, notes: list[str], *, several: bool
) -> Iterator[tuple[str, Ground]]:
    """(split, ground) of each network and level that the figure asks for; a dense one that several share once."""
    measure = options.measure or case.measures("landscape")[0]
    places: dict[tuple[str, int, int, str], list[Target]] = {}
    for target in case.targets(measure, options):
        if options.under is None or target.under in ("", *options.under):
            places.setdefault((target.network, target.level, target.at_updates, target.under), []).append(target)
    seen: set[str] = set()
    for (network, level, _, under), group in places.items():
        measured = sorted({other for name, other, *_ in places if name == network})
        if level not in case.levels(network, options.levels, measured) or group[0].task in seen:
            continue
        seen.add(group[0].task)
        steps = {step for _, _, step, _ in places}
        label = f"{case.case}, " * several + named(case, network, level) + f", k = {group[0].at}" * (len(steps) > 1)
        label += lying(under)
        missing: list[str] = []
        ground = next(
            (drawable for target in group if (drawable := _ground(case, target, label, options, what, missing))), None
        )
        if ground is not None:
            yield ground
        else:
            notes += missing[:1]


def _ground(
    case: CaseResults, target: Target, label: str, options: Options, what: str, notes: list[str]
) -> tuple[str, Ground] | None:
    """What a task left, or None with a note."""
    stored = case.store.find(target.task)
    if stored is None or "x" not in stored.scalars:
        why = stored.scalars.get("no-plane", "its networks diverged") if stored else case.absent(target.task)
        notes.append(f"{label}: {why}")
        return None
    try:
        out = folder(stored)
    except StoreError as damage:
        notes.append(f"{label}: {damage}")
        return None
    if out is None:
        notes.append(f"{label}: its outputs were dropped, and its values with them; running its task again helps")
        return None
    values = _read(out, stored.scalars, case.plan.tasks[target.task], label, what, options.split)
    if isinstance(values, str):
        notes.append(f"{label}: {values}")
        return None
    split, ground = values
    return split, replace(ground, words=target.looks_at)


def _read(
    out: Path, scalars: Mapping[str, Any], task: Task, label: str, what: str, wanted: str | None = None
) -> tuple[str, Ground] | str:
    """What a task wrote of a split, training images where it looked at some; or why nothing can be drawn of it."""
    import numpy as np
    from safetensors.numpy import load

    try:
        values = load(read_bytes(out / FILE, largest=LARGEST))
    except Exception as error:  # noqa: BLE001 (safetensors' own error class has no stable name)
        return f"its {FILE} can't be read: {error}"
    splits = [split for split in ("train", "test", "validation") if f"{split}_{what}" in values]
    shape = (len(scalars["y"]), len(scalars["x"]))
    if not splits or any(values[f"{split}_{what}"].shape != shape for split in splits):
        return f"its {FILE} holds no {what} of {shape[0]} x {shape[1]} points"
    if wanted is not None and wanted not in splits:
        return f"it was looked at on {' and '.join(splits)} images only"
    split = wanted or splits[0]
    shown = SCALES[what] * values[f"{split}_{what}"]
    if not np.isfinite(shown).any():
        return f"its {what} is finite nowhere"
    released = task.params.plane == "as-released"
    lowest = float(shown[np.isfinite(shown)].min())
    ways = scalars.get("ways", ())
    return split, Ground(label, scalars["x"], scalars["y"], shown, scalars["places"], lowest, released, ways)


def draw(task: Task, result: Stored) -> Drawing:
    """The landscape of one task, as its own run shows it."""
    if "x" not in result.scalars:
        return Drawing("landscape", task.label, None)
    read = _read(result.out, result.scalars, task, "", "loss")
    if isinstance(read, str):
        return Drawing("landscape", task.label, None, notes=(read,))
    with drawn():
        return Drawing("landscape", task.label, _draw([read[1]], f"{read[0]} loss"))


def _draw(grounds: Sequence[Ground], label: str) -> "Figure":
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import BoundaryNorm
    from matplotlib.figure import Figure

    # Levels of different sparsities end at different losses: shades of the losses themselves would show but that.
    grounds = [replace(ground, values=ground.values - ground.lowest) for ground in grounds]
    every = np.concatenate([ground.values[np.isfinite(ground.values)] for ground in grounds])
    # Basins are shallow beside their surroundings: shades are finer there.
    edges = max(float(np.quantile(every, CUT)), 1e-9) * np.linspace(0, 1, SHADES + 1) ** 2
    shades = colormaps["viridis"]
    norm = BoundaryNorm(edges, shades.N, extend="max")
    figure = Figure(figsize=room(1.6 + WIDE * len(grounds), 2 * HIGH), layout="constrained")
    for place, ground in enumerate(grounds, 1):
        flat = figure.add_subplot(2, len(grounds), place)
        _contours(flat, ground, edges, shades, norm, first=place == 1)
        _surface(
            figure.add_subplot(2, len(grounds), len(grounds) + place, projection="3d"), ground, edges, shades, norm
        )
    bar = figure.colorbar(
        ScalarMappable(norm, shades),
        ax=figure.axes,
        label=f"{label} above the lowest point",
        extend="max",
        shrink=0.5,
        pad=0.03,
        ticks=edges[::2],
    )
    bar.ax.set_yticklabels([f"{edge:.3g}" for edge in edges[::2]])
    return figure


def _contours(axes: "Axes", ground: Ground, edges: Any, shades: Any, norm: Any, *, first: bool) -> None:
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    values = np.ma.masked_invalid(ground.values)
    axes.contourf(ground.x, ground.y, values, levels=edges, cmap=shades, norm=norm, extend="max")
    axes.contour(ground.x, ground.y, values, levels=edges[::2], colors="white", linewidths=0.4, alpha=0.6)
    mark(axes, ground.places, ground.ways, side=ground.x[-1] - ground.x[0], between=bool(ground.words))
    axes.set_title(f"{ground.title}\nlowest {ground.lowest:.3g}".strip())
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(TICKS))
    axes.yaxis.set_major_locator(MaxNLocator(TICKS))
    axes.grid(visible=False)
    axes.set_xlabel(ground.axes)
    if first:
        axes.set_ylabel(ground.axes)


def _surface(axes: "Axes3D", ground: Ground, edges: Any, shades: Any, norm: Any) -> None:
    import numpy as np

    x, y = np.meshgrid(ground.x, ground.y)
    heights = np.clip(np.nan_to_num(ground.values, nan=edges[-1], posinf=edges[-1]), edges[0], edges[-1])
    # A face in the middle of four points has the shade of their mean.
    middles = (heights[1:, 1:] + heights[1:, :-1] + heights[:-1, 1:] + heights[:-1, :-1]) / 4
    axes.plot_surface(x, y, heights, facecolors=shades(norm(middles)), rstride=1, cstride=1, linewidth=0, shade=False)
    axes.set_zlim(edges[0], edges[-1])
    axes.view_init(38, -60)
    axes.locator_params(nbins=TICKS)
    axes.tick_params(labelsize=medium().points(7), pad=-2)
    axes.set_box_aspect((1, 1, 0.6))
