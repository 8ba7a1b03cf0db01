"""Worker processes on this machine."""

from pydantic import Field

from lmcspec.catalog.card import RunnerCard
from lmcspec.catalog.config import Config


class Local(Config):
    """How many workers, and on what."""

    workers: int | None = Field(default=None, ge=1)
    """Slots; by default one per GPU, or one per CPU core where there is none."""
    devices: str = ""
    """Which GPUs and how many slots of the CPU, as `--devices` says it."""


CARD = RunnerCard(
    name="local",
    doc="persistent worker processes on this machine, one per slot",
    config=Local,
    implementation="lmcspec_runners.local:LocalRunner",
)
