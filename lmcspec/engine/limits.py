"""How a run is to be held back."""

from typing import NamedTuple

from lmcspec.engine.silence import Patience


class Limits(NamedTuple):
    """How a run is to be held back."""

    max_parallel: int | None = None
    """Tasks at a time, at most."""
    fail_fast: bool = False
    """Whether the first task that fails for good ends it: nothing more starts, and what runs saves a checkpoint."""
    patience: Patience = Patience()
    """How long a task may say nothing."""


NO_LIMITS = Limits()
