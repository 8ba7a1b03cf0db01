"""Experts: trainings on real data that leave their state after every epoch, for trajectory matching."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn

from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.computed import Computed
from lmcspec.science.data.resident import Split
from lmcspec.science.train import WHOLE, Callbacks, Segment, Snapshot, train


def trajectory(
    network: nn.Module | Computed,
    split: Split,
    recipe: Recipe,
    noise: TrainingNoise,
    states: dict[str, Tensor],
    segment: Segment = WHOLE,
    pulse: Callable[[int, float], bool | None] | None = None,
) -> Snapshot:
    """Train, and put the parameters after every epoch, from 0 on, into `states` as `epoch/name`, on the CPU.

    The recipe's length is a whole number of epochs. One that was interrupted goes on with the `states` that it had
    where the `segment` begins.
    """
    per_epoch = updates_per_epoch(len(split), recipe.batch)
    module = Computed.by(network).module
    names = [name for name, parameter in module.named_parameters() if parameter.requires_grad]

    def known() -> int:
        return len(states) // len(names)

    def keep(snapshot: Snapshot) -> None:
        states.update({f"{known()}/{name}": snapshot.state[name] for name in names})

    stops = [epoch * per_epoch for epoch in range(known(), recipe.length // per_epoch + 1)]
    return train(network, split, recipe, noise, segment=segment, callbacks=Callbacks(stops, keep, pulse))


def state_after(path: Path, epoch: int) -> dict[str, Tensor]:
    """The parameters by name after an epoch of the expert in a file; the other epochs are not read."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        parameters = [name for name in file.keys() if name.partition("/")[0] == str(epoch)]  # noqa: SIM118 (no mapping)
        if not parameters:
            raise ValueError(f"the expert in {path} has no epoch {epoch}")
        return {name.partition("/")[2]: file.get_tensor(name) for name in parameters}
