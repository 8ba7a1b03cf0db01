"""In which way a task's network is computed: measured once for each model and device, and kept in the store.

A way is a layout, and whether the network is compiled. It changes last bits, so that what stands in the numerics of a
record says it, and nobody measures twice: what goes on after a stop goes on in the way in which it began.
"""

from typing import TYPE_CHECKING, Any

from lmcspec.base.ids import digest
from lmcspec.catalog.recipe import Precision, Recipe
from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import nn

    from lmcspec.science.computed import Computed
    from lmcspec.science.layout import Layout
    from lmcspec.science.trial import Trial

LEAST = 500
"""Updates of a training from which on it pays to measure layouts, which takes about as long as a dozen."""
COMPILING = 900.0
"""Seconds that trainings of a model have to take on each slot for the compiler to pay, which takes a minute or two."""


def network(ctx: Context, part: Part, precision: Precision = "float32") -> "nn.Module":
    """The model of a part on the task's device, in the layout that was found to be the quickest for it, if any was."""
    return _laid_out(ctx, read.module(part).to(ctx.device), _kept(ctx, part, precision).get("layout"))


def trained_in(ctx: Context, part: Part, module: "nn.Module", recipe: Recipe, updates: int) -> "Computed":
    """A module in the quickest way for a training of so many updates: one that is long enough measures it."""
    from lmcspec.science.computed import Computed
    from lmcspec.science.layout import has_choice
    from lmcspec.science.trial import Trial

    trial = Trial(recipe.batch, tuple(part.value["shape"]), part.value["classes"], recipe.precision)
    kept = _kept(ctx, part, recipe.precision)
    if not kept and updates >= LEAST and has_choice(module):
        kept = _measured(ctx, part, module, trial, updates)
    module = _laid_out(ctx, module, kept.get("layout"))
    if kept.get("compiled") is not True:
        return Computed.by(module)
    ctx.computes(compiled=True)
    return _compiled(ctx, part, module, trial)


def _measured(ctx: Context, part: Part, module: "nn.Module", trial: "Trial", updates: int) -> dict[str, Any]:
    """What is found to be the quickest, once it is kept; of several that look at the same time the first is."""
    from lmcspec.science.layout import seconds_by_layout
    from lmcspec.science.trial import quickest

    by_layout = seconds_by_layout(module, trial)
    layout = quickest(by_layout)
    answer: dict[str, Any] = {"layout": layout, "seconds": by_layout, "compiled": False}
    ahead = max(updates, ctx.ahead / (3 * trial.batch))
    if by_layout[layout] * ahead >= COMPILING:
        answer |= _tried(ctx, part, _laid_out(ctx, module, layout), trial)
    ctx.remember(_key(ctx, part, trial.precision), answer)
    took = {**by_layout, **answer.get("as_made", {})}
    said = ", ".join(f"{name} {seconds:.2g} s" for name, seconds in took.items())
    ctx.log(f"a forward and a backward pass take {said}{answer.get('trouble', '')}")
    return _kept(ctx, part, trial.precision) or answer


def _tried(ctx: Context, part: Part, module: "nn.Module", trial: "Trial") -> dict[str, Any]:
    from lmcspec.science.compiled import can_be_compiled, seconds_as_made
    from lmcspec.science.trial import quickest

    if not can_be_compiled(module):
        return {}
    try:
        seconds = seconds_as_made(_compiled(ctx, part, module, trial), trial)
    except Exception as error:  # noqa: BLE001 (no compiler, or a model that is beyond it: there is another way)
        del ctx.memory[_memory_key(ctx, part, trial)]
        first = str(error).strip().partition("\n")[0][:200]
        return {"trouble": f"; it can't be compiled: {type(error).__name__}: {first}"}
    if quickest(seconds) != "compiled":
        del ctx.memory[_memory_key(ctx, part, trial)]
    return {"compiled": quickest(seconds) == "compiled", "as_made": seconds}


def _compiled(ctx: Context, part: Part, module: "nn.Module", trial: "Trial") -> "Computed":
    """A module of this worker's with its compiled form, which later tasks use again, in the state of the given one."""
    from lmcspec.science.compiled import compiled

    key = _memory_key(ctx, part, trial)
    if key not in ctx.memory:
        ctx.memory[key] = compiled(module)
    kept: Computed = ctx.memory[key]
    if kept.module is not module:
        kept.module.load_state_dict(module.state_dict())
        kept.module.requires_grad_(True)
    return kept


def _memory_key(ctx: Context, part: Part, trial: "Trial") -> tuple[Any, ...]:
    return ("compiled", part.digest, ctx.device, trial)


def _laid_out(ctx: Context, module: "nn.Module", layout: "Layout | None") -> "nn.Module":
    from lmcspec.science.layout import LAYOUTS, has_choice, lay_out

    if layout not in LAYOUTS or not has_choice(module):  # whoever wrote it: what is no layout counts as nothing
        return module
    ctx.computes(layout=layout)
    return lay_out(module, layout)


def _kept(ctx: Context, part: Part, precision: Precision) -> dict[str, Any]:
    return ctx.recall(_key(ctx, part, precision)) or {}


def _key(ctx: Context, part: Part, precision: Precision) -> str:
    where = [ctx.numerics[name] for name in ("device", "cpu", "threads", "torch")]
    return digest(["way", 1, part.digest, precision, *where])
