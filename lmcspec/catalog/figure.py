"""What a spec can say about a figure: the keys that plots have in common, each plot taking some of them.

A plot's own table has the key `plot`, and of the others only those that it heeds, with the values that it knows.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lmcspec.catalog.config import Config, Several, StepField

Density = Literal["density", "sparsity"]
"""What is on x: the share of weights that remain, or of those that are gone."""
Panels = Literal["case", "network"]
"""What has a panel each: cases of the sweep, or networks; which unless told depends on the plot."""
CasePanels = Literal["case"]
"""`case`: a panel for each case of the sweep."""
Passed = Literal["epoch", "step"]
"""How far a training has come, on x: in epochs, or in updates."""
OfPartners = Literal["barrier", "midpoint", "distance"]
"""What is on y: the barrier (the largest rise above the line between the ends), the rise at the midpoint, or how far
the ends are apart; `barrier` unless told."""
ByPermutation = Literal["under"]
"""`under`, which it is anyway: a line for each permutation."""
ByNetwork = Literal["network"]
"""`network`, which it is anyway: a line for each network."""
Images = Literal["train", "test", "validation"]
"""The images on which errors and losses are taken; those that the measure goes by unless told."""
Mistake = Literal["loss", "error"]
Quantity = str
"""What is on y, in the words of a measure: `instability`, `distance`, `accuracy`.

Which there are is known to the plan: what cards of measures list under `quantities`."""


def _one_or_more(value: Any) -> str:
    return "one" if isinstance(value, str) else "list"


Quantities = Annotated[
    Annotated[Quantity, Tag("one")] | Annotated[Several[Quantity], Field(min_length=1), Tag("list")],
    Discriminator(_one_or_more),
    Field(examples=["barrier", ["accuracy", "instability"]]),
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
    Field(examples=["all", ["dense", 1, 3], ["last"]]),
]
"""The levels to draw of those that were measured, by number or as `dense`, `start`, `last`, `last-stage`; or `all`."""


class Figure(Config):
    """A figure of the report."""

    plot: str
    networks: Several[str] | None = Field(default=None, examples=[["imp", "random"]])
    """Those to draw, in this order; all of the study unless told."""


class OfLevels(Figure):
    """A figure of networks at some of their levels."""

    levels: Levels | None = None
    """Those to draw of the measured ones; which unless told depends on the plot."""
    measure: str | None = Field(default=None, examples=["stability"])
    """The measure that it is drawn from, where several would do."""


class OfPaths(OfLevels):
    """A figure of copies that part at some k."""

    at: StepField | None = Field(default=None, examples=["3ep", "500it"])
    """The k at which they part, where several were measured."""


class Under(Config):
    """Of a figure of partners, who are compared under permutations."""

    under: Several[str] | None = Field(default=None, examples=[["none", "wm"]])
    """Those to draw, in this order; all of the measure unless told."""


class Spread(Config):
    """Of a figure with means over replicates in panels."""

    split: Images | None = None
    metric: str | None = Field(default=None, examples=["loss", "barrier/train@recompute"])
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

    x: str | None = Field(default=None, examples=["step", "prune.fraction"])
    """The key of a permutation on x, by its path: that of the plot unless told."""
    y: Quantities | None = None
    """`barrier` unless told; of several one stands above the other."""
    panels: CasePanels | None = None
    series: str | None = Field(default=None, examples=["method", "step"])
    """The key by which lines are told apart; what else members differ in are panels."""


def in_what_permutations_vary(x: str, figure: Any) -> dict[str, str]:
    """In what a family of permutations has to vary: what stands on x, and what tells lines apart."""
    on_x = {"x": figure.x} if figure.x else {"plot": x}
    lines = getattr(figure, "series", None)
    return on_x | ({"series": lines} if lines else {})
