"""No matching: the control of what is done to networks beside it."""

from typing import Literal

from lmcspec.catalog.card import MatcherCard
from lmcspec.catalog.config import Config


class Identity(Config):
    """All units stay where they are."""

    method: Literal["identity"] = "identity"


CARD = MatcherCard(
    doc="units as they are: what `prune` and `ends` alone make of a path",
    config=Identity,
    implementation="lmcspec.science.permute.matchers:as_they_are",
)
