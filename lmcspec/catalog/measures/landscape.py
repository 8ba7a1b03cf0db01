"""Two-dimensional landscapes of the loss around trained networks."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config, Several, StepOrEnd, StepOrRewind
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.measures.accuracy import StepOrSteps
from lmcspec.catalog.metric import NUMBER, POINTS, SPLITS, Metric, Metrics


class Anchor(Config):
    """A trained network: another one than is measured, or one of a partner's, permuted or not."""

    network: str | None = Field(default=None, examples=["imp"])
    """Which; unless told the one that is measured, whose copies part at k."""
    level: Annotated[int, Field(ge=0)] | Literal["same"] = Field(default="same", examples=["same", 3])
    """Which level of it: a number, or `same` as the level that is measured."""
    copy_: int = Field(default=0, ge=0, alias="copy", examples=[1])
    """Which data order it was trained under: a named network's is from its own rewind point."""
    partner: Literal["first", "second", "third"] | None = None
    """Of partners, whose network it is."""
    under: str | None = Field(default=None, examples=["wm"])
    """The permutation under which that of the second or the third lies; unless told that of the plane."""
    step: StepOrEnd = "end"
    """How far it has come: so far into its training, at its `rewind` point, or at its `end`."""

    @model_validator(mode="after")
    def _only_what_is_aligned_moves(self) -> "Anchor":
        if self.under is not None and self.partner not in ("second", "third"):
            raise ValueError('the first partner stays as it is: `under` is of `partner = "second"` or "third"')
        return self

    @property
    def moves(self) -> bool:
        """Whether it lies under the permutation of the plane."""
        return self.partner in ("second", "third") and self.under is None


def _form(value: Any) -> str:
    return "other" if isinstance(value, dict | Anchor) else "copy"


AnyAnchor = Annotated[
    Annotated[Annotated[int, Field(ge=0)], Tag("copy")] | Annotated[Anchor, Tag("other")], Discriminator(_form)
]
"""The number of a copy, or another network."""


def _copies_named(written: Any) -> Any:
    """Where partners are looked at, there are as many copies as the text names: others would train for nothing."""
    if not isinstance(written, dict) or "copies" in written:
        return written
    lists = [named for key in ("anchors", "project") if isinstance(named := written.get(key), list | tuple)]
    every = [anchor for named in lists for anchor in named]
    if not any(isinstance(anchor, dict) and "partner" in anchor for anchor in every):
        return written
    numbers = [anchor for anchor in every if isinstance(anchor, int)]
    return {**written, "copies": max(numbers, default=0) + 1}


