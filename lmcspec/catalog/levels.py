"""How measures name networks and levels."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lmcspec.catalog.config import Config, Several


class AtSparsity(Config):
    """The level whose sparsity is nearest to this: as the plan counts it, else by the formula."""

    sparsity: float = Field(ge=0, lt=1, examples=[0.8])
    """The share of prunable weights that is gone. [share]"""


def _form(value: Any) -> str:
    match value:
        case bool():
            return "name"
        case int():
            return "number"
        case dict() | AtSparsity():
            return "sparsity"
        case _:
            return "name"


Level = Annotated[
    Annotated[Annotated[int, Field(ge=0)], Tag("number")]
    | Annotated[Literal["dense", "start", "last", "last-stage"], Tag("name")]
    | Annotated[AtSparsity, Tag("sparsity")],
    Discriminator(_form),
]
"""A number; `dense`; `start`, at which the last stage enters; `last`; `last-stage`, all from `start` on; a sparsity."""


def _list_or_all(value: Any) -> str:
    return "all" if isinstance(value, str) else "list"


Levels = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Several[Level], Field(min_length=1), Tag("list")],
    Discriminator(_list_or_all),
    Field(examples=["all", ["dense", 1, 3], ["last"], [{"sparsity": 0.8}]]),
]
"""How often pruned: numbers from 0, which is `dense`; `start`, at which the last stage enters; `last`; `last-stage`,
all from `start` on; `{ sparsity = 0.8 }`, the nearest to it; or `all`."""
Names = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Several[str], Field(min_length=1), Tag("list")],
    Discriminator(_list_or_all),
    Field(examples=["all", ["imp", "random"]]),
]
"""Names under [networks], or `all`."""


class LevelMeasure(Config):
    """A measure of trained networks at some of their levels."""

    networks: Names = "all"
    levels: Levels
    evaluate: str | None = Field(default=None, examples=["real"])
    """Recipe with which the subnetworks are trained to be measured; `real` by default."""
