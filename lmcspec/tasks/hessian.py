"""Curvature of the training loss at a trained network: the Hessian's diagonal, trace and largest eigenvalues."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmcspec.base.groups import GROUP
from lmcspec.tasks import read, says
from lmcspec.tasks.checkpoint import Checkpoints, check_like
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Finished, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import BACKWARD, Known, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from lmcspec.science.curvature import Batches, Estimate
    from lmcspec.science.curvature import Hessian as Matrix

DIAGONAL = "diagonal.safetensors"
PRODUCT = 2 * (1 + BACKWARD)
"""A product with the Hessian goes through the gradient's computation, which is forward and backward, and back."""
MANY = 100_000
"""Stands for the number of surviving weights where it is not known."""


@dataclass(frozen=True, slots=True)
class Hessian:
    """Inputs: `state`, `mask` where it has one."""

    model: Part
    data: Part
    batch: int
    batches: int
    probes: int
    """Vectors of Hutchinson's estimate; 0 for the exact diagonal."""
    eigenvalues: int


def work(params: Hessian, known: Known) -> Work:
    """A product for each probe; for each weight of an exact diagonal, of which only its mask knows how many survive.

    So the seconds of an exact one are kept per diagonal.
    """
    products = params.probes or (MANY if known.model is None else known.model.parameters)
    images = PRODUCT * params.batch * params.batches
    stored = None if known.weights is None else known.weights * (2 if params.probes else 1)
    return Work(units=float((params.probes or MANY) * images), forward=products * images, stored=stored)


def run(ctx: Context, params: Hessian, seeds: dict[str, int]) -> Finished:
    """Write the diagonal, float32 in the order of the parameters, masked ones 0, and of an estimate its `error`.

    The loss is the mean over `batches` batches of training images, each balanced over the classes, the same for every
    network. Of the diagonal of surviving parameters, and under `all/` with masked ones as 0: minimum, maximum, mean,
    standard deviation and mean magnitude, with a histogram; and the trace and the largest eigenvalues. Those of an
    estimate are of the estimated entries, whose standard errors have `entry-error` as root mean square. A network whose
    weights or curvature are not finite has the outcome `diverged`.
    """
    import torch

    from lmcspec.science import curvature, masks

    network = read.module(params.model).to(torch.device(ctx.device))
    mask = read.mask(ctx, network)
    network.load_state_dict(masks.apply(mask or {}, read.state(ctx, "state", network)))
    if not all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values()):
        return Finished({"metrics": {}}, "diverged")
    hessian = curvature.Hessian(network, _batches(ctx, params), mask)
    diagonal, estimate = _diagonal(ctx, params, hessian)
    if not bool(diagonal.isfinite().all()):
        return Finished({"metrics": {}}, "diverged")
    kept = diagonal[hessian.kept.cpu()]
    where = ("subset", params.data.value["digest"], "hessian", "eigenvalues")
    eigenvalues = curvature.largest_eigenvalues(hessian, params.eigenvalues, where) if params.eigenvalues else []
    files = {"diagonal": diagonal.float()} | ({} if estimate is None else {"error": estimate.error.float()})
    read.write(ctx.out / DIAGONAL, files)
    metrics = curvature.metrics(kept)
    metrics |= {f"all/{name}": value for name, value in curvature.metrics(diagonal).items()}
    metrics |= {"trace": float(diagonal.sum()) if estimate is None else estimate.trace}
    if estimate is not None:
        typical = estimate.error[hessian.kept.cpu()].square().mean().sqrt()
        metrics |= {"trace-error": estimate.trace_error, "entry-error": float(typical)}
    metrics |= {f"eigenvalue-{place}": value for place, value in enumerate(eigenvalues, 1)}
    counts = {"edges": curvature.edges(), "counts": curvature.histogram(kept)}
    return Finished({"metrics": metrics, "surviving": len(kept), "all": len(diagonal), "histogram": counts})


def _batches(ctx: Context, params: Hessian) -> "Batches":
    """Images without augmentation in their space, and labels."""
    from lmcspec.science.evaluate import InOrder

    train = read.dataset(ctx, params.data).train
    batches = []
    for number in range(params.batches):
        chosen = read.balanced(train, params.data, params.batch, "hessian", number)
        batches += list(InOrder(train.subset(chosen), params.batch))
    return batches


def _diagonal(ctx: Context, params: Hessian, hessian: "Matrix") -> "tuple[Tensor, Estimate | None]":
    """All of the diagonal, float64, and how well it is known where it is estimated."""
    import torch

    from lmcspec.science.curvature import Probes, entries, spread
    from lmcspec.science.several import in_groups

    checkpoints = Checkpoints(ctx, "products", "hessian.checkpoint")
    total, where = int(hessian.kept.sum()), ("subset", params.data.value["digest"], "hessian", "probes")
    fresh = Probes.none(hessian, where)

    def fits(done: int, held: "Mapping[str, Tensor]") -> None:
        if done > (params.probes or total):
            raise ValueError(f"{done} products are more than it takes")
        counted = torch.empty(done, dtype=torch.float64)
        if params.probes:
            check_like(held, {"sums": fresh.sums, "squares": fresh.squares, "traces": counted})
        else:
            check_like(held, {"values": counted})

    done, held = checkpoints.read(fits) or (0, {})

    def pulse(done: int, total: int, state: "dict[str, Tensor]") -> None:
        ctx.progress(done, total)
        if checkpoints.due():
            checkpoints.write(done, state, f"{done} of {total} products")

    if not params.probes:
        parts = [held["values"]] if done else []
        for values in entries(hessian, begin=done):
            parts.append(values)
            done += len(values)
            pulse(done, total, {"values": torch.cat(parts)})
        return spread(hessian, torch.cat(parts)), None
    probes = fresh
    if done:
        probes.sums, probes.squares, probes.traces = held["sums"], held["squares"], held["traces"].tolist()
    left = params.probes - len(probes.traces)
    chunks = [min(_CHUNK, left - begin) for begin in range(0, left, _CHUNK)]
    for several in in_groups(chunks, _chunks_at_once(hessian), PASS_SECONDS):
        probes.add(*several)
        traces = torch.tensor(probes.traces, dtype=torch.float64)
        state = {"sums": probes.sums, "squares": probes.squares, "traces": traces}
        pulse(len(probes.traces), params.probes, state)
    estimate = probes.estimate()
    return estimate.diagonal, estimate


_CHUNK = 8
"""Vectors multiplied at once. Fixed, because a product's rounding may depend on how many there are."""
_MOST_CHUNKS = 8
"""Chunks in a pass over the batches: an eighth of a gradient is little beside the products of as many vectors."""
PASS_SECONDS = 10.0
"""About how long a pass takes at most, after which a checkpoint may be written."""


def _chunks_at_once(hessian: "Matrix") -> int:
    """How many chunks of vectors, with products and sums of these, fit in as much memory as a group of networks."""
    return max(1, min(_MOST_CHUNKS, GROUP // (3 * 4 * _CHUNK * hessian.size)))


KIND = Kind(
    name="hessian",
    doc="Curvature of the training loss at a trained network: the Hessian's diagonal, trace and largest eigenvalues.",
    version=2,
    params=Hessian,
    run=run,
    work=work,
    says=says.trace,
    data="data",
    about=lambda params: ("state",),
)
