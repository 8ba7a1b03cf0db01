"""Dataset condensation by gradient matching."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.draws import Momentum, Seed
from lmcspec.catalog.dsa import Transforms

LOOPS = {1: (1, 1), 10: (10, 50), 20: (20, 25), 30: (30, 20), 40: (40, 15), 50: (50, 10)}
"""By images per class, in the papers' code: image steps for each network, and its epochs between two of them."""


class Condensation(Config):
    """Match the gradients of synthetic and real images, class by class, along the training of many networks."""

    method: Literal["dc"] = "dc"
    ipc: int = Field(ge=1, le=100_000, examples=[1, 10, 50])
    """Images per class. [images per class]"""
    iterations: int = Field(default=1000, ge=1)
    """Networks, each drawn anew. [networks]"""
    outer: int | None = Field(default=None, ge=1, examples=[10])
    """Steps of the images for each network; by default those of the papers' code for the nearest `ipc`. [steps]"""
    inner: int | None = Field(default=None, ge=0, examples=[50])
    """Epochs of training the network on the synthetic images between two steps; by default as `outer`. [epochs]"""
    start: Literal["noise", "real"] = "noise"
    """What the images start from: standard normal pixels, or random real images."""
    lr: float = Field(default=0.1, gt=0)
    """Rate of SGD on the pixels."""
    momentum: Momentum = 0.5
    """Momentum of SGD on the pixels. [share]"""
    batch: int = Field(default=256, ge=1)
    """Real images per class and step. [images]"""
    dsa: Transforms = ""
    """Siamese augmentation: one transform and one set of parameters for the real and synthetic images of a class."""
    net_lr: float = Field(default=0.01, gt=0)
    """Rate of plain SGD on the network."""
    net_batch: int = Field(default=256, ge=1)
    """Synthetic images per update of the network. [images]"""
    seed: Seed = 0

    @property
    def loops(self) -> tuple[int, int]:
        """Steps of the images for each network, and epochs of the network between two."""
        outer, inner = LOOPS[min(LOOPS, key=lambda known: abs(known - self.ipc))]
        return (outer if self.outer is None else self.outer, inner if self.inner is None else self.inner)

    @property
    def steps(self) -> int:
        """How many steps its progress counts: those of the images."""
        return self.iterations * self.loops[0]

    def work(self, classes: int, images: int) -> tuple[int, int]:
        """Real images seen, and images through the network: forward, back, and back again for synthetic ones."""
        outer, inner = self.loops
        real = self.steps * min(classes * self.batch, images)
        training = self.iterations * (outer - 1) * inner * classes * self.ipc
        return real, 3 * real + 6 * self.steps * classes * self.ipc + 3 * training


CARD = DistillerCard(
    doc="dataset condensation: equal gradients along the training of random networks",
    config=Condensation,
    implementation="lmcspec.science.distill.dc:distill",
    protocol="dc/evaluate",
    source="Zhao, Mopuri & Bilen, Dataset Condensation with Gradient Matching, ICLR 2021; settings as in their code",
)
