"""The families of differentiable siamese augmentation (DSA), as recipes and distillation methods name them."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from lmcspec.catalog.registry import nearest

FAMILIES = ("color", "crop", "cutout", "flip", "rotate", "scale")
_ONE = "|".join(FAMILIES)


def _in_order(value: str) -> str:
    """The families in one order, so that every spelling of the same is the same."""
    named = value.split("_") if value else []
    for name in named:
        if name not in FAMILIES:
            near = nearest(name, FAMILIES)
            hint = f"did you mean `{near}`?" if near else f"there are {', '.join(FAMILIES)}"
            raise ValueError(f"`{name}` is none of the families of DSA: {hint}")
        if named.count(name) > 1:
            raise ValueError(f"`{name}` stands twice among the families of DSA")
    return "_".join(sorted(named))


Families = Annotated[
    str, AfterValidator(_in_order), WithJsonSchema({"type": "string", "pattern": f"^(({_ONE})(_({_ONE}))*)?$"})
]
"""Families joined by `_`, such as color_crop_cutout_flip_scale_rotate; empty for none."""
