"""The landscape of loss and error in a plane through trained networks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.tasks import read
from lmcspec.tasks.checkpoint import Checkpoints
from lmcspec.tasks.context import Context
from lmcspec.tasks.dropped import unmasked
from lmcspec.tasks.kind import Finished, Interrupted, Kind
from lmcspec.tasks.params import Part
from lmcspec.tasks.work import Known, Work

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lmcspec.science.data import Dataset, Split
    from lmcspec.science.evaluate import Evaluation
    from lmcspec.science.plane import State, Weights

LANDSCAPE = "landscape.safetensors"
REACH = 2.0
"""Of the plane as released: how far it goes from its middle, in units of its axes."""


@dataclass(frozen=True, slots=True)
class Landscape:
    """Inputs: `anchor-0`, `anchor-1`, `anchor-2`; `other-0`, … to project; `mask`, and with `decay` `start`."""

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
class _Ground:
    """Where to look: the grid's positions, what each of its points is made of, and where the networks lie."""

    x: list[float]
    y: list[float]
    points: "list[Weights]"
    """Row by row, x running fastest."""
    centre: "Weights"
    places: list[dict[str, float]]
    """x, y and residual of every network, anchors first."""


def work(params: Landscape, known: Known) -> Work:
    """Images at all points of the grid, those for batch norm's statistics included."""
    points = params.grid**2
    images = points * sum(known.images(split, params.images) + params.bn_images for split in params.split)
    return Work(units=float(images), forward=images, stored=16 * points * len(params.split))


def run(ctx: Context, params: Landscape, seeds: dict[str, int]) -> Finished:
    """Write `{split}_loss` and `{split}_error`, float64 (grid, grid), rows by y, under `landscape.safetensors`.

    Beside it stand the positions along x and y; where each network lies, and how far from the plane; distances of
    all pairs of them, in weights and in the plane; and what each is worth by itself. `centre` is the loss in the
    middle of the anchors above the mean of theirs; as released, in the middle M of the first two.

    Anchors that coincide or lie on a line span no plane: then there is but what each is worth, and `no-plane` says why.
    """
    import torch

    from lmcspec.science.outcome import outcome
    from lmcspec.science.plane import NoPlaneError

    network = read.module(params.model).to(torch.device(ctx.device))
    states = [*_states(ctx, network, params, "anchor"), *_states(ctx, network, params, "other")]
    names = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    if not all(bool(state[name].isfinite().all()) for state in states for name in names):
        return Finished({"metrics": {}}, "diverged")
    data = read.dataset(ctx, params.data)
    try:
        ground = _ground(params, states, names)
    except NoPlaneError as error:
        return _without_plane(str(error), _Looked(ctx, params, network, states, len(states)), params, states, data)
    tensors: dict[str, Tensor] = {}
    own: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    worst = "ok"
    ends_of_centre = 3 if params.plane == "orthonormal" else 2
    wanted = [*_alone(states), ground.centre, *ground.points]
    looked = _Looked(ctx, params, network, states, len(wanted))
    for split in params.split:
        found = looked.at(wanted, split, data)
        ends, middle, rest = found[: len(states)], found[len(states)], found[len(states) + 1 :]
        for what in ("loss", "error"):
            values = [getattr(one, what) for one in rest]
            tensors[f"{split}_{what}"] = torch.tensor(values, dtype=torch.float64).view(len(ground.y), len(ground.x))
            own[f"{split}_{what}"] = [getattr(one, what) for one in ends]
            name = f"centre/{split}" + ("-loss" if what == "loss" else "")
            value = getattr(middle, what) - sum(own[f"{split}_{what}"][:ends_of_centre]) / ends_of_centre
            if math.isfinite(value):
                metrics[name] = value
        if worst == "ok":
            classes = data.classes
            worst = next((one for one in (outcome(end, classes) for end in ends) if one != "ok"), "ok")
    read.write(ctx.out / LANDSCAPE, tensors)
    residuals = [place["residual"] for place in ground.places[3:]]
    metrics |= {"residual": sum(residuals) / len(residuals)} if residuals else {}
    scalars = {"metrics": metrics, "x": ground.x, "y": ground.y, "places": ground.places, "own": own}
    return Finished(scalars | {"distances": _distances(states, names, ground.places)}, worst)


def _alone(states: "Sequence[State]") -> "list[Weights]":
    """Of each network the point that is that network."""
    return [tuple(float(place == number) for place in range(len(states))) for number in range(len(states))]


def _without_plane(
    why: str, looked: "_Looked", params: Landscape, states: "Sequence[State]", data: "Dataset"
) -> Finished:
    """What each network is worth, where there is no plane to look at."""
    from lmcspec.science.outcome import outcome

    own: dict[str, list[float]] = {}
    ends: list[str] = []
    for split in params.split:
        found = looked.at(_alone(states), split, data)
        own |= {f"{split}_{what}": [getattr(one, what) for one in found] for what in ("loss", "error")}
        ends += [outcome(one, data.classes) for one in found]
    worst = next((one for one in ends if one != "ok"), "ok")
    return Finished({"metrics": {}, "own": own, "no-plane": why}, worst)


