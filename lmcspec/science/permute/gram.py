"""Similarities of a group's units in two networks, kept up while the other groups are permuted.

The Gram of a group is G[i, j] = the sum, over the stretches of axes that carry it, of <A's entries at unit i, B's at
unit j>, with B permuted on all other axes. It does not depend on the group's own permutation, and it is linear in each
entry of the others': where these moved since, only the products that moved are taken off and added, in float64.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lmcspec.science.permute.algebra import Permutation, positions
from lmcspec.science.permute.groups import Block, Groups

CHUNK = 2**21
"""Entries of a parameter that are widened to float64 at a time: 16 MiB of each network."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What a stretch of an axis of a parameter adds to its group's Gram: a^T b[index], each as (entries, units).

    `a` and `b` have shape (entries on the other axes that groups permute, entries on those that stay, units).
    """

    parameter: str
    others: tuple[tuple[Block, ...], ...]
    """The blocks of the other axes that groups permute; without any, all entries stay and are the first axis."""
    a: Tensor
    b: Tensor
    neighbours: frozenset[str]
    """The groups on whose permutations the term depends: those of `others`."""
    scale: Tensor | None
    """For the cosine 1 / (|a_i| |b_j|), and 0 where a unit is zero, (units, units)."""

    def index(self, permutation: Permutation) -> Tensor:
        """Which entry of `b` stands beside each of `a` once the other axes are permuted."""
        if not self.others:
            return torch.arange(len(self.a))
        index = positions(self.others[0], permutation)
        for blocks in self.others[1:]:
            moved = positions(blocks, permutation)
            index = (index[:, None] * len(moved) + moved).flatten()
        return index


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """The similarities of a group's units, float64 (n, n), and the permutation of its neighbours that they go with."""

    matrix: Tensor
    under: dict[str, Tensor]


def terms(
    groups: Groups, a: Mapping[str, Tensor], b: Mapping[str, Tensor], cosine: bool = False
) -> dict[str, tuple[Term, ...]]:
    """The terms of each group over the counted parameters, which lie beside each other with the units last.

    A parameter that two groups permute is held once for each of them, in its own type.
    """
    collected: dict[str, list[Term]] = {group: [] for group in groups.sizes}
    for name in groups.counted:
        for axis, blocks in enumerate(groups.axes.get(name, ())):
            start = 0
            for block in blocks:
                if block.group is not None:
                    collected[block.group].append(_term(groups, (name, axis, start, block), a[name], b[name], cosine))
                start += block.length
    return {group: tuple(members) for group, members in collected.items()}


def updated(gram: Gram | None, members: tuple[Term, ...], permutation: Permutation, units: int) -> Gram:
    """The Gram under this permutation: the same object where none of its neighbours moved since, else a new one."""
    neighbours = sorted(frozenset[str]().union(*(term.neighbours for term in members)))
    now = {group: permutation[group] for group in neighbours}
    if gram is None:
        device = members[0].a.device if members else None
        matrix = torch.zeros(units, units, dtype=torch.float64, device=device)
        for term in members:
            _add(matrix, term, term.index(now), None)
        return Gram(matrix, now)
    moved = {group for group, vector in now.items() if not torch.equal(vector, gram.under[group])}
    if not moved:
        return gram
    matrix = gram.matrix.clone()
    for term in members:
        if term.neighbours & moved:
            _add(matrix, term, term.index(now), term.index(gram.under))
    return Gram(matrix, now)


def _add(matrix: Tensor, term: Term, new: Tensor, old: Tensor | None) -> None:
    """Add a term to a Gram, or what of it changed from one index to another."""
    device = matrix.device
    rows = torch.arange(len(new)) if old is None else (new != old).nonzero().flatten()
    target = matrix if term.scale is None else torch.zeros_like(matrix)
    step = max(1, CHUNK // max(1, term.a[0].numel()))
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        moved = term.b.index_select(0, new[part].to(device)).double()
        if old is not None:
            moved -= term.b.index_select(0, old[part].to(device))
        still = term.a if len(part) == len(term.a) else term.a.index_select(0, part.to(device))
        target.addmm_(still.double().flatten(0, 1).T, moved.flatten(0, 1))
    if term.scale is not None:
        matrix.addcmul_(target, term.scale)


def _term(groups: Groups, place: tuple[str, int, int, Block], a: Tensor, b: Tensor, cosine: bool) -> Term:
    name, axis, start, block = place
    axes = groups.axes[name]
    others = [other for other in range(a.ndim) if other != axis and any(part.group is not None for part in axes[other])]
    laid_a, laid_b = (_laid_out(tensor.detach(), axis, start, block, others) for tensor in (a, b))
    scale = torch.outer(_inverse_norms(laid_a), _inverse_norms(laid_b)) if cosine else None
    blocks = tuple(axes[other] for other in others)
    neighbours = frozenset(part.group for of_axis in blocks for part in of_axis if part.group is not None)
    return Term(name, blocks, laid_a, laid_b, neighbours, scale)


def _laid_out(tensor: Tensor, axis: int, start: int, block: Block, others: list[int]) -> Tensor:
    """A stretch of an axis as (entries of `others`, of the axes that stay, units), beside each other in memory."""
    part = tensor.narrow(axis, start, block.length).unflatten(axis, (block.size, block.inner))
    first = [other + (other > axis) for other in others]
    order = [*first, *(k for k in range(part.ndim) if k != axis and k not in first), axis]
    entries = 1
    for other in others:
        entries *= tensor.shape[other]
    laid = (
        part.permute(order).reshape(entries, -1, block.size)
        if others
        else part.permute(order).reshape(-1, 1, block.size)
    )
    return laid.contiguous()


def _inverse_norms(laid: Tensor) -> Tensor:
    norms = laid.flatten(0, 1).double().square().sum(0).sqrt()
    return torch.where(norms > 0, 1 / norms, 0.0)
