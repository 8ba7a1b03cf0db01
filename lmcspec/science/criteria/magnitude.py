"""Pruning by magnitude."""

from collections.abc import Mapping

from torch import Tensor


def scores(state: Mapping[str, Tensor], mask: Mapping[str, Tensor], address: tuple[int, ...] = ()) -> dict[str, Tensor]:
    """|w| of each prunable tensor of the state: the trained one, or any other whose magnitudes are to rank.

    `address` is not used: nothing is drawn.
    """
    return {name: state[name].detach().abs() for name in mask}
