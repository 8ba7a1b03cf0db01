"""What a mask leaves of each layer, and what it has in common with another."""

import math
from dataclasses import asdict, dataclass

from lmcspec.tasks import read
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Overlap:
    """Inputs: `mask`, and `other` where it is compared."""

    model: Part


def work(params: Overlap, known: Known) -> Work:
    """The work of one comparison."""
    return Work(units=1.0, stored=512)


def run(ctx: Context, params: Overlap, seeds: dict[str, int]) -> Finished:
    """Sparsities as shares, in all and by layer; and of two masks the share of the sparser one that both keep.

    Beside that share stand what it would be by chance, how many standard deviations of chance it lies above, and the
    share of what either keeps. By layer they are counts: `size`, survivors in `a` and in `b`, and in `both`.
    """
    from lmcspec.science import masks
    from lmcspec.science.overlap import layers, overlap

    network = read.module(params.model, "meta")
    mask = read.mask(ctx, network)
    assert mask is not None, "there is a mask to look at"
    other = mask
    if ctx.has("other"):
        other = read.mask(ctx, network, "other")
        assert other is not None
    by_layer = layers(mask, other)
    metrics = {"sparsity": 1 - masks.density(mask)}
    metrics |= {f"layer-sparsity/{_layer(name)}": 1 - layer.a / layer.size for name, layer in by_layer.items()}
    if ctx.has("other"):
        whole = overlap(by_layer)
        metrics |= {"overlap": whole.shared, "overlap-by-chance": whole.by_chance, "overlap-of-either": whole.jaccard}
        metrics |= {"deviations": whole.deviations}
        metrics |= {f"layer-overlap/{_layer(name)}": overlap({name: layer}).shared for name, layer in by_layer.items()}
    counts = {_layer(name): asdict(layer) for name, layer in by_layer.items()}
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    return Finished({"metrics": finite, "layers": counts})


def _layer(name: str) -> str:
    return name.removesuffix(".weight")


KIND = Kind(
    name="overlap",
    doc="What a mask leaves of each layer, and what it has in common with another.",
    version=1,
    params=Overlap,
    run=run,
    work=work,
    gains=lambda params: False,
    about=lambda params: ("mask", "other"),
)
