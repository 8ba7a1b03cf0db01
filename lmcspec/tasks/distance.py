"""How far two copies are from each other and from where they started."""

from dataclasses import dataclass

from lmcspec.base.errors import LmcspecError
from lmcspec.tasks import read, says
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work


@dataclass(frozen=True, slots=True)
class Distance:
    """Inputs: `a`, `b`, `start` from which both set out, `mask` where they have one."""

    model: Part


def work(params: Distance, known: Known) -> Work:
    """The work of one comparison."""
    return Work(units=1.0, stored=512)


def run(ctx: Context, params: Distance, seeds: dict[str, int]) -> Finished:
    """L2 distances over trainable parameters, masked ones zero: `distance` of a and b, `from-start` of each; `angle`.

    The angle is that between the ways from start to a and to b, in degrees; of a way that leads nowhere it is NaN. The
    outcome is `diverged` where an end is not finite.
    """
    import math

    from lmcspec.science import masks
    from lmcspec.science.distances import triangle

    network = read.module(params.model, "meta")
    mask = read.mask(ctx, network) or {}
    a, b, start = (masks.apply(mask, read.state(ctx, name, network)) for name in ("a", "b", "start"))
    sides = triangle(a, b, start, [name for name, p in network.named_parameters() if p.requires_grad])
    if sides.apart == 0 and any(sides.from_start):
        raise LmcspecError(
            "the two copies are the same weights: each update saw the same images, or they were trained under the same "
            "noise",
            help="with one batch to an epoch the order of images says nothing: a smaller `batch` has an order",
        )
    scalars = {"distance": sides.apart, "from-start": list(sides.from_start), "angle": sides.angle}
    return Finished(scalars, "ok" if math.isfinite(sides.apart) else "diverged")


KIND = Kind(
    name="distance",
    doc="How far two copies are from each other and from where they started.",
    version=1,
    params=Distance,
    run=run,
    work=work,
    says=says.distance,
    gains=lambda params: False,
    about=lambda params: ("a", "b"),
)
