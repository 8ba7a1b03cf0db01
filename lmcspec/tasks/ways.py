"""In which way a task's network is computed: measured once for each model and device, and kept in the store.

A way is a layout, and whether the network is compiled, or its passes are replayed on a GPU. It changes last bits, so
that what stands in the numerics of a record says it, and nobody measures twice: what goes on after a stop goes on in
the way in which it began.
"""

from typing import TYPE_CHECKING, Any

from lmcspec.base.ids import digest
from lmcspec.catalog.recipe import Precision, Recipe
from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.made import MADE, Made, can_be, first_line, made, tried
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from lmcspec.science.computed import Computed
    from lmcspec.science.layout import Layout
    from lmcspec.science.trial import Trial

LEAST = 500
"""Updates of a training from which on it pays to measure layouts, which takes about as long as a dozen."""
LEAST_TOGETHER = 2000
"""Updates of a training from which on it pays to measure programs of several, which takes about as long as 200."""
LEAST_LOOKS = 2000
"""Batches at points from which on it pays to measure programs of several points, which takes about as long as 200."""
COMPILING = 900.0
"""Seconds that trainings of a model have to take on each slot for the compiler to pay, which takes a minute or two."""


def network(ctx: Context, part: Part, precision: Precision = "float32") -> "nn.Module":
    """The model of a part on the task's device, in the layout that was found to be the quickest for it, if any was."""
    module, how = _laid_out(read.module(part).to(ctx.device), _kept(ctx, part, precision).get("layout"))
    ctx.computes(**how)
    return module


def trained_in(ctx: Context, part: Part, module: "nn.Module", recipe: Recipe, updates: int) -> "Computed":
    """A module in the quickest way for a training of so many updates: one that is long enough measures it."""
    computed, how = _quickest(ctx, part, module, recipe, updates)
    ctx.computes(**how)
    return computed


def _quickest(
    ctx: Context, part: Part, module: "nn.Module", recipe: Recipe, updates: int
) -> "tuple[Computed, dict[str, Any]]":
    """A module in its quickest way, and what the numerics of a training in it say."""
    from lmcspec.science.computed import Computed
    from lmcspec.science.layout import has_choice

    trial = trial_of(part, recipe)
    kept = _kept(ctx, part, recipe.precision)
    if not kept and updates >= LEAST and (has_choice(module) or can_be("graphed", module, trial)):
        kept = _measured(ctx, part, module, trial, updates)
    module, how = _laid_out(module, kept.get("layout"))
    for way in MADE:
        if kept.get(way) is True:
            try:
                return made(ctx, part, module, trial, way), how | {way: True}
            except Exception as error:  # noqa: BLE001 (it could be made once; there is another way)
                ctx.log(f"it can't be {way} this time: {type(error).__name__}: {first_line(error)}")
    return Computed.by(module), how


def together(ctx: Context, part: Part, recipe: Recipe, updates: int, offered: int) -> int:
    """Of how many trainings of so many updates, at most of those `offered`, one program is the quickest; 1: of none.

    Trainings that are long enough measure it, beside the quickest way in which each would run alone.
    """
    from lmcspec.science.stacking import gains

    def measured() -> dict[int, float]:
        alone, _ = _quickest(ctx, part, read.module(part).to(ctx.device), recipe, updates)
        return gains(alone, trial_of(part, recipe), room=ctx.room)

    key = digest([key_of(ctx, part, recipe.precision), "together", recipe.batch])
    return _best(_gains(ctx, key, measured, updates >= LEAST_TOGETHER), offered)


def looks_together(ctx: Context, part: Part, module: "nn.Module", points: int, images: int) -> int:
    """As how many networks at once points are evaluated by one program: so many as are the quickest; 1: of none.

    On a GPU, where there are enough points and images to measure it; a CPU gains nothing (decision 024). The module is
    that of `network`, and what is taken is said in the numerics.
    """
    from lmcspec.science.evaluate import BATCH
    from lmcspec.science.several import room_for
    from lmcspec.science.stack import can_be_stacked
    from lmcspec.science.stacking import SIZES, gains_of_looks
    from lmcspec.science.trial import Trial

    most = min(points, room_for(module))
    if ctx.device == "cpu" or most < SIZES[0] or not can_be_stacked(module):
        return 1

    def measured() -> dict[int, float]:
        trial = Trial(BATCH, tuple(part.value["shape"]), part.value["classes"], "float32")
        return gains_of_looks(module, trial, [size for size in SIZES if size <= room_for(module)], ctx.room)

    key = digest([key_of(ctx, part, "float32"), "points", BATCH])
    stacked = _best(_gains(ctx, key, measured, points * images >= LEAST_LOOKS * BATCH), most)
    if stacked > 1:
        ctx.computes(stacked=stacked)
    return stacked


