"""How near two networks lie to each other under a permutation: what weight matching makes large."""

from collections.abc import Mapping

from torch import Tensor

from lmcspec.science.permute.algebra import Permutation, apply
from lmcspec.science.permute.groups import Groups


def objective(groups: Groups, permutation: Permutation, a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """F(p) = the sum over the groups' counted parameters of <A, p.B>, each of them once, in float64.

    Buffers are left out: running variances would outweigh all weights.
    """
    return sum(_inner(a[name], moved) for name, moved in _moved(groups, permutation, b))


def squared_distance(
    groups: Groups, permutation: Permutation, a: Mapping[str, Tensor], b: Mapping[str, Tensor]
) -> float:
    """||A - p.B||^2 over the groups' counted parameters, in float64: ||A||^2 + ||B||^2 - 2 F(p)."""
    return sum(
        float((a[name].double() - moved.double()).square().sum()) for name, moved in _moved(groups, permutation, b)
    )


def squared_norm(groups: Groups, a: Mapping[str, Tensor]) -> float:
    """||A||^2 over the groups' counted parameters, in float64."""
    return sum(_inner(a[name], a[name]) for name in groups.counted)


def _moved(groups: Groups, permutation: Permutation, b: Mapping[str, Tensor]) -> list[tuple[str, Tensor]]:
    return list(apply(groups, permutation, {name: b[name].detach() for name in groups.counted}).items())


def _inner(a: Tensor, b: Tensor) -> float:
    return float(a.detach().double().flatten() @ b.detach().to(a.device).double().flatten())
