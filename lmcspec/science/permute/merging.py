"""Several networks aligned to each other, and their mean (Ainsworth et al. 2023, Git Re-Basin, algorithm 3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.science.permute.algebra import Permutation, apply, checked, identity
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.objective import squared_norm
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

PASSES = 100
"""At most, over all networks."""


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Networks that were aligned to each other."""

    permutations: tuple[dict[str, Tensor], ...]
    """Of each network, in the order in which they were given."""
    mean: dict[str, Tensor]
    """The mean of the permuted networks; of tensors of integers the first network's."""
    distances: tuple[float, ...]
    """The sum over networks of the squared distance to their mean, over counted parameters: at first, and after each
    pass."""


@dataclass(frozen=True, slots=True, eq=False)
class Merging:
    """A merging after `passes` whole passes and `aligned` networks of the next. Tensors in it are never changed."""

    passes: int
    aligned: int
    permutations: tuple[dict[str, Tensor], ...]
    before: tuple[dict[str, Tensor], ...]
    """At the end of the last whole pass."""
    distances: tuple[float, ...]
    over: bool = False
    """Whether no pass brought them nearer any more."""

    def tensors(self) -> dict[str, Tensor]:
        """The state as tensors, for a file; `merging` makes the same of them to the bit."""
        sides = {"now": self.permutations, "before": self.before}
        return {
            "at": torch.tensor([self.passes, self.aligned, self.over, len(self.permutations)]),
            "distances": torch.tensor(self.distances, dtype=torch.float64),
            **{
                f"{side}/{place}/{group}": vector.clone()
                for side, permutations in sides.items()
                for place, permutation in enumerate(permutations)
                for group, vector in permutation.items()
            },
        }


def merging(tensors: Mapping[str, Tensor]) -> Merging:
    """The state that `Merging.tensors` gave."""
    sides: dict[str, dict[int, dict[str, Tensor]]] = {"now": {}, "before": {}}
    for name, tensor in tensors.items():
        side, _, rest = name.partition("/")
        if side in sides:
            place, _, group = rest.partition("/")
            sides[side].setdefault(int(place), {})[group] = tensor
    passes, aligned, over, networks = tensors["at"].tolist()
    now, before = (
        tuple(sides[side].get(place, {}) for place in range(networks)) for side in ("now", "before")
    )  # of a network without groups there are no vectors
    return Merging(passes, aligned, now, before, tuple(tensors["distances"].tolist()), bool(over))


def merge_many(
    groups: Groups,
    states: Sequence[Mapping[str, Tensor]],
    settings: WeightMatching = WeightMatching(),  # noqa: B008 (frozen)
    pair: int = 0,
    start: Merging | None = None,
    after_step: Callable[[Merging], object] | None = None,
) -> Merged:
    """Align two or more networks to each other by weight matching, and take their mean.

    `after_step` sees each state; see `steps` for what is done, for stopping and for going on. Running statistics are
    averaged as they are: take those of batch norm anew on training data for the mean.
    """
    state = start
    for state in steps(groups, states, settings, pair, start):
        if after_step is not None:
            after_step(state)
    assert state is not None, "two networks are aligned at least once"
    permutations = [checked(groups, permutation) for permutation in state.permutations]
    mean = {name: _mean(groups, name, states, permutations).to(first.dtype) for name, first in states[0].items()}
    return Merged(state.permutations, mean, state.distances)


def steps(
    groups: Groups,
    states: Sequence[Mapping[str, Tensor]],
    settings: WeightMatching = WeightMatching(),  # noqa: B008 (frozen)
    pair: int = 0,
    start: Merging | None = None,
) -> Iterator[Merging]:
    """The states of a merging, one after each network that was aligned; the last is `over`.

    Each pass takes the networks in a random order and aligns each to the mean of the others, from where it is; that can
    only bring them nearer with the linear kernel. The last pass is the one that does not bring them nearer any more.
    Beside the networks themselves memory holds one mean in float64, and what a matching takes. Stop by asking for no
    more; a state given as `start` to another call with the same networks, settings and `pair` is gone on from, to the
    same bits. ValueError as `match_weights` has them, and for fewer than two networks.
    """
    if len(states) < 2:
        raise ValueError(f"two or more networks can be merged, not {len(states)}")
    norms = sum(squared_norm(groups, state) for state in states)
    state = start
    if state is None:
        begin = tuple(identity(groups) for _ in states)
        state = Merging(0, 0, begin, begin, (_distance(groups, states, begin),))
    while not state.over:
        order = streams.permutation(len(states), "match", pair, "merge", state.passes).tolist()
        place, permutations = order[state.aligned], list(state.permutations)
        others = [other for other in range(len(states)) if other != place]
        mean = {name: _mean(groups, name, states, permutations, others) for name in groups.counted}
        matched = match_weights(groups, mean, states[place], settings, permutations[place], pair)
        permutations[place] = matched.permutation
        state = replace(state, aligned=state.aligned + 1, permutations=tuple(permutations))
        if state.aligned == len(states):
            state = _passed(groups, states, state, settings.tolerance * norms)
        yield state


def _passed(groups: Groups, states: Sequence[Mapping[str, Tensor]], state: Merging, least: float) -> Merging:
    """The state at the end of a pass, whose distance is to fall by more than this if there is to be another."""
    distance = _distance(groups, states, state.permutations)
    if distance > state.distances[-1]:  # the cosine kernel makes something else small
        return Merging(state.passes + 1, 0, state.before, state.before, state.distances, over=True)
    over = state.distances[-1] - distance <= least or state.passes + 1 >= PASSES
    return Merging(state.passes + 1, 0, state.permutations, state.permutations, (*state.distances, distance), over)


def _mean(
    groups: Groups,
    name: str,
    states: Sequence[Mapping[str, Tensor]],
    permutations: Sequence[Permutation],
    which: Sequence[int] | None = None,
) -> Tensor:
    """The mean of a tensor of the permuted networks, or of some, in float64; the first's where it is of integers."""
    places = range(len(states)) if which is None else which
    if not states[places[0]][name].is_floating_point():
        return states[places[0]][name].clone()
    total = torch.zeros_like(states[places[0]][name], dtype=torch.float64)
    for place in places:
        total += _moved(groups, name, states[place], permutations[place])
    return total / len(places)


def _distance(groups: Groups, states: Sequence[Mapping[str, Tensor]], permutations: Sequence[Permutation]) -> float:
    """The sum over networks of ||theta_i - mean||^2, over counted parameters."""
    total = 0.0
    for name in groups.counted:
        mean = _mean(groups, name, states, permutations)
        for state, permutation in zip(states, permutations, strict=True):
            total += float((_moved(groups, name, state, permutation).double() - mean).square().sum())
    return total


def _moved(groups: Groups, name: str, state: Mapping[str, Tensor], permutation: Permutation) -> Tensor:
    return apply(groups, permutation, {name: state[name].detach()})[name]
