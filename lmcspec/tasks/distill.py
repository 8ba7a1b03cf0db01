"""Make a distilled set."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Interrupted, Kind
from lmcspec.tasks.params import Part

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True)
class Distill:
    """A method with its settings, the network whose features or gradients it matches, and the data. No slots."""

    method: Part
    model: Part
    data: Part


def run(ctx: Context, params: Distill, seeds: dict[str, int]) -> Finished:
    """Write `distilled.safetensors`: images in the study's space, and labels."""
    from lmcspec.catalog import ModelCard, get
    from lmcspec.science.data.distilled import save_distilled
    from lmcspec.science.distill.dm import Stopped

    card = get("distiller", params.method.value["method"])
    model = get("model", params.model.value["config"]["name"])
    assert isinstance(model, ModelCard)
    config = card.config.model_validate({**params.method.value, "seed": seeds["seed"]})
    data = read.dataset(ctx, params.data)
    total = params.method.value["iterations"]

    def pulse(iteration: int, loss: float) -> bool:
        ctx.progress(iteration, total, f"loss {loss:.4g}")
        ctx.metric("distill/loss", loss, iteration)
        return ctx.stopping()

    try:
        images, labels = card.load()(
            config,
            data.train,
            data.classes,
            partial(read.module, params.model),
            scheme=params.model.value["config"].get("init", "default"),
            classifier=model.classifier,
            begin=_read_checkpoint(ctx.partial / CHECKPOINT),
            pulse=pulse,
        )
    except Stopped as stopped:
        _write_checkpoint(ctx.partial / CHECKPOINT, stopped.progress)
        raise Interrupted(str(stopped)) from None
    save_distilled(ctx.out / read.DISTILLED, images, labels, data.space)
    return Finished({"images": len(labels), "classes": data.classes})


def _write_checkpoint(path: Path, progress: Any) -> None:
    import torch

    draft = path.with_suffix(".draft")
    entries = {"images": progress.images, "velocity": progress.velocity}
    read.write(draft, entries | {"iteration": torch.tensor(progress.iteration)})
    draft.replace(path)


def _read_checkpoint(path: Path) -> Any:
    from lmcspec.science.distill.dm import Progress

    if not path.exists():
        return None
    entries = read.tensors(path)
    return Progress(int(entries["iteration"]), entries["images"], entries["velocity"])


KIND = Kind(
    name="distill",
    version=1,
    params=Distill,
    run=run,
    sources=(
        "lmcspec.tasks.distill",
        "lmcspec.tasks.read",
        "lmcspec.science.data.augment",
        "lmcspec.science.data.distilled",
        "lmcspec.science.data.resident",
        "lmcspec.science.data.space",
        "lmcspec.science.distill.dm",
        "lmcspec.science.initial",
        "lmcspec.science.models",
        "lmcspec.science.models.convnet",
        "lmcspec.science.models.mlp",
        "lmcspec.base.recipes",
        "lmcspec.base.streams",
    ),
)
