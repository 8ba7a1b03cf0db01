"""What computes a network in place of its own code: a compiled form, or the replay of its passes on a GPU.

A worker makes each once for a model, and later tasks use it again: they copy their states into its network.
"""

from typing import TYPE_CHECKING, Any, Literal, get_args

from lmcspec.tasks.context import Context
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import nn

    from lmcspec.science.computed import Computed
    from lmcspec.science.trial import Trial

Made = Literal["graphed", "compiled"]
MADE: tuple[Made, ...] = get_args(Made)


def can_be(how: Made, module: "nn.Module", trial: "Trial") -> bool:
    """Whether it is worth a try to have a module made so."""
    from lmcspec.science.compiled import can_be_compiled
    from lmcspec.science.graphed import can_be_graphed

    return can_be_graphed(module, trial) if how == "graphed" else can_be_compiled(module)


def made(ctx: Context, part: Part, module: "nn.Module", trial: "Trial", how: Made) -> "Computed":
    """A network of this worker's with what computes it, in the state of the given module."""
    from lmcspec.science.compiled import compiled
    from lmcspec.science.graphed import graphed

    key = _key(ctx, part, trial, how)
    if key not in ctx.memory:
        ctx.memory[key] = graphed(module, trial) if how == "graphed" else compiled(module)
    kept: Computed = ctx.memory[key]
    if kept.module is not module:
        kept.module.load_state_dict(module.state_dict())
        kept.module.requires_grad_(True)
    return kept


def tried(ctx: Context, part: Part, module: "nn.Module", trial: "Trial", hows: tuple[Made, ...]) -> dict[str, Any]:
    """Which of these is the quickest, if any is quicker than the module itself: for a fact, with seconds and troubles.

    What is not is let go.
    """
    from lmcspec.science import compiled, graphed
    from lmcspec.science.trial import GAIN

    took: dict[str, float] = {}
    gains: dict[Made, float] = {}
    trouble = ""
    for how in hows:
        if not can_be(how, module, trial):
            continue
        try:
            network = made(ctx, part, module, trial, how)
            if how == "graphed":
                seconds = graphed.seconds_as_made(network, trial)
                gains[how] = seconds["eager"] / seconds["graphed"]
            else:
                seconds = compiled.seconds_as_made(network, trial)
                gains[how] = seconds["eager"] / seconds["compiled"]
            took |= seconds
        except Exception as error:  # noqa: BLE001 (no compiler, or a model that is beyond it: there is another way)
            trouble += f"; it can't be {how}: {type(error).__name__}: {first_line(error)}"
    best = max(gains, key=lambda how: gains[how], default=None)
    answer: dict[str, Any] = {how: how == best and gains[how] > GAIN for how in hows}
    for how in hows:
        if not answer[how]:
            ctx.memory.pop(_key(ctx, part, trial, how), None)
    return answer | ({"as_made": took} if took else {}) | ({"trouble": trouble} if trouble else {})


def first_line(error: Exception) -> str:
    """What an error says, as far as a line of a log has room for it."""
    return str(error).strip().partition("\n")[0][:200]


def _key(ctx: Context, part: Part, trial: "Trial", how: Made) -> tuple[Any, ...]:
    return (how, part.digest, ctx.device, trial)
