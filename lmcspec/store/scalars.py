"""The shape of the numbers in a COMMIT, by name: what tables, figures and tracking read of them.

A name means the same in all kinds of task, but for two. Numbers that no shape here knows may be anything: nothing reads
them by name.
"""

from typing import Annotated, Any, Required

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

Count = Annotated[int, Field(ge=0, lt=2**53)]
Survivors = Annotated[list[Count], Field(min_length=2, max_length=2)]
"""Of a mask's layer: [survivors, weights]."""


class Overlap(TypedDict):
    """A layer of two masks: its weights, survivors in either, and in both."""

    size: Count
    a: Count
    b: Count
    both: Count


class Curve(TypedDict, total=False):
    """Along a path: a value for each alpha, and the numbers that are read off them."""

    summary: Required[dict[str, float]]
    test_error: list[float]
    test_loss: list[float]
    train_error: list[float]
    train_loss: list[float]
    validation_error: list[float]
    validation_loss: list[float]


class Place(TypedDict):
    """The place of a network in a plane, and how far from it the network lies."""

    x: float
    y: float
    residual: float


class Way(TypedDict):
    """Where the states on the way of an anchor lie in a plane, and how far from it."""

    x: list[float]
    y: list[float]
    residual: list[float]


class Pair(TypedDict):
    """Two networks by their places in the list, and how far apart they are: in weights, and in the plane."""

    a: Count
    b: Count
    weights: float
    plane: float


class OfLength(TypedDict):
    """Paths of as many networks, by the replicates that they visit, and of each number a value for each path."""

    paths: list[str]
    values: dict[str, list[float]]


class Histogram(TypedDict):
    """A histogram: how many values lie between each two edges."""

    edges: list[float]
    counts: list[Count]


Sides = TypedDict("Sides", {"from-start": Annotated[list[float], Field(min_length=1)]}, total=False)
"""Of a distance: how far either network went."""


class KnownScalars(Sides, total=False):
    """The scalars of which the shape is known, by name."""

    test_error: float
    test_loss: float
    train_error: float
    train_loss: float
    validation_error: float
    validation_loss: float
    update: Count
    density: float
    metrics: dict[str, float]
    alphas: list[float]
    paths: dict[str, Curve]
    distance: float
    angle: float
    images: Count | dict[str, Count]
    layers: dict[str, Survivors] | dict[str, Overlap]
    x: list[float]
    y: list[float]
    places: list[Place]
    ways: list[Way]
    distances: list[Pair]
    own: dict[str, list[float]]
    histogram: Histogram
    lengths: dict[str, OfLength]


TOGETHER = (
    *({f"{split}_error", f"{split}_loss"} for split in ("test", "train", "validation")),
    {"alphas", "paths"},
    {"from-start", "angle", "distance"},
    {"x", "y", "places", "distances"},
)
"""Names of which none is read without the others; that of a distance stands by itself too."""


def _fitting(scalars: dict[str, Any]) -> dict[str, Any]:
    """What belongs together is there, and as long as the rest of it."""
    for names in TOGETHER:
        there = names & scalars.keys()
        if there and there != names and there != {"distance"}:
            raise _misfit(f"there is {min(there)} without {min(names - there)}")
    for curve in scalars.get("paths", {}).values():
        if any(len(values) != len(scalars["alphas"]) for name, values in curve.items() if name in _CURVES):
            raise _misfit("a curve has not a value for each of its alphas")
    many = len(scalars.get("places", ()))
    if any(max(pair["a"], pair["b"]) >= many for pair in scalars.get("distances", ())):
        raise _misfit("a distance is of a network that is not there")
    if any(len({len(values) for values in way.values()}) > 1 for way in scalars.get("ways", ())):
        raise _misfit("a way has not an x, a y and a residual for each of its states")
    if (bins := scalars.get("histogram")) and len(bins["edges"]) != len(bins["counts"]) + 1:
        raise _misfit("a histogram has not a count between each two edges")
    return scalars


def _misfit(words: str) -> PydanticCustomError:
    return PydanticCustomError("misfit", words)  # pyright: ignore[reportArgumentType]


_CURVES = Curve.__optional_keys__
Scalars = Annotated[KnownScalars, AfterValidator(_fitting)]
"""All numbers of a result."""
