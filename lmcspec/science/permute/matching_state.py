"""How far a matching is: what it hands over after each sweep, and goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lmcspec.science.permute.gram import Gram
from lmcspec.science.permute.groups import Groups


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """A permutation of B towards A, and how good it is."""

    permutation: dict[str, Tensor]
    objective: float
    """F, the sum of <A, p.B> over the counted parameters."""
    similarity: float
    """What was made large, by which restarts are compared: F, or for cosines the sum of the Grams' traces."""
    restart: int
    sweeps: int
    converged: bool
    """Whether no group could gain any more, as opposed to a stop at the last sweep allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A matching after a sweep. Tensors are never changed once they stand in a state."""

    restart: int
    sweep: int
    """Sweeps done in this restart."""
    permutation: dict[str, Tensor]
    grams: dict[str, Gram]
    objective: float
    """F under `permutation`; with the linear kernel what it was at the start and all gains since."""
    gained: dict[str, float]
    """What each group gained in the last sweep; 0 where it stayed."""
    begun: dict[str, Tensor]
    """Where every restart begins."""
    best: Matched | None = None
    """Of the restarts that are through."""
    over: bool = False
    """Whether this restart is through."""


def as_tensors(groups: Groups, state: State) -> dict[str, Tensor]:
    """A state as tensors, for a file; `from_tensors` makes the same of them to the bit. Groups go by their number."""
    number = {group: place for place, group in enumerate(groups.sizes)}
    tensors = {
        "at": torch.tensor([state.restart, state.sweep, state.over]),
        "objective": torch.tensor(state.objective, dtype=torch.float64),
        "gained": torch.tensor([state.gained[group] for group in groups.sizes], dtype=torch.float64),
        **{f"permutation/{number[group]}": vector for group, vector in state.permutation.items()},
        **{f"begun/{number[group]}": vector for group, vector in state.begun.items()},
    }
    for group, gram in state.grams.items():
        tensors[f"gram/{number[group]}"] = gram.matrix.cpu()
        tensors |= {f"under/{number[group]}/{number[other]}": vector for other, vector in gram.under.items()}
    if (best := state.best) is not None:
        tensors["best"] = torch.tensor([best.restart, best.sweeps, best.converged])
        tensors["best objective"] = torch.tensor([best.objective, best.similarity], dtype=torch.float64)
        tensors |= {f"best/{number[group]}": vector for group, vector in best.permutation.items()}
    return {name: tensor.clone() for name, tensor in tensors.items()}


def from_tensors(groups: Groups, tensors: Mapping[str, Tensor], device: str = "cpu") -> State:
    """The state that `as_tensors` wrote for these groups."""
    names = list(groups.sizes)
    restart, sweep, over = tensors["at"].tolist()
    grams = {}
    for place, group in enumerate(names):
        if (matrix := tensors.get(f"gram/{place}")) is not None:
            under = {name: tensors[key] for k, name in enumerate(names) if (key := f"under/{place}/{k}") in tensors}
            grams[group] = Gram(matrix.to(device), under)
    best = None
    if "best" in tensors:
        of_restart, sweeps, converged = tensors["best"].tolist()
        value, similarity = tensors["best objective"].tolist()
        permutation = {group: tensors[f"best/{place}"] for place, group in enumerate(names)}
        best = Matched(permutation, value, similarity, of_restart, sweeps, bool(converged))
    return State(
        restart,
        sweep,
        {group: tensors[f"permutation/{place}"] for place, group in enumerate(names)},
        grams,
        float(tensors["objective"]),
        dict(zip(names, tensors["gained"].tolist(), strict=True)),
        {group: tensors[f"begun/{place}"] for place, group in enumerate(names)},
        best,
        bool(over),
    )
