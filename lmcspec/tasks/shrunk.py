"""Whether a task computes its network without dead units: where that is measured to pay, which is kept and recorded.

Of a network of `SPARSE` density or less it is looked which units nothing reads, and tried by numbers that it does the
same without them; then both are timed. Sums over fewer terms round otherwise, so the numerics of a record say it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lmcspec.base.errors import LmcspecError
from lmcspec.base.ids import digest
from lmcspec.catalog.recipe import Recipe
from lmcspec.tasks import read, ways
from lmcspec.tasks.context import Context
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lmcspec.science.computed import Computed
    from lmcspec.science.permute.groups import Groups
    from lmcspec.science.shrunk import Shrunk
    from lmcspec.science.shrunk_training import ShrunkTraining
    from lmcspec.science.trial import Trial

SPARSE = 0.2
"""Density from which on down units die in numbers."""
SAVED = 0.2
"""Share of the weights that have to be left out for it to be worth measuring."""
LEAST_LOOKED = 20_000
"""Images that an evaluation has to look at, at all points together, for it to be worth measuring."""
_BATCH = 64
"""Images of a batch on which evaluations are timed."""


def in_training(
    ctx: Context,
    part: Part,
    computed: "Computed",
    mask: "Mapping[str, Tensor] | None",
    recipe: Recipe,
    begin: int,
    updates: int,
) -> "ShrunkTraining | None":
    """The network without dead units, in its state after `begin` updates, if training it is quicker; else None.

    Trainings that are long enough measure it; shorter ones take it where that is known.
    """
    from lmcspec.science.masks import density
    from lmcspec.science.shrunk_training import shrink_to_train

    if mask is None or density(mask) > SPARSE or (groups := _groups(part)) is None:
        return None
    network = shrink_to_train(computed.module, groups, mask, recipe, tuple(part.value["shape"]), begin, SAVED)
    if network is None:
        return None
    trial = ways.trial_of(part, recipe)
    return network if _pays(ctx, part, computed, network.small, trial, measure=updates >= ways.LEAST) else None


def in_evaluation(
    ctx: Context, part: Part, network: "nn.Module", states: "Sequence[Mapping[str, Tensor]]", looked: int
) -> "Shrunk | None":
    """The network without units that are dead in all of some states, if evaluating it is quicker; else None.

    So they are in all sums of these states, too. `looked` says how many images will be looked at.
    """
    import torch

    from lmcspec.science.compiled import can_be_compiled
    from lmcspec.science.computed import Computed
    from lmcspec.science.masks import density, prunable
    from lmcspec.science.shrunk import shrink
    from lmcspec.science.trial import Trial

    weights = {name: torch.stack([state[name] != 0 for state in states]).any(0).cpu() for name in prunable(network)}
    if looked < LEAST_LOOKED or density(weights) > SPARSE or not can_be_compiled(network):
        return None
    shape = tuple(part.value["shape"])
    if (groups := _groups(part)) is None or (small := shrink(network, groups, weights, shape, least=SAVED)) is None:
        return None
    trial = Trial(_BATCH, shape, part.value["classes"], "float32")
    return small if _pays(ctx, part, Computed.by(network), small, trial, measure=True) else None


def _groups(part: Part) -> "Groups | None":
    """The groups of a model; None where its forward pass can't be read."""
    try:
        return read.groups(part)
    except LmcspecError:
        return None


def _pays(ctx: Context, part: Part, computed: "Computed", small: "Shrunk", trial: "Trial", *, measure: bool) -> bool:
    """Whether the small network is quicker, as is known or measured now; kept for others of its sizes."""
    from lmcspec.science.layout import has_choice, lay_out
    from lmcspec.science.trial import GAIN, seconds_of_update

    if ctx.numerics.get("layout") and has_choice(small.module):
        lay_out(small.module, ctx.numerics["layout"])
    sizes = {name: [len(kept) for kept in places] for name, places in small.places.items()}
    key = digest([ways.key_of(ctx, part, trial.precision), "shrunk", trial.batch, sizes])
    kept = ctx.recall(key)
    if kept is None and measure:
        whole = seconds_of_update(computed.module, trial, {"whole": lambda: computed.forward})
        seconds = whole | seconds_of_update(small.module, trial, {"shrunk": lambda: small.module})
        units = ", ".join(f"{len(kept)} units of {group}" for group, kept in small.units.items())
        ctx.log(
            f"without dead units ({units}) a pass takes {seconds['shrunk']:.2g} s, with them {seconds['whole']:.2g} s"
        )
        ctx.remember(key, {"seconds": seconds, "pays": seconds["shrunk"] * GAIN < seconds["whole"]})
        kept = ctx.recall(key)
    pays = isinstance(kept, dict) and kept.get("pays") is True
    if pays:
        ctx.computes(shrunk=True)
    return pays
