"""Weight matching: the permutation of B's units that brings its weights near A's, group by group.

Greedy coordinate ascent (Ainsworth et al. 2023, Git Re-Basin, algorithm 1): with all other groups held, the best
permutation of one group is an assignment of units by their Gram. It ends in a local optimum that depends on the order
of the groups, so that several restarts with other orders help. A matched pair lies nearer than an unmatched one by
chance alone, even before any training: what a smaller distance means needs that control beside it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.science.permute.algebra import Permutation, checked
from lmcspec.science.permute.assignment import assign
from lmcspec.science.permute.gram import Term, terms, updated
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.matching_state import Matched, State
from lmcspec.science.permute.objective import objective, squared_norm


@dataclass(frozen=True, slots=True)
class WeightMatching:
    """How to match."""

    kernel: Literal["linear", "cosine"] = "linear"
    """`linear`: products of weights, which makes the L2 distance small. `cosine`: each parameter's products divided by
    the norms of both units, so that large layers and units count no more than small ones. Its sum is another one for
    each group, so nothing promises that it ends but `sweeps`."""
    restarts: int = 1
    sweeps: int = 100
    """At most, for each restart."""
    tolerance: float = 1e-12
    """A group moves where it gains more than this share of (||A||^2 + ||B||^2) / 2, or of the cosines there are: above
    what float64 rounds away."""
    device: str = "cpu"


Start = Permutation | State | None
"""Where to begin: a permutation of B, a state that an earlier call handed over, or with B as it is."""


def match_weights(
    groups: Groups,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    settings: WeightMatching = WeightMatching(),
    start: Start = None,
    pair: int = 0,
    after_sweep: Callable[[State], object] | None = None,
) -> Matched:
    """The best permutation p of `b` that the restarts of weight matching find: `apply(groups, p, b)` lies near `a`.

    `a` and `b` are state dicts of the same shapes. `pair` is the address of the draws, with the number of the restart.
    `after_sweep` sees each state; see `sweeps` for stopping and going on. ValueError where tensors are missing, have
    other shapes or hold no finite numbers.
    """
    state = start if isinstance(start, State) else None
    for state in sweeps(groups, a, b, settings, start, pair):
        if after_sweep is not None:
            after_sweep(state)
    assert state is not None and state.best is not None, "the last state has all restarts behind it"
    return state.best


def sweeps(
    groups: Groups,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    settings: WeightMatching = WeightMatching(),
    start: Start = None,
    pair: int = 0,
) -> Iterator[State]:
    """The states of a matching, one after each sweep over all groups; the last has the `best` of all restarts.

    Stop by asking for no more. A state given as `start` to another call with the same networks, settings and `pair` is
    gone on from, to the same bits; the last one yields nothing more, unless there are more restarts now.
    """
    matching = _prepared(groups, a, b, settings, pair)
    state = start if isinstance(start, State) else _begin(matching, checked(groups, start or {}), 0, None)
    while not state.over or state.restart + 1 < settings.restarts:
        state = _swept(matching, state)
        yield state


@dataclass(frozen=True, slots=True, eq=False)
class _Matching:
    """Two networks laid out for matching."""

    groups: Groups
    a: dict[str, Tensor]
    b: dict[str, Tensor]
    settings: WeightMatching
    pair: int
    terms: dict[str, tuple[Term, ...]]
    least: dict[str, float]
    """What a group has to gain to move."""


def _prepared(
    groups: Groups, a: Mapping[str, Tensor], b: Mapping[str, Tensor], settings: WeightMatching, pair: int
) -> _Matching:
    a, b = ({name: _counted(name, state).to(settings.device) for name in groups.counted} for state in (a, b))
    for name in groups.counted:
        if a[name].shape != b[name].shape:
            shapes = f"{tuple(a[name].shape)} and {tuple(b[name].shape)}"
            raise ValueError(f"{name} has the shapes {shapes}: to match networks of different widths embed one first")
    cosine = settings.kernel == "cosine"
    members = terms(groups, a, b, cosine)
    norms = (squared_norm(groups, a) + squared_norm(groups, b)) / 2
    least = {
        group: settings.tolerance * (size * len(members[group]) if cosine else norms)
        for group, size in groups.sizes.items()
    }
    return _Matching(groups, a, b, settings, pair, members, least)


def _counted(name: str, state: Mapping[str, Tensor]) -> Tensor:
    if name not in state:
        raise ValueError(f"there is no {name} in a network to match")
    if not _finite(state[name]):
        raise ValueError(f"{name} holds numbers that are not finite: a network that diverged can't be matched")
    return state[name].detach()


def _finite(tensor: Tensor) -> bool:
    """Whether all numbers are finite: whether the least and the greatest are, in a tenth of the time of asking each."""
    return not tensor.numel() or all(math.isfinite(float(end)) for end in torch.aminmax(tensor.detach()))


def _begin(matching: _Matching, start: dict[str, Tensor], restart: int, best: Matched | None) -> State:
    """The state before the first sweep of a restart."""
    value = objective(matching.groups, start, matching.a, matching.b)
    return State(restart, 0, start, {}, value, dict.fromkeys(matching.groups.sizes, 0.0), start, best)


def _swept(matching: _Matching, state: State) -> State:
    """The state after the next sweep, which takes the groups in the order that the stream has for it."""
    if state.over:
        state = _begin(matching, state.begun, state.restart + 1, state.best)
    names = list(matching.groups.sizes)
    permutation, grams, gained = dict(state.permutation), dict(state.grams), dict.fromkeys(names, 0.0)
    for place in streams.permutation(len(names), "match", matching.pair, state.restart, state.sweep).tolist():
        group = names[place]
        before = grams.get(group)
        grams[group] = gram = updated(before, matching.terms[group], permutation, matching.groups.sizes[group])
        if gram is before:
            continue  # its neighbours stayed, and it is where they want it
        proposed = assign(gram.matrix)
        gain = _gain(matching, group, gram.matrix, permutation, proposed)
        if gain > matching.least[group]:
            permutation[group], gained[group] = proposed, gain
    converged = not any(gained.values())
    over = converged or state.sweep + 1 >= matching.settings.sweeps
    value = state.objective + sum(gained.values())
    after = State(state.restart, state.sweep + 1, permutation, grams, value, gained, state.begun, state.best, over)
    return _ended(matching, after, converged) if over else after


def _gain(matching: _Matching, group: str, gram: Tensor, permutation: dict[str, Tensor], proposed: Tensor) -> float:
    """What the objective gains by a group's proposed permutation.

    Where the group stands on two axes of a parameter, the Gram holds one of them still, and only trying tells.
    """
    coupled = tuple(term.parameter for term in matching.terms[group] if group in term.neighbours)
    if coupled:
        few = replace(matching.groups, counted=tuple(dict.fromkeys(term.parameter for term in matching.terms[group])))
        values = [
            objective(few, {**permutation, group: p}, matching.a, matching.b) for p in (permutation[group], proposed)
        ]
        return values[1] - values[0]
    units = torch.arange(len(proposed))
    columns = torch.stack([permutation[group], proposed]).to(gram.device)
    before, after = gram[units.to(gram.device), columns].sum(1).tolist()
    return after - before


def _ended(matching: _Matching, state: State, converged: bool) -> State:
    """A restart's last state, with the better of its end and those before."""
    value = state.objective
    if state.sweep > 1 or any(state.gained.values()):  # else it is what it was at the start
        value = objective(matching.groups, state.permutation, matching.a, matching.b)
    similarity = value if matching.settings.kernel == "linear" else _traces(matching, state)
    best = state.best
    if best is None or similarity > best.similarity:
        best = Matched(state.permutation, value, similarity, state.restart, state.sweep, converged)
    return replace(state, objective=value, best=best)


def _traces(matching: _Matching, state: State) -> float:
    """The sum of all groups' Grams at their permutations."""
    total = 0.0
    for group, size in matching.groups.sizes.items():
        matrix = updated(state.grams[group], matching.terms[group], state.permutation, size).matrix
        total += float(matrix[torch.arange(size), state.permutation[group]].sum())
    return total
