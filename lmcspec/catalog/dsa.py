"""The transforms of differentiable siamese augmentation (DSA), as recipes and distillation methods name them."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from lmcspec.catalog.registry import nearest

TRANSFORMS = ("color", "crop", "cutout", "flip", "rotate", "scale")
_ONE = "|".join(TRANSFORMS)


def _in_order(value: str) -> str:
    """The transforms in one order, so that every spelling of the same is the same."""
    named = value.split("_") if value else []
    for name in named:
        if name not in TRANSFORMS:
            near = nearest(name, TRANSFORMS)
            hint = f"did you mean `{near}`?" if near else f"there are {', '.join(TRANSFORMS)}"
            raise ValueError(f"`{name}` is none of the transforms of DSA: {hint}")
        if named.count(name) > 1:
            raise ValueError(f"`{name}` stands twice among the transforms of DSA")
    return "_".join(sorted(named))


Transforms = Annotated[
    str,
    AfterValidator(_in_order),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^(({_ONE})(_({_ONE}))*)?$",
            "examples": ["color_crop", "color_crop_cutout_flip_scale_rotate"],
        }
    ),
]
"""Transforms joined by `_`, such as color_crop_cutout_flip_scale_rotate; empty for none."""
