"""States of copies whose masks are dropped, as some released code interpolates them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lmcspec.tasks import read
from lmcspec.tasks.checkpoint import check_like
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import UnfitInput
from lmcspec.tasks.params import Part

if TYPE_CHECKING:
    from torch import Tensor


def unmasked(
    ctx: Context, state: "Mapping[str, Tensor]", mask: "Mapping[str, Tensor]", recipe: Part, branches: tuple[int, ...]
) -> "dict[str, Tensor]":
    """A masked state with what weight decay made of the pruned weights of the state in the input `start`."""
    from lmcspec.catalog.recipe import from_document
    from lmcspec.science import residue

    share = residue.decayed(from_document(recipe.value), branches)
    start = read.of_input(ctx, "start", read.STATE)
    try:
        check_like(start, state)
    except ValueError as error:
        raise UnfitInput("start", error) from error
    return residue.unmasked(state, mask, start, share)
