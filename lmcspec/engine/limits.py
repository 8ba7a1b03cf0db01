"""How a run is to be held back."""

from dataclasses import dataclass
from typing import get_args

from lmcspec.base.batching import Batching
from lmcspec.base.errors import UsageError
from lmcspec.engine.silence import USUAL, Patience


@dataclass(frozen=True, slots=True)
class Limits:
    """How a run is to be held back. UsageError where nothing could ever run."""

    max_parallel: int | None = None
    """Tasks at a time, at most."""
    fail_fast: bool = False
    """Whether the first task that fails for good ends it: nothing more starts, and what runs saves a checkpoint."""
    patience: Patience = USUAL
    """How long a task may say nothing."""
    batching: Batching = "off"

    def __post_init__(self) -> None:
        if self.batching not in get_args(Batching):
            raise UsageError(f"there is no batching {self.batching!r}", help=f"say {' or '.join(get_args(Batching))}")
        if self.max_parallel is not None and self.max_parallel < 1:
            raise UsageError(
                f"with at most {self.max_parallel} tasks at a time nothing would ever run",
                help="leave max_parallel out, or say 1 or more",
            )


NO_LIMITS = Limits()
