"""Stamps of files: what the system changes whenever a file is written or replaced, and when they can be trusted."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIELDS, CHANGED = 5, 2
"""Numbers of a stamp, and which of them is the time of change."""
GRAIN = 2_000_000_000
"""Nanoseconds within which two writes may leave the same times: FAT counts in two seconds, others in milliseconds."""

Stamp = tuple[int, int, int, int, int]


def stamp(status: os.stat_result) -> Stamp:
    """Size, times of modification and of change in nanoseconds, inode and device.

    Everybody can set the first time, and `cp -p` and archives do; the second only the system sets.
    """
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev


def now() -> int:
    """The time in nanoseconds by the clock that files are stamped by."""
    return time.time_ns()


def settled(changed: Any, looked: int) -> Any:
    """Whether a file whose last change was at `changed` can't be written again under the stamp it had when `looked` at.

    One that was changed just before could be; so could one from the future, which a clock that was set back has left.
    """
    return changed < looked - GRAIN


@dataclass(frozen=True, slots=True)
class Look:
    """Files with their stamps, taken before they are read."""

    files: tuple[tuple[str, Stamp], ...]
    settled: bool
    """Whether all these stamps can be trusted to show the next change."""

    @property
    def document(self) -> list[list[str | int]]:
        """Paths and stamps as plain JSON, for a cache."""
        return [[path, *numbers] for path, numbers in self.files]


def look(files: Sequence[Path]) -> Look:
    """The stamps of some files as they are now. Raises OSError where one is missing."""
    looked = now()
    stamped = tuple((str(path.resolve()), stamp(path.stat())) for path in files)
    return Look(stamped, all(settled(numbers[CHANGED], looked) for _, numbers in stamped))
