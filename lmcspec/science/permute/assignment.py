"""The assignment of units to units with the largest similarity."""

import torch
from torch import Tensor


def assign(similarity: Tensor) -> Tensor:
    """The permutation p of the columns that makes the sum of similarity[i, p[i]] largest, int64 (n,), on the CPU.

    `similarity` is a square matrix of finite numbers, (n, n); ValueError otherwise. Where several assignments have the
    same sum (units that are dead, or twins) any of them. The modified Jonker-Volgenant algorithm without
    initialisation, in scipy (Crouse 2016): exact, O(n^3).
    """
    from scipy.optimize import linear_sum_assignment

    if not bool(torch.isfinite(similarity).all()):
        raise ValueError("similarities must be finite numbers to assign units by")
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise ValueError(f"similarities must be a square matrix, not of shape {tuple(similarity.shape)}")
    _, columns = linear_sum_assignment(similarity.detach().double().cpu().numpy(), maximize=True)
    return torch.from_numpy(columns).long()
