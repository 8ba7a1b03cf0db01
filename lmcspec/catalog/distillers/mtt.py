"""Dataset distillation by matching training trajectories."""

from typing import Literal

from pydantic import Field, model_validator

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.draws import Momentum, Seed, WeightDecay
from lmcspec.catalog.dsa import Transforms


class Experts(Config):
    """Trainings on real data whose states the synthetic images are to lead along; shared by all sets that ask alike."""

    count: int = Field(default=100, ge=1, le=10_000)
    """Trainings, each from an initialisation of its own. [experts]"""
    epochs: int = Field(default=50, ge=1)
    """Epochs of each; its state after every one is kept. [epochs]"""
    lr: float = Field(default=0.01, gt=0)
    """Constant rate of plain SGD."""
    momentum: Momentum = 0.0
    weight_decay: WeightDecay = 0.0
    batch: int = Field(default=256, ge=1)
    """Real images per update. [images]"""
    dsa: Transforms = "color_crop_cutout_flip_rotate_scale"
    """Siamese augmentation of the real images: transforms joined by `_`, none where empty."""
    seed: Seed = 0


class TrajectoryMatching(Config):
    """Match where training on the synthetic images leads with where training on real ones has led experts."""

    method: Literal["mtt"] = "mtt"
    ipc: int = Field(ge=1, le=100_000, examples=[1, 10, 50])
    """Images per class. [images per class]"""
    iterations: int = Field(default=5000, ge=1)
    """Steps of the images, each along a stretch of an expert that is drawn anew. [steps]"""
    experts: Experts = Field(default=Experts(), examples=[{"count": 20, "epochs": 50}])
    """The trainings on real data that are followed."""
    student_steps: int = Field(default=30, ge=1)
    """Updates of the student on synthetic images (N). [updates]"""
    expert_epochs: int = Field(default=2, ge=1)
    """Epochs of the expert that these are to make up for (M). [epochs]"""
    latest: int = Field(default=20, ge=1)
    """Starts are drawn from the expert's epochs 0 … latest - 1 (T+). [epochs]"""
    lr: float = Field(default=1000.0, gt=0)
    """Rate of SGD on the pixels."""
    momentum: Momentum = 0.5
    """Momentum of SGD on the pixels. [share]"""
    rate: float = Field(default=0.01, gt=0)
    """The student's rate at first; it is learnt, too."""
    lr_of_rate: float = Field(default=1e-5, gt=0)
    """Rate of SGD on the student's rate."""
    batch: int | None = Field(default=None, ge=1, examples=[100])
    """Synthetic images per update of the student; all of them by default. [images]"""
    dsa: Transforms = "color_crop_cutout_flip_rotate_scale"
    """One transform a batch, other parameters for each image."""
    start: Literal["real", "noise"] = "real"
    """What the images start from: random real images, or standard normal pixels."""
    seed: Seed = 0

    @model_validator(mode="after")
    def _experts_go_far_enough(self) -> "TrajectoryMatching":
        last = self.latest - 1 + self.expert_epochs
        if last > self.experts.epochs:
            have = self.experts.epochs
            raise ValueError(f"experts of {have} epochs do not reach epoch {last}, latest - 1 + expert_epochs")
        return self

    @property
    def steps(self) -> int:
        """How many steps its progress counts."""
        return self.iterations

    def work(self, classes: int, images: int) -> tuple[int, int]:
        """Real images seen, experts aside, and images through the network: forward, and backward twice."""
        batch = min(self.batch or classes * self.ipc, classes * self.ipc)
        return 0, self.iterations * self.student_steps * batch * 6


CARD = DistillerCard(
    doc="images on which a student moves as experts did on real ones, and its rate",
    config=TrajectoryMatching,
    implementation="lmcspec.science.distill.mtt:distill",
    protocol="mtt/evaluate",
    form="mtt",
    source="Cazenavette et al., Dataset Distillation by Matching Training Trajectories, CVPR 2022; as in their code",
)
