"""Real images in place of distilled ones: what a distilled set has to beat."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.draws import Seed


class RandomImages(Config):
    """Random real images."""

    method: Literal["random-images"] = "random-images"
    ipc: int = Field(ge=1, le=100_000, examples=[1, 10, 50])
    """Images per class. [images per class]"""
    seed: Seed = 0

    @property
    def steps(self) -> int:
        """How many steps its progress counts."""
        return 1

    def work(self, classes: int, images: int) -> tuple[int, int]:
        """Real images seen, and images through the network."""
        return 0, 0


class KCenter(Config):
    """Real images such that every other image of the class is near one of them, found greedily."""

    method: Literal["k-center"] = "k-center"
    ipc: int = Field(ge=1, le=100_000, examples=[1, 10, 50])
    """Images per class. [images per class]"""
    features: Literal["pixels", "network"] = "network"
    """Where distances are taken: pixels in the data's space, or what the classifier of a network gets."""
    epochs: int = Field(default=0, ge=0, examples=[5])
    """Epochs for which that network is trained on real images, by plain SGD at 0.01 in batches of 256. [epochs]"""
    seed: Seed = 0

    @property
    def steps(self) -> int:
        """How many steps its progress counts."""
        return 1

    def work(self, classes: int, images: int) -> tuple[int, int]:
        """Real images seen, and images through the network."""
        return self.epochs * images, (3 * self.epochs + 1) * images if self.features == "network" else 0


CARDS = (
    DistillerCard(
        doc="random real images",
        config=RandomImages,
        implementation="lmcspec.science.distill.coresets:random_images",
    ),
    DistillerCard(
        doc="real images that lie near all others",
        config=KCenter,
        implementation="lmcspec.science.distill.coresets:k_center",
        source="Sener & Savarese, Active Learning for Convolutional Neural Networks: A Core-Set Approach, ICLR 2018",
    ),
)