def _states(ctx: Context, network: "nn.Module", params: Landscape, name: str) -> "Iterator[State]":
    """The networks in the inputs of that name, masked; or with what they would have kept where masks are dropped."""
    from lmcspec.science import masks

    mask = read.mask(ctx, network)
    number = 0
    while ctx.has(f"{name}-{number}"):
        state = masks.apply(mask or {}, read.tensors(ctx.input(f"{name}-{number}") / read.STATE))
        if params.decay is not None and mask is not None:
            state = unmasked(ctx, state, mask, params.decay, params.branches)
        yield state
        number += 1


def _ground(params: Landscape, states: "Sequence[State]", names: Sequence[str]) -> _Ground:
    from lmcspec.science import paths, plane

    if params.plane == "orthonormal":
        through = plane.plane_through(states[:3], names)
        seen = [through.project(state) for state in states]
        xs, ys = plane.grid([(one.x, one.y) for one in seen], params.grid, params.margin)
        rest = (0.0,) * (len(states) - 3)
        points = [(*through.weights(x, y), *rest) for y in ys for x in xs]
        exact = [*through.anchors, *((one.x, one.y) for one in seen[3:])]
        residuals = [0.0, 0.0, 0.0, *(one.residual for one in seen[3:])]
        places = [{"x": x, "y": y, "residual": off} for (x, y), off in zip(exact, residuals, strict=True)]
        return _Ground(xs, ys, points, (1 / 3, 1 / 3, 1 / 3, *rest), places)
    steps = [-REACH + 2 * REACH * place / (params.grid - 1) for place in range(params.grid)]
    points = [plane.as_released(x, y) for y in steps for x in steps]
    # Where the code takes the networks to be; of those, the last two are there only if they are opposite.
    nominal = ((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0))
    places = []
    for state, (x, y) in zip(states, nominal, strict=True):
        there = _mixed(states, plane.as_released(x, y), names)
        places.append({"x": x, "y": y, "residual": paths.distance(state, there, names)})
    return _Ground(steps, steps, points, plane.as_released(0.0, 0.0), places)


def _mixed(states: "Sequence[State]", weights: "Weights", names: Sequence[str]) -> "dict[str, Tensor]":
    pairs = list(zip(weights, states, strict=True))
    return {name: sum(weight * state[name].double() for weight, state in pairs) for name in names}  # pyright: ignore[reportReturnType]


def _distances(
    states: "Sequence[State]", names: Sequence[str], places: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    """Of every pair: L2 distance of their weights, and that of where they lie in the plane."""
    from lmcspec.science import paths

    found = []
    for a in range(len(states)):
        for b in range(a + 1, len(states)):
            flat = math.dist((places[a]["x"], places[a]["y"]), (places[b]["x"], places[b]["y"]))
            apart = paths.distance(states[a], states[b], names)
            found.append({"a": a, "b": b, "weights": apart, "plane": flat})
    return found


class _Looked:
    """Evaluates points and remembers how far it came, so that nothing is looked at twice after a stop."""

    def __init__(
        self, ctx: Context, params: Landscape, network: "nn.Module", states: "Sequence[State]", points: int
    ) -> None:
        self._ctx, self._params, self._network, self._states = ctx, params, network, states
        self._total = points * len(params.split)
        self._checkpoints = Checkpoints(ctx, "points")
        _, held = self._checkpoints.read() or (0, {})
        self._known = {name: values.tolist() for name, values in held.items()}

    def at(self, points: "Sequence[Weights]", split: str, data: "Dataset") -> "list[Evaluation]":
        """The evaluations of a split at these points."""
        import torch

        from lmcspec.science import plane
        from lmcspec.science.evaluate import Evaluation
        from lmcspec.science.subset import balanced

        labels, digest = data.train.labels.cpu().numpy(), self._params.data.value["digest"]

        def fixed(count: int, use: str) -> "Split":
            own = torch.from_numpy(balanced(labels, count, digest, use, count))
            return data.train.subset(own.to(data.train.labels.device))

        split_of = {"train": data.train, "test": data.test, "validation": data.validation}[split]
        assert split_of is not None
        if split == "train" and self._params.images:
            split_of = fixed(self._params.images, "path")
        refill = fixed(self._params.bn_images, "batch norm") if self._params.bn == "recompute" else None
        known = self._known.setdefault(split, [])
        found = plane.values(self._network, self._states, None, points[len(known) :], split_of, refill)
        for one in found:
            known.append([float(one.images), float(one.errors), one.loss])
            self._pulse()
        return [Evaluation(int(images), int(errors), loss) for images, errors, loss in known]

    def _pulse(self) -> None:
        import torch

        done = sum(map(len, self._known.values()))
        self._ctx.progress(done, self._total)
        if self._checkpoints.due():
            held = {name: torch.tensor(values, dtype=torch.float64) for name, values in self._known.items()}
            self._checkpoints.write(done, held)
            if self._ctx.stopping():
                raise Interrupted(f"stopped after {done} of {self._total} points")


KIND = Kind(
    name="landscape",
    version=2,
    params=Landscape,
    run=run,
    work=work,
    data="data",
    about=lambda params: ("anchor-", "other-"),
    picture="lmcspec.report.figures.landscape:draw",
)
