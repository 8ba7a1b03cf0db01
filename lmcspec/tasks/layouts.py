"""In which layout a task's network is computed: measured once for each model and device, and kept in the store."""

from typing import TYPE_CHECKING

from lmcspec.base.ids import digest
from lmcspec.catalog.recipe import Precision, Recipe
from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import nn

    from lmcspec.science.layout import Layout

LEAST = 500
"""Updates of a training from which on it pays to measure, which takes about as long as a dozen."""


def network(ctx: Context, part: Part, precision: Precision = "float32") -> "nn.Module":
    """The model of a part on the task's device, in the layout that was found the quickest for it, if any was."""
    module = read.module(part).to(ctx.device)
    return _laid_out(ctx, module, _kept(ctx, part, precision))


def measured(ctx: Context, part: Part, module: "nn.Module", recipe: Recipe, updates: int) -> "nn.Module":
    """A module in the quickest layout for a training of so many updates: one that is long enough measures it.

    The first answer is kept, so that what goes on after a stop goes on in the same layout.
    """
    from lmcspec.science.layout import Trial, has_choice, quickest, seconds_of_update

    layout = _kept(ctx, part, recipe.precision)
    if layout is None and updates >= LEAST and has_choice(module):
        trial = Trial(recipe.batch, tuple(part.value["shape"]), part.value["classes"], recipe.precision)
        seconds = seconds_of_update(module, trial)
        ctx.remember(_key(ctx, part, recipe.precision), {"layout": quickest(seconds), "seconds": seconds})
        layout = _kept(ctx, part, recipe.precision) or quickest(seconds)
        took = ", ".join(f"{name} {each:.2g} s" for name, each in seconds.items())
        ctx.log(f"computes in {layout}: a forward and a backward pass took {took}")
    return _laid_out(ctx, module, layout)


def _laid_out(ctx: Context, module: "nn.Module", layout: "Layout | None") -> "nn.Module":
    from lmcspec.science.layout import has_choice, lay_out

    if layout is None or not has_choice(module):
        return module
    ctx.computes(layout=layout)
    return lay_out(module, layout)


def _kept(ctx: Context, part: Part, precision: Precision) -> "Layout | None":
    from lmcspec.science.layout import LAYOUTS

    document = ctx.recall(_key(ctx, part, precision)) or {}
    # Whoever wrote it: what is no layout counts as nothing.
    return next((layout for layout in LAYOUTS if layout == document.get("layout")), None)


def _key(ctx: Context, part: Part, precision: Precision) -> str:
    where = [ctx.numerics[name] for name in ("device", "cpu", "threads", "torch")]
    return digest(["layout", 1, part.digest, precision, *where])
