"""Load weights: the state that a network starts with, from a file of elsewhere into the store."""

from dataclasses import dataclass
from pathlib import Path

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class LoadWeights:
    """Parameters and buffers for a model."""

    model: Part
    file: Part
    """The digest of the file's tensors. Where it lies, and by which names, is neutral."""


def work(params: LoadWeights, known: Known) -> Work:
    """The work of reading one state."""
    return Work(units=1.0, stored=known.weights)


def run(ctx: Context, params: LoadWeights, seeds: dict[str, int]) -> Finished:
    """Write `state.safetensors`; how many tensors it has, and numbers in them."""
    import torch

    from lmcspec.science.given.given import read_weights

    network = read.module(params.model, "meta")
    where = ctx.neutral[params.file.digest]
    held = read_weights(
        Path(where["weights"]), where["rename"], read.shapes(network.state_dict()), params.file.value["digest"]
    )
    state = {name: torch.from_numpy(value) for name, value in held.items()}
    read.write(ctx.out / read.STATE, state)
    return Finished({"tensors": len(state), "numbers": sum(tensor.numel() for tensor in state.values())})


KIND = Kind(
    name="load_weights",
    doc="Load weights: the state that a network starts with, from a file of elsewhere into the store.",
    version=1,
    params=LoadWeights,
    run=run,
    work=work,
    gains=lambda params: False,
    makes="state",
    file="file",
)
