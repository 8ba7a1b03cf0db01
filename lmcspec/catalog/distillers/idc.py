"""Dataset condensation via efficient synthetic-data parameterisation."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.draws import Momentum, Seed, WeightDecay
from lmcspec.catalog.dsa import Transforms


class EfficientCondensation(Config):
    """Match gradients of packed synthetic images and real ones along trainings on real data. Raw images."""

    method: Literal["idc"] = "idc"
    ipc: int = Field(ge=1, le=100_000, examples=[1, 10, 50])
    """Images per class, as they are stored. [images per class]"""
    factor: int = Field(default=2, ge=1, le=8)
    """Each image holds factor x factor tiles, which are cut out and enlarged before a network sees them. [tiles]"""
    bound: int = Field(default=0, ge=0, examples=[256])
    """If not 0: unpack in matching so that there are no more images of a class, the later ones by smaller factors.
    [images per class]"""
    networks: int = Field(default=2000, ge=1)
    """Networks, each drawn anew. [networks]"""
    inner: int = Field(default=100, ge=1)
    """Steps of the images of every class for each network. [steps]"""
    start: Literal["real", "first", "noise"] = "real"
    """Random real images, made small and packed; `first` those that stand first, as in the papers' code."""
    metric: Literal["mse", "l1", "cosine"] = "mse"
    """Distance of gradients, summed over the weights of convolutions."""
    lr: float = Field(default=5e-3, gt=0)
    """Rate of SGD on the pixels for 10 images per class; it grows with `ipc`."""
    momentum: Momentum = 0.5
    """Momentum of SGD on the pixels. [share]"""
    batch: int = Field(default=64, ge=1)
    """Real images per class and step. [images]"""
    most: int = Field(default=128, ge=1)
    """Unpacked images per class and step, drawn where there are more. [images]"""
    dsa: Transforms = "color_crop_cutout"
    """One augmentation for all images of a step: `flip` and `color` if named, then one of the others, then `cutout`."""
    early: int = Field(default=0, ge=0, examples=[5])
    """Epochs of training on real data before the first step of each network. [epochs]"""
    seen: int = Field(default=2000, ge=0)
    """Real images on which the network trains between two steps, in whole batches. [images]"""
    net_lr: float = Field(default=0.01, gt=0)
    """Rate of SGD on the network."""
    net_momentum: Momentum = 0.9
    """Momentum of SGD on the network. [share]"""
    net_weight_decay: WeightDecay = 5e-4
    """L2 decay of the network's weights."""
    net_batch: int = Field(default=64, ge=1)
    """Real images per update of the network. [images]"""
    net_dsa: Transforms = "color_crop"
    """Siamese augmentation of the images that the network trains on: transforms joined by `_`, none where empty."""
    net_cutmix: float = Field(default=0.5, ge=0, le=1)
    """Probability with which a batch of the network's training is mixed with itself by CutMix. [share]"""
    seed: Seed = 0

    @property
    def steps(self) -> int:
        """How many steps its progress counts: those of all images."""
        return self.networks * self.inner

    def work(self, classes: int, images: int) -> tuple[int, int]:
        """Real images seen, and images through the network: forward, back, and back again for synthetic ones."""
        matched = self.steps * min(classes * self.batch, images)
        between = -(-self.seen // self.net_batch) * self.net_batch
        trained = self.networks * (self.early * images + (self.inner - 1) * between)
        synthetic = min(self.ipc * self.factor**2, self.most)
        return matched + trained, 3 * (matched + trained) + 6 * self.steps * classes * synthetic


CARD = DistillerCard(
    doc="packed images whose gradients match those of real ones along trainings on real data",
    config=EfficientCondensation,
    implementation="lmcspec.science.distill.idc:distill",
    protocol="idc/cifar10-distilled",
    convolutions=True,
    form="idc",
    source="Kim et al., Dataset Condensation via Efficient Synthetic-Data Parameterization, ICML 2022, and their code",
)
