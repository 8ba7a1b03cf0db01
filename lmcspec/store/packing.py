"""Writing an archive in which a study travels: a zip file of which equal parts make equal bytes, on any machine.

Its parts are stored as they are. Tensors hardly compress, what compresses does so otherwise with each version of zlib,
and an archive that can't expand needs no defence against that where it is read.
"""

import hashlib
from collections.abc import Iterator
from typing import IO, NamedTuple, Self
from zipfile import ZIP_STORED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can name: of all parts."""
MODE = 0o100644 << 16
"""An ordinary file that its owner may write and all may read."""
UNIX = 3
PIECE = 2**20
MOST_PARTS = 300_000
"""As many as are read again, in bounded memory."""


class PackedFile(NamedTuple):
    """A file in the archive."""

    sha256: str
    bytes: int


class Packing:
    """An archive that is being written to an open file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_STORED)
        self.parts: dict[str, PackedFile] = {}
        """What it holds so far, in order."""

    def size(self, name: str) -> int | None:
        """The bytes of a part; None where there is none of that name."""
        part = self.parts.get(name)
        return None if part is None else part.bytes

    def write(self, name: str, content: bytes) -> None:
        """Add a part."""
        self._add(name, len(content), iter([content]))

    def send(self, name: str, source: IO[bytes]) -> None:
        """Add an open file as a part, piece by piece."""
        size = source.seek(0, 2)
        source.seek(0)
        self._add(name, size, iter(lambda: source.read(PIECE), b""))

    def close(self) -> None:
        """Write the list of parts, without which it is no archive."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _add(self, name: str, size: int, pieces: Iterator[bytes]) -> None:
        if name in self.parts:
            raise ValueError(f"two parts are called {name}")
        info = ZipInfo(name, EPOCH)
        info.create_system, info.external_attr, info.file_size = UNIX, MODE, size
        digest, written = hashlib.sha256(), 0
        with self._zip.open(info, "w") as target:
            for piece in pieces:
                digest.update(piece)
                written += target.write(piece)
        self.parts[name] = PackedFile(digest.hexdigest(), written)
