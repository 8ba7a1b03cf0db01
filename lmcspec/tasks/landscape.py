"""The landscape of loss and error in a plane through trained networks."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from lmcspec.tasks import read, shrunk, ways
from lmcspec.tasks.checkpoint import CHECKPOINT_SECONDS, Checkpoints, check_like
from lmcspec.tasks.context import Context
from lmcspec.tasks.dropped import unmasked
from lmcspec.tasks.kind import Finished, Kind, first_collapse
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lmcspec.science.data import Dataset, Split
    from lmcspec.science.evaluate import Evaluation
    from lmcspec.science.plane import Plane, State, Weights

LANDSCAPE = "landscape.safetensors"
REACH = 2.0
"""How far the plane as released goes from its middle, in units of its axes."""


@dataclass(frozen=True, slots=True)
class Landscape:
    """Inputs: `anchor-0`, `anchor-1`, `anchor-2`; `other-0`, … to project; `mask`, and with `decay` `start`.

    With `permutation-anchor-1`, and so on, a network is permuted first; `way-1-0`, `way-1-1`, … are earlier states of
    an anchor, permuted as it is, and only projected.
    """

    model: Part
    data: Part
    grid: int
    margin: float
    split: tuple[str, ...]
    images: int
    """Training images to evaluate on, a fixed class-balanced subset; 0 for all."""
    bn: Literal["average", "recompute"]
    bn_images: int
    plane: Literal["orthonormal", "as-released"] = "orthonormal"
    decay: Part | None = None
    """The recipe by which pruned weights decayed, where masks are dropped; in `branches` of the copies' training."""
    branches: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Grid:
    """The grid in a plane: its positions, what each of its points is made of, and where the networks lie."""

    x: list[float]
    y: list[float]
    points: "list[Weights]"
    """Row by row, x running fastest."""
    centre: "Weights"
    places: list[dict[str, float]]
    """x, y and residual of every network, anchors first."""
    ways: list[dict[str, list[float]]]
    """Of each anchor x, y and residual of the states on its way."""


def work(params: Landscape, known: Known) -> Work:
    """Images at all points of the grid, those for batch norm's statistics included."""
    points = params.grid**2
    images = points * sum(known.images(split, params.images) + params.bn_images for split in params.split)
    return Work(units=float(images), forward=images, stored=16 * points * len(params.split))


def run(ctx: Context, params: Landscape, seeds: dict[str, int]) -> Finished:
    """Write `{split}_loss` and `{split}_error`, float64 (grid, grid), rows by y, under `landscape.safetensors`.

    Beside it stand the positions along x and y; where each network lies, and how far from the plane; distances of
    all pairs of them, in weights and in the plane; what each is worth by itself; and by anchor where the states of its
    way lie, those that are no numbers left out. `centre` is the loss in the
    middle of the anchors above the mean of theirs; as released, in the middle M of the first two.

    Anchors that coincide or lie on a line span no plane: then there is but what each is worth, and `no-plane` says why.
    """
    import torch

    from lmcspec.science.outcome import outcome
    from lmcspec.science.plane import NoPlaneError, anchors_alone

    network = ways.network(ctx, params.model)
    states = [*_states(ctx, network, params, "anchor"), *_states(ctx, network, params, "other")]
    names = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    if not all(bool(state[name].isfinite().all()) for state in states for name in names):
        return Finished({"metrics": {}}, "diverged")
    data = read.dataset(ctx, params.data)
    try:
        grid, problem = _grid(ctx, network, params, states, names), ""
    except NoPlaneError as error:
        grid, problem = None, str(error)
    points = [*anchors_alone(len(states)), *(() if grid is None else (grid.centre, *grid.points))]
    sizes = {
        "train": params.images or len(data.train),
        "test": len(data.test),
        "validation": len(data.validation or ()),
    }
    looked = len(points) * sum(sizes[split] for split in params.split)
    small = shrunk.in_evaluation(ctx, params.model, network, states, looked)
    seen = (network, states) if small is None else (small.module, [small.take(state) for state in states])
    evaluations = _Evaluations(ctx, params, *seen, len(points), small is None)
    around = 3 if params.plane == "orthonormal" else 2  # anchors whose middle the centre is
    alone: dict[str, list[float]] = {}
    tensors: dict[str, Tensor] = {}
    metrics: dict[str, float] = {}
    outcomes: list[str] = []
    for split in params.split:
        values = evaluations.at(points, split, data)
        ends, rest = values[: len(states)], values[len(states) :]
        outcomes += [outcome(end, data.classes) for end in ends]
        for what in ("loss", "error"):
            name = f"{split}_{what}"
            alone[name] = [getattr(end, what) for end in ends]
            if grid is not None:
                centre, *heights = [getattr(point, what) for point in rest]
                tensors[name] = torch.tensor(heights, dtype=torch.float64).view(len(grid.y), len(grid.x))
                above = centre - sum(alone[name][:around]) / around
                if math.isfinite(above):
                    metrics[f"centre/{split}" + ("-loss" if what == "loss" else "")] = above
    if grid is None:
        return Finished({"metrics": {}, "own": alone, "no-plane": problem}, first_collapse(outcomes))
    read.write(ctx.out / LANDSCAPE, tensors)
    residuals = [place["residual"] for place in grid.places[3:]]
    metrics |= {"residual": sum(residuals) / len(residuals)} if residuals else {}
    scalars = {"metrics": metrics, "x": grid.x, "y": grid.y, "places": grid.places, "own": alone}
    scalars |= {"ways": grid.ways} if any(way["x"] for way in grid.ways) else {}
    distances = _distances(states, names, grid.places)
    return Finished(scalars | {"distances": distances}, first_collapse(outcomes))


