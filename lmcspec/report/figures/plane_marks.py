"""What is drawn on a plane: its networks, the straight ways between its anchors, and the ways that they went."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from lmcspec.report.figures.medium import medium
from lmcspec.spec.names import NONE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1a1a1a"
COLOURS = ("#ffffff", "#ffb3a7", "#ffd84d")
"""Of the ways of the anchors, light on dark shades."""
ANCHORS = 3


class Marked(Protocol):
    """What a caption tells of a plane."""

    @property
    def title(self) -> str: ...
    @property
    def words(self) -> Sequence[str]: ...
    @property
    def ways(self) -> Sequence[Mapping[str, Sequence[float]]]: ...


def mark(
    axes: "Axes",
    places: Sequence[Mapping[str, float]],
    ways: Sequence[Mapping[str, Sequence[float]]],
    *,
    side: float,
    between: bool,
) -> None:
    """Dots with numbers, hollow where they lie off a plane of that side; the ways of anchors; lines between them."""
    from matplotlib.patheffects import withStroke

    if between:
        for a, b in ((0, 1), (1, 2), (2, 0)):
            ends = [places[a], places[b]]
            axes.plot([end["x"] for end in ends], [end["y"] for end in ends], ":", color="white", linewidth=1.1)
    for number, (way, end) in enumerate(zip(ways, places, strict=False)):
        if way["x"]:
            xs, ys = [*way["x"], end["x"]], [*way["y"], end["y"]]
            stroke = [withStroke(linewidth=2.2, foreground=INK)]
            axes.plot(xs, ys, "-", color=COLOURS[number], linewidth=1.2, path_effects=stroke)
            axes.plot(xs[:-1], ys[:-1], ".", color=COLOURS[number], markersize=4, markeredgecolor=INK, mew=0.5)
            axes.plot(xs[:1], ys[:1], "s", color=COLOURS[number], markersize=4, markeredgecolor=INK, mew=0.8)
    middle = [sum(anchor[axis] for anchor in places[:ANCHORS]) / ANCHORS for axis in ("x", "y")]
    for number, network in enumerate(places):
        # Ways come from within: what is written beside an anchor stands outside.
        left, low = network["x"] < middle[0], network["y"] < middle[1]
        beside = ((-11 if left else 5), (-10 if low else 4)) if between and number < ANCHORS else (5, 4)
        # Rounding leaves anchors of the released plane a hair off it.
        off = network["residual"] > 1e-3 * side
        face = "none" if off else "white"
        edge = "white" if off else INK
        axes.plot(network["x"], network["y"], "o", markersize=6, markerfacecolor=face, markeredgecolor=edge, mew=1.2)
        words = f"{number}" + f" ({network['residual']:.3g} off)" * off
        place: dict[str, Any] = {"xytext": beside, "textcoords": "offset points", "color": "white"}
        place["fontsize"] = medium().points(8)
        outlined = [withStroke(linewidth=1.6, foreground=INK)]
        axes.annotate(words, (network["x"], network["y"]), path_effects=outlined, **place)


def lying(under: str) -> str:
    """How the partners' networks lie in a plane, for its title; empty where it isn't one for each permutation."""
    return "" if not under else ", unpermuted" if under == NONE else f", under {under}"


def words_of(grounds: Sequence[Marked]) -> str:
    """What the networks are by number, where they are not all copies, and how far off the plane their ways lie."""
    caption = ""
    if named := "; ".join(_by_number(grounds)):
        caption = f" By number: {named}. Dotted are the straight paths between those through which the plane goes."
    off = [residual for ground in grounds for way in ground.ways for residual in way["residual"]]
    if off:
        caption += (
            " Lines are ways of training, from a square on, projected: "
            f"their states lie {min(off):.3g} to {max(off):.3g} off the plane, and what stands there is not theirs."
        )
    return caption


def _by_number(grounds: Sequence[Marked]) -> Iterator[str]:
    """`0 first partner`; where a number is another network in each panel, with the panels' titles."""
    for number in range(max(len(ground.words) for ground in grounds)):
        panels: dict[str, list[str]] = {}
        for ground in grounds:
            if number < len(ground.words):
                panels.setdefault(ground.words[number], []).append(ground.title)
        alike = len(panels) == 1
        named = (what if alike else f"{what} (in {' and '.join(titles)})" for what, titles in panels.items())
        yield f"{number} {' or '.join(named)}"
