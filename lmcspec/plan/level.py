"""What is known of a level of a network before anything runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """What a plan knows of one level of one network before anything runs."""

    number: int
    density: float
    """Nominal: of all prunable weights, by the formula; figures use what was measured."""
    stage: int
    """The stage whose recipe trains this level."""
    surviving: int | None = None
    """Weights that survive, where that is known beforehand."""
    prunable: int | None = None
    """How many weights there are to prune, where the model's shapes are known."""
    known: bool = True
    """False under a mask whose file is not here: then the density means nothing."""

    @property
    def sparsity(self) -> float:
        """The share of prunable weights that is gone: as it will be where weights could be counted, else nominal."""
        return 1 - (self.density if self.surviving is None or not self.prunable else self.surviving / self.prunable)

    @property
    def shown(self) -> str:
        """The sparsity in words: `about` where it is estimated though the model's weights are known; or `?`."""
        if not self.known:
            return "?"
        estimated = self.surviving is None and self.prunable is not None
        return f"about {self.sparsity:.1%}" if estimated else f"{self.sparsity:.1%}"
