"""Opening a zip archive in bounded memory: Python makes twenty bytes of each byte that its list of parts takes."""

from typing import BinaryIO
from zipfile import ZipFile

LARGEST_DIRECTORY = 4 * 2**20
"""Bytes of the list of parts; one of torch.save takes about 60 for each tensor."""
_END = 2**17
"""Bytes that are looked at to find the list: the records at the end of a file, and a comment behind them."""


def open_zip(file: BinaryIO) -> ZipFile:
    """The archive in a file, its list of parts read. Raises ValueError where that is longer than LARGEST_DIRECTORY.

    What is counted is what is read, not what the file says of itself: it says so in up to three places.
    """
    bounded = _Bounded(file, LARGEST_DIRECTORY + _END)
    archive = ZipFile(bounded)  # pyright: ignore[reportArgumentType, reportCallIssue]
    bounded.left = None
    return archive


class _Bounded:
    """A file of which no more than so many bytes are read; all of it where `left` is None."""

    def __init__(self, file: BinaryIO, left: int | None) -> None:
        self.left = left
        self._file = file
        self.seek, self.tell, self.close, self.seekable = file.seek, file.tell, file.close, file.seekable

    def read(self, size: int = -1) -> bytes:
        if self.left is None:
            return self._file.read(size)
        if size > self.left:
            raise ValueError(f"its list of parts is longer than {LARGEST_DIRECTORY >> 20} MiB")
        content = self._file.read(_END if size < 0 else size)  # to the end only from where its records may begin
        self.left -= len(content)
        return content
