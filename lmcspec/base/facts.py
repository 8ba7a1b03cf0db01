"""What a plan has to know of data and models without loading either."""

from dataclasses import dataclass, field
from math import prod


@dataclass(frozen=True, slots=True)
class DataFacts:
    """A data set: digest of its decoded arrays, how many images, classes, and their shape (channels, height, width)."""

    digest: str
    train: int
    test: int
    classes: int
    shape: tuple[int, int, int]
    known: bool = True
    """False where the data are missing and the digest is a placeholder by name."""
    validation: int = 0
    """Images that a study's validation split took from the training set; `train` counts those that are left."""
    names: tuple[str, ...] = field(default=(), compare=False)
    """Of the classes in the order of their labels, where the data have names for them."""
    sizes: tuple[int, ...] = field(default=(), compare=False)
    """Training images of each class, in that order, where that is known; before any are set aside."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model on images of one shape: its parameters, prunable tensors in order, and multiply-adds per image."""

    parameters: int
    prunable: tuple[tuple[str, tuple[int, ...]], ...]
    macs: int
    has_batch_norm: bool
    buffers: int = 0

    @property
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Prunable weights per tensor."""
        return tuple((name, prod(shape)) for name, shape in self.prunable)
