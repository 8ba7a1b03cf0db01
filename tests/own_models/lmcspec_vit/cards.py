"""The card: no torch here."""

from typing import Literal

from lmcspec.catalog import ModelCard, Named


class TinyViT(Named):
    """Patches, a class token, learned positions, two blocks; `init = "own"` starts as its own code says."""

    name: Literal["tiny-vit"] = "tiny-vit"
    width: int = 8
    patch: int = 4
    init: Literal["default", "own"] = "default"


CARD = ModelCard(
    name="tiny-vit", doc="a small vision transformer", config=TinyViT, implementation="lmcspec_vit.model:build"
)
