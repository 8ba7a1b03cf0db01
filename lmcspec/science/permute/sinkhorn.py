"""Doubly stochastic matrices in place of permutations: Sinkhorn's iteration, its gradient, and the way back.

Sources: Sinkhorn & Knopp (1967); Cuturi (2013); Eisenberger et al. (2022), whose gradient is the implicit one.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from lmcspec.science.permute.assignment import assign


@dataclass(frozen=True, slots=True)
class Sinkhorn:
    """How a matrix of similarities becomes doubly stochastic, and how gradients pass.

    At a low `temperature`, in units of the similarities, it is nearly a permutation. Rows and columns are normalised by
    turns until every row sums to 1 within `tolerance`, and `iterations` times at most. `gradient` is that of the fixed
    point by the implicit function theorem, or goes back through all iterations (`unrolled`), which keeps them all in
    memory.
    """

    temperature: float = 1.0
    tolerance: float = 1e-4
    iterations: int = 100
    gradient: Literal["implicit", "unrolled"] = "implicit"

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"the temperature must be above 0, not {self.temperature}")


def plan(similarity: Tensor, how: Sinkhorn = Sinkhorn()) -> Tensor:
    """The doubly stochastic P (n, n) with log P = similarity / temperature + u 1' + 1 v', differentiable.

    It maximises <P, similarity> + temperature H(P), where H is the entropy, so at low temperatures it approaches the
    best assignment. All is done with logarithms, so none overflows. Columns sum to 1 exactly, rows within the
    tolerance, unless the iterations end before.
    """
    if how.gradient == "unrolled":
        return _normalised(similarity / how.temperature, how).exp()
    return _Implicit.apply(similarity, how)


def harden(similarity: Tensor) -> Tensor:
    """The permutation p with the largest sum of similarity[i, p[i]], int64 (n,); a row's argmax might come twice.

    It is that of log P as well, whatever the temperature: what a plan adds to rows and columns is the same for every
    permutation. Of P itself it is the permutation with the largest inner product, which may be another.
    """
    return assign(similarity)


def entropy(doubly_stochastic: Tensor) -> float:
    """The mean over rows of - sum_j P_ij log P_ij, by log n: 0 for a permutation, 1 where every pair is as likely."""
    units = len(doubly_stochastic)
    if units == 1:
        return 0.0
    rows = torch.special.entr(doubly_stochastic.detach().double()).sum(1)
    return float(rows.mean()) / math.log(units)


def _normalised(logits: Tensor, how: Sinkhorn) -> Tensor:
    """Logarithms of the plan; the columns are normalised last."""
    for _ in range(how.iterations):
        logits = logits - logits.logsumexp(1, keepdim=True)
        logits = logits - logits.logsumexp(0, keepdim=True)
        if (logits.detach().logsumexp(1).expm1().abs() <= how.tolerance).all():
            break
    return logits


class _Implicit(torch.autograd.Function):
    """The plan, with the gradient of the fixed point.

    With H = P * dL/dP, the potentials' share of it solves [diag(P 1), P; P', diag(P' 1)] [x; y] = [H 1; H' 1], and
    dL/dsimilarity = (H - P * (x 1' + 1 y')) / temperature. The system is singular along (1, -1), which changes nothing.
    """

    @staticmethod
    def forward(ctx: Any, similarity: Tensor, how: Sinkhorn) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        result = _normalised(similarity / how.temperature, how).exp()
        ctx.save_for_backward(result)
        ctx.temperature = how.temperature
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (result,) = ctx.saved_tensors
        p = result.double()
        h = p * gradient.double()
        rows = p.sum(1)
        # Without x: diag(P' 1) - P' diag(1 / P 1) P, the Laplacian of a graph; as such nothing cancels in it where P is
        # nearly a permutation. Its null vector is 1, along which anything may be added.
        edges = p.T @ (p / rows[:, None])
        edges.fill_diagonal_(0)
        degrees = edges.sum(1)
        laplacian = torch.diag(degrees) - (edges + edges.T) / 2 + degrees.mean() / len(p)
        y = torch.linalg.pinv(laplacian, hermitian=True) @ (h.sum(0) - p.T @ (h.sum(1) / rows))
        x = (h.sum(1) - p @ y) / rows
        slope = (h - p * (x[:, None] + y[None, :])) / ctx.temperature
        return slope.to(gradient.dtype), None