def _gains(ctx: Context, key: str, measure: "Callable[[], dict[int, float]]", long: bool) -> dict[int, float]:
    """By how many networks one program is how many times as quick: as it is kept, or measured if that is worth it."""
    kept = ctx.recall(key)
    if kept is None and long:
        try:
            quicker = measure()
            said = ", ".join(f"{size} of it {gain:.2f} x" for size, gain in quicker.items())
        except Exception as error:  # noqa: BLE001 (a model of anybody's that can't be stacked: there is another way)
            quicker, said = {}, f"none, for {type(error).__name__}: {first_line(error)}"
        ctx.log(f"as one program, beside one after the other: {said}")
        answer = {"gains": {str(size): gain for size, gain in quicker.items()}}
        ctx.remember(key, answer)
        kept = ctx.recall(key) or answer
    return _sizes(kept)


def _best(gains: dict[int, float], most: int) -> int:
    """The number of networks, up to `most`, of which one program is the quickest; 1 where none pays."""
    from lmcspec.science.trial import GAIN

    pays = {size: gain for size, gain in gains.items() if size <= most and gain >= GAIN}
    return max(pays, key=lambda size: pays[size], default=1)


def _sizes(kept: dict[str, Any] | None) -> dict[int, float]:
    """What stands in a fact, whoever wrote it."""
    held = (kept or {}).get("gains")
    if not isinstance(held, dict):
        return {}
    return {
        int(size): gain
        for size, gain in held.items()
        if str(size).isdecimal() and len(str(size)) < 5 and isinstance(gain, int | float) and int(size) > 1
    }


def trial_of(part: Part, recipe: Recipe) -> "Trial":
    """On what updates of a recipe are timed."""
    from lmcspec.science.trial import Trial

    return Trial(recipe.batch, tuple(part.value["shape"]), part.value["classes"], recipe.precision)


def _measured(ctx: Context, part: Part, module: "nn.Module", trial: "Trial", updates: int) -> dict[str, Any]:
    """What is found to be the quickest, once it is kept; of several that look at the same time the first is.

    Layouts first, then the replay of passes on a GPU, and the compiler where it has time to pay.
    """
    from lmcspec.science.layout import seconds_by_layout
    from lmcspec.science.trial import quickest

    by_layout = seconds_by_layout(module, trial)
    layout = quickest(by_layout)
    answer: dict[str, Any] = {"layout": layout, "seconds": by_layout, "compiled": False}
    ahead = max(updates, ctx.ahead / (3 * trial.batch))
    hows: tuple[Made, ...] = MADE if by_layout[layout] * ahead >= COMPILING else ("graphed",)
    answer |= tried(ctx, part, _laid_out(module, layout)[0], trial, hows)
    ctx.remember(key_of(ctx, part, trial.precision), answer)
    took = {**by_layout, **answer.get("as_made", {})}
    said = ", ".join(f"{name} {seconds:.2g} s" for name, seconds in took.items())
    ctx.log(f"a forward and a backward pass take {said}{answer.get('trouble', '')}")
    return _kept(ctx, part, trial.precision) or answer


def _laid_out(module: "nn.Module", layout: "Layout | None") -> "tuple[nn.Module, dict[str, Any]]":
    """The module in a layout, and what the numerics say of that."""
    from lmcspec.science.layout import LAYOUTS, has_choice, lay_out

    if layout not in LAYOUTS or not has_choice(module):  # whoever wrote it: what is no layout counts as nothing
        return module, {}
    return lay_out(module, layout), {"layout": layout}


def _kept(ctx: Context, part: Part, precision: Precision) -> dict[str, Any]:
    return ctx.recall(key_of(ctx, part, precision)) or {}


def key_of(ctx: Context, part: Part, precision: Precision) -> str:
    """The digest under which it is kept how a model is computed on a device."""
    where = [ctx.numerics[name] for name in ("device", "cpu", "threads", "torch")]
    return digest(["way", 1, part.digest, precision, *where])
