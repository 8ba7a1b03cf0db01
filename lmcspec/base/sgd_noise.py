"""SGD noise: the data order and augmentation of a training, as the address at which its random streams begin."""

from typing import Literal, NamedTuple

from lmcspec.base.addresses import Where


class SgdNoise(NamedTuple):
    """One sample of SGD noise: that of a copy of a replicate's network at a level."""

    replicate: int
    copy: int = 0
    level: int = 0

    def at(self, stream: str, epoch: int) -> Where:
        """The stream of that name and its address in an epoch."""
        return (stream, self.replicate, self.copy, self.level, epoch)


class InnerNoise(NamedTuple):
    """SGD noise of a training that is a part of making something: all its draws are from the stream of that."""

    stream: Literal["distill", "expert"]
    place: tuple[str | int, ...]

    def at(self, stream: str, epoch: int) -> Where:
        """The stream of what is made, with what is drawn and the epoch in its address."""
        return (self.stream, *self.place, stream, epoch)


TrainingNoise = SgdNoise | InnerNoise
