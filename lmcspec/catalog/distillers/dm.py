"""Distribution matching."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.config import ADDED_LATER, Config
from lmcspec.catalog.draws import Momentum, Seed
from lmcspec.catalog.dsa import Transforms


class DistributionMatching(Config):
    """Match the mean features of synthetic and real images under freshly drawn, untrained networks."""

    method: Literal["dm"] = "dm"
    ipc: int = Field(ge=1, le=100_000, examples=[1, 10, 50])
    """Images per class. [images per class]"""
    iterations: int = Field(default=20_000, ge=1)
    """Steps of the images, each under a network of its own. [steps]"""
    lr: float = Field(default=1.0, gt=0)
    """Rate of plain SGD on the pixels."""
    momentum: Momentum = 0.5
    """Momentum of SGD on the pixels. [share]"""
    batch: int = Field(default=256, ge=1)
    """Real images per class and iteration. [images]"""
    dsa: Transforms = Field(default="", json_schema_extra=ADDED_LATER)
    """Siamese augmentation of real and synthetic images alike, one transform for each class and iteration."""
    seed: Seed = 0

    @property
    def steps(self) -> int:
        """How many steps its progress counts."""
        return self.iterations

    def work(self, classes: int, images: int) -> tuple[int, int]:
        """Real images seen, and images through the network: real ones forward, synthetic ones and back."""
        real = self.iterations * min(classes * self.batch, images)
        return real, real + 3 * self.iterations * classes * self.ipc


CARD = DistillerCard(
    doc="distribution matching: equal mean features under random networks",
    config=DistributionMatching,
    implementation="lmcspec.science.distill.dm:distill",
    protocol="dm/evaluate",
    source="Zhao & Bilen, Dataset Condensation with Distribution Matching, WACV 2023",
)