def _states(ctx: Context, network: "nn.Module", params: Landscape, name: str) -> "Iterator[State]":
    """The networks in the inputs of that name, masked; or with what they would have kept where masks are dropped."""
    from lmcspec.science import masks

    mask = read.mask(ctx, network)
    number = 0
    while ctx.has(f"{name}-{number}"):
        state = masks.apply(mask or {}, read.state(ctx, f"{name}-{number}", network))
        if params.decay is not None and mask is not None:
            state = unmasked(ctx, state, mask, params.decay, params.branches)
        yield _moves(ctx, params, f"{name}-{number}")(state)
        number += 1


def _moves(ctx: Context, params: Landscape, of: str) -> "Callable[[State], State]":
    """Puts states under the permutation of one of the networks, if that has one."""
    if not ctx.has(f"permutation-{of}"):
        return lambda state: state
    from lmcspec.science.permute import algebra

    groups = read.groups(params.model)
    return partial(algebra.apply, groups, read.permutation(ctx, f"permutation-{of}", groups))


def _ways(
    ctx: Context, network: "nn.Module", params: Landscape, through: "Plane", names: Sequence[str]
) -> list[dict[str, list[float]]]:
    """Of each anchor x, y and residual of the states on its way, one after another: they may be many."""
    from lmcspec.science import masks

    mask = read.mask(ctx, network)
    ways = []
    for anchor in range(3):
        way: dict[str, list[float]] = {"x": [], "y": [], "residual": []}
        number, move = 0, _moves(ctx, params, f"anchor-{anchor}")
        while ctx.has(f"way-{anchor}-{number}"):
            state = masks.apply(mask or {}, read.state(ctx, f"way-{anchor}-{number}", network))
            if all(bool(state[name].isfinite().all()) for name in names):
                there = through.project(move(state))
                for what, values in way.items():
                    values.append(getattr(there, what))
            number += 1
        ways.append(way)
    return ways


def _grid(
    ctx: Context, network: "nn.Module", params: Landscape, states: "Sequence[State]", names: Sequence[str]
) -> _Grid:
    from lmcspec.science import paths, plane

    if params.plane == "orthonormal":
        through = plane.plane_through(states[:3], names)
        projected = [through.project(state) for state in states]
        ways = _ways(ctx, network, params, through, names)
        within = [(point.x, point.y) for point in projected]
        within += [there for way in ways for there in zip(way["x"], way["y"], strict=True)]
        xs, ys = plane.grid(within, params.grid, params.margin)
        rest = (0.0,) * (len(states) - 3)
        points = [(*through.weights(x, y), *rest) for y in ys for x in xs]
        exact = [*through.anchors, *((point.x, point.y) for point in projected[3:])]
        residuals = [0.0, 0.0, 0.0, *(point.residual for point in projected[3:])]
        places = [{"x": x, "y": y, "residual": off} for (x, y), off in zip(exact, residuals, strict=True)]
        return _Grid(xs, ys, points, (1 / 3, 1 / 3, 1 / 3, *rest), places, ways)
    steps = [-REACH + 2 * REACH * place / (params.grid - 1) for place in range(params.grid)]
    points = [plane.as_released(x, y) for y in steps for x in steps]
    # Where the code takes the networks to be; of those, the last two are there only if they are opposite.
    nominal = ((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0))
    places = []
    for state, (x, y) in zip(states, nominal, strict=True):
        there = _mixed(states, plane.as_released(x, y), names)
        places.append({"x": x, "y": y, "residual": paths.distance(state, there, names)})
    return _Grid(steps, steps, points, plane.as_released(0.0, 0.0), places, [])


