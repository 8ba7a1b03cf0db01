"""One task after the other in this process."""

from lmcspec.catalog.card import RunnerCard
from lmcspec.catalog.config import Config


class Inline(Config):
    """Nothing to set."""


CARD = RunnerCard(
    name="inline",
    doc="one task after the other in this process; for debugging",
    config=Inline,
    implementation="lmcspec_runners.inline:InlineRunner",
)
