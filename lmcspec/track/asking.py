"""Calls of a library that may hang, each waited for so long and no longer.

A timeout of a socket is over when a byte comes: a server that sends one every ten seconds is never late by it. Nor is
there one for looking a name up. So calls are made in a thread of their own, which is left behind when it is stuck.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from lmcspec.track.troubles import UnreachableError

SILENT = 5.0
"""Seconds of waiting for one answer after which people are told so."""

_Answer = TypeVar("_Answer")


def repeated(act: Callable[[], _Answer], is_final: Callable[[Exception], bool]) -> Callable[[], _Answer]:
    """`act`, done once more if it fails, unless that error is final: a connection that lay idle may be gone."""

    def twice() -> _Answer:
        try:
            return act()
        except Exception as error:
            if is_final(error):
                raise
        return act()

    return twice


class Asking:
    """A thread that makes one call after the other. Once it is stuck, all further ones fail at once."""

    def __init__(self, whom: str, waiting: Callable[[str], None]) -> None:
        self._whom, self._waiting = whom, waiting
        self._orders: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue]] = queue.SimpleQueue()
        self._begun = False
        self._stuck = ""

    def call(self, act: Callable[[], _Answer], longest: float) -> _Answer:
        """What `act` returns or raises; UnreachableError if that takes more than `longest` seconds."""
        if self._stuck:
            raise UnreachableError(self._stuck)
        if not self._begun:
            threading.Thread(target=self._work, name="asking", daemon=True).start()
            self._begun = True
        answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._orders.put((act, answers))
        try:
            try:
                answer, error = answers.get(timeout=min(SILENT, longest))
            except queue.Empty:
                self._waiting(f"waiting for an answer of {self._whom}, {longest:.0f} s at most")
                answer, error = answers.get(timeout=max(0.0, longest - SILENT))
        except queue.Empty:
            self._stuck = f"{self._whom} does not answer: nothing whole came in {longest:.0f} s"
            raise UnreachableError(self._stuck) from None
        if error is not None:
            raise error
        return answer

    def _work(self) -> None:
        while True:
            act, answers = self._orders.get()
            try:
                answers.put((act(), None))
            except BaseException as error:  # noqa: BLE001 (it is raised where the call was made)
                answers.put((None, error))
            if self._stuck:
                return