def _mixed(states: "Sequence[State]", weights: "Weights", names: Sequence[str]) -> "dict[str, Tensor]":
    pairs = list(zip(weights, states, strict=True))
    return {name: sum(weight * state[name].double() for weight, state in pairs) for name in names}  # pyright: ignore[reportReturnType]


def _distances(
    states: "Sequence[State]", names: Sequence[str], places: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    """The L2 distance of every pair's weights, and that of where the two lie in the plane."""
    from lmcspec.science import paths

    pairs = []
    for a in range(len(states)):
        for b in range(a + 1, len(states)):
            flat = math.dist((places[a]["x"], places[a]["y"]), (places[b]["x"], places[b]["y"]))
            apart = paths.distance(states[a], states[b], names)
            pairs.append({"a": a, "b": b, "weights": apart, "plane": flat})
    return pairs


class _Evaluations:
    """Evaluates points and remembers how far it came, so that nothing is looked at twice after a stop."""

    def __init__(
        self,
        ctx: Context,
        params: Landscape,
        network: "nn.Module",
        states: "Sequence[State]",
        points: int,
        whole: bool,
    ) -> None:
        self._ctx, self._params, self._network, self._states = ctx, params, network, states
        self._total, self._whole = points * len(params.split), whole
        self._checkpoints = Checkpoints(ctx, "points", "landscape.checkpoint")
        _, held = self._checkpoints.read(self._fits) or (0, {})
        self._known = {name: values.tolist() for name, values in held.items()}

    def _fits(self, done: int, held: "Mapping[str, Tensor]") -> None:
        """Rows of images, errors and loss for each split, no more than there are points."""
        import torch

        most = self._total // len(self._params.split)
        for split, values in held.items():
            check_like({split: values}, {split: torch.empty(len(values), 3, dtype=torch.float64)})
            if split not in self._params.split or len(values) > most or not bool(values[:, :2].isfinite().all()):
                raise ValueError(f"it has {len(values)} points of {split}")
        if done != sum(map(len, held.values())):
            raise ValueError(f"it has not the {done} points that it says")

    def at(self, points: "Sequence[Weights]", split: str, data: "Dataset") -> "list[Evaluation]":
        """The evaluations of a split at these points."""
        from lmcspec.science import plane
        from lmcspec.science.evaluate import Evaluation

        def fixed(count: int, use: str) -> "Split":
            return data.train.subset(read.balanced(data.train, self._params.data, count, use))

        split_of = {"train": data.train, "test": data.test, "validation": data.validation}[split]
        assert split_of is not None
        if split == "train" and self._params.images:
            split_of = fixed(self._params.images, "path")
        refill = fixed(self._params.bn_images, "batch norm") if self._params.bn == "recompute" else None
        known, before = self._known.setdefault(split, []), self._done
        many = len(points), len(split_of)
        stacked = ways.looks_together(self._ctx, self._params.model, self._network, *many) if self._whole else 1
        grid = plane.Points(self._network, self._states, split_of, refill, stacked=stacked)
        for values in grid.values(points[len(known) :], CHECKPOINT_SECONDS, lambda done: self._tell(before + done)):
            known += [[float(value.images), float(value.errors), value.loss] for value in values]
            if self._checkpoints.due():
                self._write()
        return [Evaluation(int(images), int(errors), loss) for images, errors, loss in known]

    @property
    def _done(self) -> int:
        return sum(map(len, self._known.values()))

    def _tell(self, done: int) -> None:
        """Say how far it is; what a group has come to before all of its points are done is lost where it is to stop."""
        self._ctx.progress(done, self._total)
        if self._ctx.stopping():
            self._write()

    def _write(self) -> None:
        import torch

        held = {name: torch.tensor(values, dtype=torch.float64) for name, values in self._known.items() if values}
        self._checkpoints.write(self._done, held, f"{self._done} of {self._total} points")


KIND = Kind(
    name="landscape",
    doc="The landscape of loss and error in a plane through trained networks.",
    version=2,
    params=Landscape,
    run=run,
    work=work,
    data="data",
    about=lambda params: ("anchor-", "other-"),
    points=lambda params: params.grid**2,
    picture="lmcspec.report.figures.landscape:draw",
)
