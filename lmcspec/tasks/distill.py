"""Make a distilled set."""

from dataclasses import dataclass
from functools import partial

from lmcspec.tasks import read
from lmcspec.tasks.checkpoint import Checkpoints
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Interrupted, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.sources import IMAGES, MODELS


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
    from lmcspec.science.distill.progress import Progress, Stopped
    from lmcspec.science.initial import scheme_of

    card = get("distiller", params.method.value["method"])
    model = get("model", params.model.value["config"]["name"])
    assert isinstance(model, ModelCard)
    config = card.config.model_validate({**params.method.value, "seed": seeds["seed"]})
    data = read.dataset(ctx, params.data)
    total = params.method.value["iterations"]

    checkpoints = Checkpoints(ctx, "iteration", "distill.checkpoint")
    begin = None
    if (checkpoint := checkpoints.read()) is not None:
        begin = Progress(*checkpoint)
        ctx.log(f"goes on from its checkpoint after {begin.iteration} iterations")

    def pulse(iteration: int, loss: float) -> bool:
        ctx.progress(iteration, total, f"loss {loss:.4g}")
        ctx.metric("distill/loss", loss, iteration)
        return checkpoints.due()

    while True:
        try:
            images, labels = card.load()(
                config,
                data.train,
                data.classes,
                partial(read.module, params.model),
                scheme=scheme_of(params.model.value["config"]),
                classifier=model.classifier,
                begin=begin,
                pulse=pulse,
            )
            break
        except Stopped as stopped:
            begin = stopped.progress
            checkpoints.write(begin.iteration, begin.state)
            if ctx.stopping():
                raise Interrupted(str(stopped)) from None
    save_distilled(ctx.out / read.DISTILLED, images, labels, data.space)
    return Finished({"images": len(labels), "classes": data.classes})


KIND = Kind(
    name="distill",
    version=1,
    params=Distill,
    run=run,
    sources=(
        "lmcspec.tasks.distill",
        "lmcspec.tasks.checkpoint",
        "lmcspec.science.data.distilled",
        "lmcspec.science.distill.dm",
        "lmcspec.science.distill.progress",
        "lmcspec.science.initial",
        *MODELS,
        *IMAGES,
    ),
)
