"""Opening a zip archive in bounded memory: Python makes twenty bytes of each byte that its list of parts takes."""

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

LARGEST_DIRECTORY = 4 * 2**20
"""Bytes of the list of parts; one of torch.save takes about 60 for each tensor."""
_END = 2**17
"""Bytes that are looked at to find the list: the records at the end of a file, and a comment behind them."""


class Parts:
    """The parts of an archive: their list is read once, and the file is opened anew for each of them."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """`file` is the archive, opened. Raises ValueError where its list is longer than LARGEST_DIRECTORY.

        What is counted is what is read, not what the file says of itself: it says so in up to three places.
        """
        self.size = file.seek(0, 2)
        self._path, self._lock = path, Lock()
        self._bounded = _Bounded(file, LARGEST_DIRECTORY + _END)
        self._archive = ZipFile(self._bounded)  # pyright: ignore[reportArgumentType, reportCallIssue]
        self._bounded.left = None

    def __iter__(self) -> Iterator[ZipInfo]:
        return iter(self._archive.infolist())

    def read(self, part: ZipInfo, file: BinaryIO) -> bytes:
        """The content of a part in the archive, opened as `file`, checked against the list."""
        with self._lock:
            self._bounded.file = file
            return self._archive.read(part)

    def read_later(self, part: ZipInfo) -> bytes:
        """The content of a part in the file as it is by now; empty if the file is of another size."""
        with self._path.open("rb") as file:
            return self.read(part, file) if file.seek(0, 2) == self.size else b""


class _Bounded:
    """A file of which no more than so many bytes are read; all of it where `left` is None."""

    def __init__(self, file: BinaryIO, left: int | None) -> None:
        self.file, self.left = file, left

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return self.file.seekable()

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""

    def read(self, size: int = -1) -> bytes:
        if self.left is None:
            return self.file.read(size)
        if size > self.left:
            raise ValueError(f"its list of parts is longer than {LARGEST_DIRECTORY >> 20} MiB")
        content = self.file.read(_END if size < 0 else size)  # to the end only from where its records may begin
        self.left -= len(content)
        return content
