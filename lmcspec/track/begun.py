"""Tasks that began a moment ago and of which no server has been told yet: small ones are over before it is."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lmcspec.store import Invocation

SOON = 2.0
"""Seconds after which the server is told that a task has begun."""

BEHIND = 200
"""Events after which it is told so in a journal that is read after the fact."""


class Start(NamedTuple):
    """The event of a task that began, and where it stands in its journal."""

    event: Mapping[str, Any]
    offset: int
    """Bytes before it."""
    number: int
    """How many events were read before it."""


class Begun:
    """The starts that were read and not told, oldest first."""

    def __init__(self) -> None:
        self._starts: dict[str, Start] = {}
        self._read = 0

    def read(self) -> None:
        """Count an event."""
        self._read += 1

    def add(self, task: str, event: Mapping[str, Any], offset: int) -> None:
        """Have a start wait."""
        self._starts[task] = Start(event, offset, self._read)

    def take(self, task: str) -> Mapping[str, Any] | None:
        """The start of a task, which waits no longer; None if it does not wait."""
        start = self._starts.pop(task, None)
        return start and start.event

    def told_to(self, offset: int) -> int:
        """Up to which byte all of a journal was told that was read up to `offset`."""
        return min(offset, *(start.offset for start in self._starts.values())) if self._starts else offset

    def behind(self) -> Iterable[str]:
        """Tasks of whose end nothing has come in many events."""
        return [task for task, start in self._starts.items() if start.number < self._read - BEHIND]

    def older(self, moment: float) -> Iterable[str]:
        """Tasks that began before a moment."""
        return [task for task, start in self._starts.items() if start.event["at"] < moment]

    def all(self) -> Iterable[str]:
        """All of them."""
        return list(self._starts)


def unfinished(invocation: Invocation, offset: int) -> tuple[list[str], dict[str, Any] | None]:
    """(tasks that began and did not end up to this byte of a journal, the event that ends it if that was before)."""
    begun: dict[str, None] = {}
    ended = None
    for after, event in invocation.events():
        if after > offset:
            break
        if event["event"] == "started":
            begun[event["task"]] = None
        elif "task" in event and event["event"] != "retried":
            begun.pop(event["task"], None)
        elif event["event"] == "run ended":
            ended = event
    return list(begun), ended
