"""Dataset condensation via efficient synthetic-data parameterisation."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.dsa import Transforms


class EfficientCondensation(Config):
    """Match gradients of packed synthetic images and real ones along trainings on real data. Raw images."""

    method: Literal["idc"] = "idc"
    ipc: int = Field(ge=1, le=100_000)
    """Images per class, as they are stored."""
    factor: int = Field(default=2, ge=1, le=8)
    """Each image holds factor x factor tiles, which are cut out and enlarged before a network sees them."""
    bound: int = Field(default=0, ge=0)
    """If not 0: unpack in matching so that there are no more images of a class, the later ones by smaller factors."""
    networks: int = Field(default=2000, ge=1)
    """Networks, each drawn anew."""
    inner: int = Field(default=100, ge=1)
    """Steps of the images of every class for each network."""
    start: Literal["real", "first", "noise"] = "real"
    """Random real images, made small and packed; `first` those that stand first, as in the papers' code."""
    metric: Literal["mse", "l1", "cosine"] = "mse"
    """Distance of gradients, summed over the weights of convolutions."""
    lr: float = Field(default=5e-3, gt=0)
    """Rate of SGD on the pixels for 10 images per class; it grows with `ipc`."""
    momentum: float = Field(default=0.5, ge=0, lt=1)
    batch: int = Field(default=64, ge=1)
    """Real images per class and step."""
    most: int = Field(default=128, ge=1)
    """Unpacked images per class and step, drawn where there are more."""
    dsa: Transforms = "color_crop_cutout"
    """One augmentation for all images of a step: `flip` and `color` if named, then one of the others, then `cutout`."""
    early: int = Field(default=0, ge=0)
    """Epochs of training on real data before the first step of each network."""
    seen: int = Field(default=2000, ge=0)
    """Real images on which the network trains between two steps, in whole batches."""
    net_lr: float = Field(default=0.01, gt=0)
    net_momentum: float = Field(default=0.9, ge=0, lt=1)
    net_weight_decay: float = Field(default=5e-4, ge=0)
    net_batch: int = Field(default=64, ge=1)
    net_dsa: Transforms = "color_crop"
    net_cutmix: float = Field(default=0.5, ge=0, le=1)
    seed: int = Field(default=0, ge=0)

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
