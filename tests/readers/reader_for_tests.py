"""What a reader of a file is that somebody else may have written, and the table of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from world_for_tests import World


@dataclass(frozen=True)
class Reader:
    """A reader: the file that it reads, from the world's folder on, and the call."""

    name: str
    file: Callable[[World], Path]
    read: Callable[[World, Path], object]
    json: bool = True
    """Whether the file is JSON, or JSON lines: mutated as such too."""
    slow: bool = False
    """Whether a call takes more than milliseconds."""
    seal: Callable[[bytes], bytes] = bytes
    """What a stranger does to what they changed, so that its digests hold."""


READERS: list[Reader] = []


def reader(name: str, file: Callable[[World], Path], *, seal: Callable[[bytes], bytes] = bytes, **kinds: bool):
    """Enter a reader into the table."""

    def enter(read: Callable[[World, Path], object]) -> Callable[[World, Path], object]:
        READERS.append(Reader(name, file, read, seal=seal, **kinds))
        return read

    return enter