class Landscape(LevelMeasure):
    """Loss and error in the plane through three trained networks; further ones are projected, with how far they are."""

    kind: Literal["landscape"] = "landscape"
    levels: Levels
    at: Several[StepOrRewind] = Field(default=("rewind",), examples=[[0, "500it", "rewind"]])
    """The steps k at which the copies part; `rewind` is the level's own starting point."""
    copies: int = Field(default=4, ge=1)
    """Data orders, with partners as many as are named; a stability measure's are the same trainings. [data orders]"""
    anchors: Several[AnyAnchor] = Field(
        default=(0, 1, 2), min_length=3, max_length=3, examples=[[0, 1, {"network": "imp"}]]
    )
    """The plane goes through these: numbers of copies, `{ network = "imp" }`, or `{ partner = "second" }`. All other
    copies are projected."""
    project: Several[Anchor] = Field(default=(), examples=[[{"network": "random"}]])
    """Further networks that are projected, such as `{ partner = "second", under = "am" }`."""
    under: Several[str] = Field(default=("none",), min_length=1, examples=[["none", "wm"]])
    """Names under [permutations], or `none`: a plane for each, under which the partners' networks lie in it."""
    through: StepOrSteps | None = None
    """Also the anchors' ways: from where each begins at the multiples of this step, or at the steps of a list."""
    grid: int = Field(default=100, ge=2, le=1000)
    """Points on each side. [points]"""
    margin: float = Field(default=0.3, ge=0)
    """How far the square reaches beyond what lies in it, as a share of its side without. [share]"""
    split: Several[Literal["train", "test", "validation"]] = Field(default=("train",), min_length=1)
    """The images on which losses and errors are taken; `validation` needs a `dataset.split`."""
    images: Annotated[int, Field(ge=1)] | Literal["all"] = Field(default="all", examples=["all", 5000])
    """Training images to evaluate on, the same at every point, balanced over the classes. [images]"""
    bn: Literal["average", "recompute"] = "average"
    """What is done with batch norm's running statistics: mixed as weights are, or taken anew at every point."""
    bn_images: int = Field(default=10_000, ge=1)
    """Fixed un-augmented training images over which `recompute` takes statistics. [images]"""
    plane: Literal["orthonormal", "as-released"] = "orthonormal"
    """`as-released`: M + x (a - b) / 2 + y (d - c) / 2, -2 <= x, y <= 2, of four copies, as the papers' code has it."""
    masks: Literal["kept", "dropped"] = "kept"
    """`dropped`: pruned weights are what weight decay alone would have made of them, as in the papers' code."""

    @property
    def named(self) -> tuple[Anchor, ...]:
        """The anchors and the projected that are no copies by number."""
        return tuple(anchor for anchor in (*self.anchors, *self.project) if isinstance(anchor, Anchor))

    @property
    def of_partners(self) -> bool:
        """Whether it looks at networks of partners."""
        return any(anchor.partner for anchor in self.named)

    @property
    def shows_copies(self) -> bool:
        """Whether copies by number are projected: beside partners a single one only where an anchor names it."""
        return not self.of_partners or self.copies > 1 or any(isinstance(anchor, int) for anchor in self.anchors)

    @model_validator(mode="before")
    @classmethod
    def _as_many_copies_as_named(cls, written: Any) -> Any:
        return _copies_named(written)

    @model_validator(mode="after")
    def _anchors_are_there(self) -> "Landscape":
        numbers = [anchor for anchor in self.anchors if isinstance(anchor, int)]
        if beyond := [number for number in numbers if number >= self.copies]:
            raise ValueError(f"there is no copy {beyond[0]} among {self.copies}: they are numbered from 0")
        if "under" in self.model_fields_set and not any(anchor.moves for anchor in self.named):
            raise ValueError('nothing lies `under` a permutation: name a network by `{ partner = "second" }`')
        if self.plane == "as-released" and (self.project or self.through is not None):
            raise ValueError("the plane as released is one of four copies, without further networks and ways")
        if len(set(numbers)) < len(numbers):
            raise ValueError("the anchors of a plane are three different networks")
        if self.plane == "as-released" and (self.anchors != (0, 1, 2) or self.copies != 4):
            raise ValueError("the plane as released is one of four copies")
        if self.masks == "dropped" and self.named:
            raise ValueError("masks can be dropped where all networks are copies, which have one mask")
        return self


def _centre(split: str, mistake: Literal["error", "loss"]) -> Metric:
    images = split if mistake == "error" else f"{split}-loss"
    return Metric(
        name=f"centre/{images}",
        measure="landscape",
        quantity="centre",
        unit=POINTS if mistake == "error" else NUMBER,
        split=split,
        mistake=mistake,
        chart=(f"centre {images}",),
    )


CARD = MeasureCard(
    doc="loss and error in the plane through three trained networks",
    config=Landscape,
    implementation="lmcspec.plan.measures.landscape:targets",
    source="McDermott & Cummings 2023",
    metrics=Metrics(
        (
            *(_centre(split, mistake) for split in SPLITS for mistake in ("error", "loss")),
            Metric(name="residual", measure="landscape", quantity="residual", chart=("residual",)),
        )
    ),
    headline="centre/train-loss",
)
