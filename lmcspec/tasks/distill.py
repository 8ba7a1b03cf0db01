"""Make a distilled set."""

import math
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.tasks import read, says
from lmcspec.tasks.checkpoint import UNFIT, Checkpoints, is_unfit
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import CardOf, Finished, Kind, UnfitInput
from lmcspec.tasks.params import ADDED_LATER, Part
from lmcspec.tasks.work import Known, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from lmcspec.science.data import Dataset
    from lmcspec.science.data.distilled.distilled_set import Distilled


GRID = "grid.png"
"""The images of a set, a row for each class."""


@dataclass(frozen=True, slots=True)
class Distill:
    """A method with its settings, the network whose features or gradients it matches, and the data.

    Inputs: `expert-0`, `expert-1`, … of a method that follows experts.
    """

    method: Part
    model: Part
    data: Part
    code: str | None = field(default=None, metadata=ADDED_LATER)
    """The code of a method that isn't built in."""


def work(params: Distill, known: Known) -> Work:
    """What the method says of its own work, without its experts."""
    from lmcspec.catalog import get

    settings = params.method.value
    method: Any = get("distiller", settings["method"]).config.model_validate(settings)
    real, forward = method.work(known.data.classes, known.data.train)
    return Work(units=float(max(forward, 1)), forward=forward, making=real)


def run(ctx: Context, params: Distill, seeds: dict[str, int]) -> Finished:
    """Write `distilled.safetensors`, images in their space and labels, and `grid.png`, a row for each class.

    A set whose loss, pixels or learned rate stopped being numbers, or whose rate is not above 0, has the outcome
    `diverged`; it has no picture, and what trains on it comes to nothing either.
    """
    from lmcspec.catalog import ModelCard, get
    from lmcspec.science.data.distilled.distilled_set import save_distilled
    from lmcspec.science.data.look import save_grid, visible
    from lmcspec.science.distill.distillation import Distillation, DistillationState, DistillationStopped, Diverged
    from lmcspec.science.initial import scheme_of

    card = get("distiller", params.method.value["method"])
    model = get("model", params.model.value["config"]["name"])
    assert isinstance(model, ModelCard)
    config: Any = card.config.model_validate({**params.method.value, "seed": seeds["seed"]})
    data = read.dataset(ctx, params.data)

    checkpoints = Checkpoints(ctx, "iteration", "distill.checkpoint")
    begin, told = None, checkpoints.pulse(config.steps, "distill/loss")
    went_on = False

    def fits(step: int, held: "Mapping[str, Tensor]") -> None:
        if step > config.steps:
            raise ValueError(f"{step} steps are more than it takes")

    def pulse(step: int, loss: float) -> bool:
        nonlocal went_on
        went_on = True
        return told(step, loss)

    if (checkpoint := checkpoints.read(fits)) is not None:
        begin = DistillationState(*checkpoint)
        ctx.log(f"goes on from its checkpoint after {begin.step} steps")

    distillation = Distillation(
        data,
        partial(read.module, params.model),
        scheme_of(params.model.value["config"]),
        model.classifier,
        experts=_experts(ctx, params),
        begin=begin,
        pulse=pulse,
    )
    while True:
        try:
            made = card.load()(config, distillation)
            shape = tuple(made.images.shape)
            if begin is not None and not went_on and shape != (len(made.labels), *data.shape):
                raise ValueError(f"it holds images {shape}")
            break
        except DistillationStopped as stopped:
            distillation = replace(distillation, begin=stopped.progress)
            checkpoints.write(stopped.progress.step, stopped.progress.state, f"{stopped.progress.step} steps")
        except Diverged as diverged:
            ctx.log(str(diverged))
            made = _diverged(data, config.ipc)
            break
        except UNFIT as error:
            # What is wrong with a checkpoint's tensors only the method knows, before its first step is done.
            if begin is None or went_on or not is_unfit(error):
                raise
            checkpoints.discard(error)
            begin, distillation = None, replace(distillation, begin=None)
    save_distilled(ctx.out / read.DISTILLED, replace(made, names=data.names))
    if not bool(made.images.isfinite().all()) or (made.rate is not None and not 0 < made.rate < math.inf):
        return Finished({"images": len(made.labels), "classes": data.classes}, "diverged")
    conversion = None if made.space.name == "raw" else data.train.conversion
    save_grid(ctx.out / GRID, visible(made.images, conversion), config.ipc)
    rate = {} if made.rate is None else {"rate": made.rate}
    return Finished({"images": len(made.labels), "classes": data.classes, **rate})


def _diverged(data: "Dataset", ipc: int) -> "Distilled":
    """The set of a method that diverged: labels, and pixels that are NaN."""
    import torch

    from lmcspec.science.data.distilled.distilled_set import Distilled
    from lmcspec.science.distill.start import class_labels

    labels = class_labels(data.classes, ipc, data.train.device)
    return Distilled(torch.full((len(labels), *data.shape), math.nan), labels, data.space)


def _experts(ctx: Context, params: Distill) -> list[Path]:
    """The files of the experts in the inputs, by number. UnfitInput where one is of another model."""
    from safetensors import safe_open

    files, network = [], read.module(params.model, "meta")
    shapes = {name: list(tensor.shape) for name, tensor in network.named_parameters() if tensor.requires_grad}
    while ctx.has(expert := f"expert-{len(files)}"):
        files.append(ctx.input(expert) / read.TRAJECTORY)
        try:
            with safe_open(files[-1], framework="pt") as file:
                parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            held = {name: (part.get_shape(), part.get_dtype()) for name, part in parts.items()}
        except Exception as error:  # safetensors' own error class has no stable name
            raise read.blamed(expert, files[-1], f"its {read.TRAJECTORY} can't be read: {error}", error) from error
        epochs = range(len(held) // max(1, len(shapes)))
        if held != {f"{epoch}/{name}": (shape, "F32") for epoch in epochs for name, shape in shapes.items()}:
            raise UnfitInput(expert, f"its {read.TRAJECTORY} is that of another model")
    return files


KIND = Kind(
    name="distill",
    doc="Make a distilled set.",
    version=2,
    params=Distill,
    run=run,
    work=work,
    says=says.images,
    makes="set",
    card=CardOf("method", "distiller", "method"),
    data="data",
    picture=GRID,
)
