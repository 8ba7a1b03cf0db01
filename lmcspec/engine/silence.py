"""Tasks that say nothing any more: how long that is waited for. Pure: time is a number that the caller passes in."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from lmcspec.base.errors import UsageError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a running task may say nothing, in seconds, before its worker is ended.

    A task says something when it has come further: an update, a point of a path. Many never do, since they are short.
    """

    least: float = 1800.0
    times: float = 10.0
    """Or so many times what the whole task is expected to take, if that is longer."""

    def limit(self, expected: float | None) -> float:
        """For a task that is expected to take so long, if anything is known."""
        return max(self.least, self.times * (expected or 0.0))


USUAL = Patience()
UNLIMITED = Patience(math.inf)
ABSENT = 10.0
"""Seconds between two looks of a driver beyond which it was not there: it was stopped, and its workers with it."""


def patience_of(minutes: float | None) -> Patience:
    """What `--patience MINUTES` asks for: nothing for the usual, 0 for waiting for ever. UsageError for less than 0."""
    if minutes is None:
        return USUAL
    if not minutes >= 0:  # nor what is no number
        raise UsageError(
            f"a patience of {minutes} minutes is none", help="say how many a task may say nothing; 0 is for ever"
        )
    return Patience(60 * minutes, 0.0) if minutes else UNLIMITED


class Silence(NamedTuple):
    """A task that has said nothing for so many seconds, of so many that it may."""

    task: str
    seconds: float
    limit: float


@dataclass(slots=True)
class _Heard:
    last: float
    limit: float
    warned: bool = False


class Silences:
    """What was heard of running tasks."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._heard: dict[str, _Heard] = {}
        self._looked: float | None = None

    def listening(self, now: float) -> None:
        """Somebody listens at this moment. Time in which nobody did, as after Ctrl-Z, is not held against a task."""
        if self._looked is not None and now - self._looked > ABSENT:
            for heard in self._heard.values():
                heard.last += now - self._looked
        self._looked = now

    def began(self, task: str, expected: float | None, now: float) -> None:
        """The task runs from now on."""
        self._heard[task] = _Heard(now, self._patience.limit(expected))

    def heard(self, task: str, now: float) -> None:
        """The task has come further."""
        if (heard := self._heard.get(task)) is not None:
            heard.last, heard.warned = now, False

    def ended(self, task: str) -> None:
        """The task runs no more."""
        self._heard.pop(task, None)

    def suspicious(self, now: float) -> list[Silence]:
        """Tasks that have said nothing for half of what they may; each is named once a silence."""
        named = []
        for task, heard in self._heard.items():
            if not heard.warned and now - heard.last >= heard.limit / 2:
                heard.warned = True
                named.append(Silence(task, now - heard.last, heard.limit))
        return named

    def hung(self, now: float) -> list[Silence]:
        """Tasks that have said nothing for longer than they may."""
        return [
            Silence(task, now - heard.last, heard.limit)
            for task, heard in self._heard.items()
            if now - heard.last > heard.limit
        ]


def said_of(silence: Silence) -> str:
    """Why a worker was ended, for people."""
    return (
        f"it has said nothing for {silence.seconds / 60:.0f} min, of {silence.limit / 60:.0f} that it may, "
        "and its worker was ended (--patience)"
    )
