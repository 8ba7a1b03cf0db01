"""What is said of a run: its points, and all of one that is over."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Point(NamedTuple):
    """A metric's value at a step, at a moment in seconds since 1970."""

    metric: str
    value: float
    step: int
    at: float

    @property
    def milliseconds(self) -> int:
        """The moment as MLflow has it."""
        return int(self.at * 1000)


class WholeRun(NamedTuple):
    """A run that is over before the server has heard of it, with all that is to be told."""

    experiment: str
    name: str
    started: float
    ended: float
    status: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    points: Sequence[Point]
