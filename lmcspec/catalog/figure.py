"""What a spec can say about a figure: the keys that plots have in common, each plot taking some of them.

A plot's own table has the key `plot`, and of the others only those that it heeds, with the values that it knows.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lmcspec.catalog.config import Config, Several, StepField

Density = Literal["density", "sparsity"]
Panels = Literal["case", "network"]
Passed = Literal["epoch", "step"]
"""How far a training has come."""
Quantity = str
"""What a card of a measure lists under `quantities`: `instability`, `distance`, `accuracy`; the plan knows which."""


def _one_or_more(value: Any) -> str:
    return "one" if isinstance(value, str) else "list"


Quantities = Annotated[
    Annotated[Quantity, Tag("one")] | Annotated[Several[Quantity], Field(min_length=1), Tag("list")],
    Discriminator(_one_or_more),
]


def _form(value: Any) -> str:
    return "number" if isinstance(value, int) and not isinstance(value, bool) else "name"


_Level = Annotated[
    Annotated[Annotated[int, Field(ge=0)], Tag("number")]
    | Annotated[Literal["dense", "start", "last", "last-stage"], Tag("name")],
    Discriminator(_form),
]


def _list_or_all(value: Any) -> str:
    return "all" if value == "all" else "list"


Levels = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Several[_Level], Field(min_length=1), Tag("list")],
    Discriminator(_list_or_all),
]


class Figure(Config):
    """A figure of the report."""

    plot: str
    networks: Several[str] | None = None
    """Those to draw, in this order; all of the study unless told."""


class OfLevels(Figure):
    """A figure of networks at some of their levels."""

    levels: Levels | None = None
    """Those to draw of the measured ones; which unless told depends on the plot."""
    measure: str | None = None
    """The measure that it is drawn from, where several would do."""


class OfPaths(OfLevels):
    """A figure of copies that part at some k."""

    at: StepField | None = None
    """The k at which they part, where several were measured."""


class Under(Config):
    """Of a figure of partners, who are compared under permutations."""

    under: Several[str] | None = None
    """Those to draw, in this order; all of the measure unless told."""


class Spread(Config):
    """Of a figure with means over replicates in panels."""

    split: Literal["train", "test", "validation"] | None = None
    """The images; those that the measure goes by unless told."""
    metric: str | None = None
    """Another number of the measure: `loss`, `barrier`, or in full `barrier/train@recompute`."""
    band: Literal["replicates", "all"] | None = None
    """Over what means and bands are taken: replicates, or all pairs and copies of all replicates."""
    shared: bool | None = None
    """Whether panels share their y axis, as they do unless told: `false` gives each its own."""


def along_rewinds(figure: Any) -> dict[str, str]:
    """In what families have to vary where `x` is their rewind point."""
    return {"x": "rewind"} if figure.x == "rewind" else {}


class OverPermutations(Under, Spread, OfLevels):
    """A figure over what a family of permutations varies in."""

    x: str | None = None
    """The key of a permutation on x, by its path: that of the plot unless told."""
    y: Quantities | None = None
    """`barrier` unless told; of several one stands above the other."""
    panels: Literal["case"] | None = None
    series: str | None = None
    """The key by which lines are told apart; what else members differ in are panels."""


def in_what_permutations_vary(x: str, figure: Any) -> dict[str, str]:
    """In what a family of permutations has to vary: what stands on x, and what tells lines apart."""
    on_x = {"x": figure.x} if figure.x else {"plot": x}
    lines = getattr(figure, "series", None)
    return on_x | ({"series": lines} if lines else {})
