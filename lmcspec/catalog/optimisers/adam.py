"""Adam, with L2 decay or (AdamW) with decoupled decay."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field

from lmcspec.catalog.card import OptimiserCard
from lmcspec.catalog.config import Several
from lmcspec.catalog.draws import WeightDecay
from lmcspec.catalog.optimiser import Optimiser


class _WithBetas(Optimiser):
    betas: Several[float] = Field(default=(0.9, 0.999), min_length=2, max_length=2)
    """How much of the running means of gradients and of their squares an update keeps. [shares]"""
    eps: float = Field(default=1e-8, gt=0)
    """Added to the root of the mean square by which an update is divided."""

    def document(self) -> dict[str, Any]:
        """The settings as they enter ids: each beta by itself."""
        document = super().document()
        beta1, beta2 = document.pop("betas")
        return document | {"beta1": beta1, "beta2": beta2}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The settings that `document` gave."""
        rest = {key: value for key, value in document.items() if key not in ("beta1", "beta2")}
        return super().read({**rest, "betas": (document["beta1"], document["beta2"])})


class Adam(_WithBetas):
    """Adam, with L2 weight decay added to the gradient."""

    name: Literal["adam"] = "adam"
    weight_decay: WeightDecay = 0.0


class AdamW(_WithBetas):
    """Adam with decoupled weight decay: weights shrink by rate times decay at each update, beside the step."""

    name: Literal["adamw"] = "adamw"
    weight_decay: WeightDecay = 0.01
    """Decoupled decay: each update takes this share, times the rate, off the weight itself."""


CARDS = (
    OptimiserCard(
        doc="Adam with L2 weight decay added to the gradient, as torch.optim.Adam",
        config=Adam,
        implementation="lmcspec.science.optimisers.adam:AdamSteps",
        source="Kingma & Ba 2015",
        moments=2,
    ),
    OptimiserCard(
        doc="Adam with decoupled weight decay, as torch.optim.AdamW",
        config=AdamW,
        implementation="lmcspec.science.optimisers.adam:AdamWSteps",
        source="Loshchilov & Hutter 2019",
        moments=2,
    ),
)
