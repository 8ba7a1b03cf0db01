"""A criterion of one's own: scores for each prunable tensor; the smallest scores are pruned."""

from collections.abc import Mapping

from torch import Tensor


def scores(state: Mapping[str, Tensor], mask: Mapping[str, Tensor], address: tuple[int, ...] = ()) -> dict[str, Tensor]:
    """|w| / std(w), the deviation taken over the weights that survive."""
    found = {}
    for name, kept in mask.items():
        weight = state[name].detach()
        found[name] = weight.abs() / weight[kept.bool()].std()
    return found
