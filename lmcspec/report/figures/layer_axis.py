"""The axis of layers: in the network's order, under short names."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from lmcspec.plan.model_facts import known_facts
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.space import inches
from lmcspec.report.tidy import Results
from lmcspec.tasks import Part, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER, SMALL = 0.085, 0.06
"""The width of a letter, in inches: names that do not fit side by side stand upright, and are smaller."""
UPRIGHT = 0.13
"""What an upright name takes of the axis, in inches."""
EDGE = 0.7
"""Inches of what stands beside the axis."""
NARROWEST, WIDEST = 4.4, 13.0
"""Inches of the axis."""


def in_order(layers: Collection[str], model: Part, store: Results) -> list[str]:
    """Layers, as tasks name them, in the order of the network: results on record are sorted by name.

    The order is that of `prunable_names`.
    """
    place = {name.removesuffix(".weight"): number for number, name in enumerate(prunable_names(model, store))}
    return sorted(layers, key=place.__getitem__)


def modules_in_order(modules: Collection[str], model: Part, store: Results) -> list[str]:
    """Paths of modules, or of tensors, in the order of the first prunable weights in them; those without any last."""
    names = [f"{name}." for name in prunable_names(model, store)]

    def place(module: str) -> int:
        return next((number for number, name in enumerate(names) if name.startswith(f"{module}.")), len(names))

    return sorted(modules, key=place)


def prunable_names(model: Part, store: Results) -> list[str]:
    """The model's prunable weights in its order, by its facts.

    Where nobody has taken these, which is rare, the model is built on torch's meta device, which takes a few seconds of
    imports.
    """
    root = getattr(store, "root", None)  # results that are made up have none
    facts = known_facts(model, root and root / "facts")
    if facts is not None:
        return [name for name, _ in facts.prunable]
    from lmcspec.science.masks import prunable

    return list(prunable(read.module(model, "meta")))


def short(layers: Sequence[str]) -> list[str]:
    """`stem` of `stem.conv`: that it is a convolution goes without saying, unless names were the same then."""
    names = [layer.removesuffix(".conv") for layer in layers]
    return names if len(set(names)) == len(names) else list(layers)


def width(layers: int) -> float:
    """The inches that an axis of so many layers is wide, as far as there are so many on the medium."""
    page = medium().width
    return min(WIDEST if page is None else inches(page) - EDGE, max(NARROWEST, UPRIGHT * layers))


def below(layers: Sequence[str]) -> float:
    """What upright names take beneath the axis, in inches; nothing where they stand side by side."""
    longest = max(map(len, short(layers)))
    return SMALL * longest if len(layers) * (longest + 1) * LETTER > width(len(layers)) else 0.0


def finish(axes: "Axes", layers: Sequence[str]) -> None:
    """Name the layers; where there are too many to name, every second or third."""
    names = short(layers)
    every = -(-len(names) // int(width(len(names)) / UPRIGHT))
    shown = range(0, len(names), every)
    axes.set_xticks(list(shown), [names[place] for place in shown])
    if below(layers):
        axes.tick_params(axis="x", labelrotation=90, labelsize=medium().points(7.5))
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_xlabel("layer, in the network's order")
