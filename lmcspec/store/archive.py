"""Reading an archive in which a study travels. Anybody may have written it, and nothing that it says is believed.

Parts are stored as they are, never compressed, so that no archive holds more than its own size. Its list of parts is
bounded before it is read, and each part's name, kind and place are checked before any part is.
"""

import contextlib
import hashlib
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lmcspec.base.documents import DocumentError, open_regular
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.visible import one_line
from lmcspec.store.packing import MOST_PARTS

LARGEST_LIST = 128 * 2**20
"""Bytes of the list of parts: about 150 for each."""
LONGEST_NAME = 255
LONGEST_PATH = 1024
PIECE = 2**20
_HEADER = 30
"""Bytes before the name of a part."""
_HARMLESS = 0x800
"""The flag of names in UTF-8; all others are about what we never write: passwords, sizes that come later."""
_DAMAGE = (BadZipFile, EOFError, ValueError, RuntimeError, LookupError, OverflowError, struct.error)
"""What Python's reader raises, for one damage or another."""


class ArchiveError(StoreError):
    """A file that is no archive of a study, or not as it was written. Nothing of it is taken."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(
            f"{path} can't be unpacked: {one_line(str(why))}",
            help="nothing of it was taken; copy it again, or ask for it again from whoever made it with `lmcspec pack`",
        )


class Archive:
    """An open archive. It fulfils `remote_objects.Source`."""

    def __init__(self, path: Path, archive: ZipFile) -> None:
        self.path = path
        self._zip = archive
        self._parts: Mapping[str, ZipInfo] = _checked(path, archive.infolist())

    @property
    def url(self) -> str:
        """What errors call it."""
        return str(self.path)

    @property
    def names(self) -> tuple[str, ...]:
        """Its parts, in the order of the list."""
        return tuple(self._parts)

    def size(self, name: str) -> int | None:
        """The bytes of a part; None where there is none of that name."""
        part = self._parts.get(name)
        return None if part is None else part.file_size

    def read(self, name: str, largest: int) -> bytes | None:
        """A part of at most `largest` bytes; None where there is none of that name. ValueError for a larger one."""
        if (size := self.size(name)) is None:
            return None
        if size > largest:
            raise ValueError(f"it has more than {largest:,} bytes")
        return b"".join(self.pieces(name, largest))

    def pieces(self, name: str, most: int) -> Iterator[bytes]:
        """A part piece by piece, no more than `most` bytes and a piece. FileNotFoundError, ArchiveError."""
        if name not in self._parts:
            raise FileNotFoundError(name)
        done = 0
        try:
            with self._zip.open(self._parts[name]) as part:
                while done <= most and (piece := part.read(PIECE)):
                    done += len(piece)
                    yield piece
        except _DAMAGE as error:
            raise ArchiveError(self.path, f"its part {name} is damaged: {error}") from error
        except OSError as error:
            raise ArchiveError(self.path, f"its part {name} can't be read: {error.strerror or error}") from error

    def sha256(self, name: str) -> str:
        """The digest of a part, all of which is read."""
        digest = hashlib.sha256()
        for piece in self.pieces(name, self._parts[name].file_size):
            digest.update(piece)
        return digest.hexdigest()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive in a file. UsageError where there is none, ArchiveError where it is none that we would write."""
    try:
        file = open_regular(path, follow=True)
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", help="lmcspec pack SPEC makes an archive") from None
    except DocumentError as error:
        raise UsageError(f"{path} is no archive: it {error.problem}") from None
    with file:
        try:
            archive = _list_of(file)
        except _DAMAGE as error:
            raise ArchiveError(path, f"it is no zip file, or not all of one: {error}") from error
        except OSError as error:
            raise ArchiveError(path, f"it can't be read: {error.strerror or error}") from error
        with archive:
            yield Archive(path, archive)


def _list_of(file: BinaryIO) -> ZipFile:
    """The zip file, of which no more than the bounded list of parts is read."""
    bounded = _Bounded(file)
    archive = ZipFile(bounded)  # pyright: ignore[reportArgumentType, reportCallIssue]
    bounded.left = None
    return archive


def _checked(path: Path, parts: list[ZipInfo]) -> dict[str, ZipInfo]:
    """The parts by name. ArchiveError for the first that no archive of ours has."""
    if len(parts) > MOST_PARTS:
        raise ArchiveError(path, f"it has {len(parts):,} parts, more than {MOST_PARTS:,}")
    by_name: dict[str, ZipInfo] = {}
    for part in parts:
        why = _refused(part) or ("stands twice in it" if part.filename in by_name else "")
        if why:
            raise ArchiveError(path, f"its part {part.filename[:LONGEST_NAME]!r} {why}")
        by_name[part.filename] = part
    end = 0
    for part in sorted(parts, key=lambda part: part.header_offset):
        if part.header_offset < end:
            raise ArchiveError(path, f"its part {part.filename!r} lies in another one")
        end = part.header_offset + _HEADER + len(part.filename.encode()) + part.file_size
    return by_name


def _refused(part: ZipInfo) -> str:
    """What is wrong with an entry of the list; empty where nothing is."""
    if part.filename != part.orig_filename or not is_clean(part.filename):
        return "has a name that leads elsewhere, or none"
    if (mode := part.external_attr >> 16) and not stat.S_ISREG(mode):
        return "is a link, a folder or a device"
    if part.flag_bits & ~_HARMLESS:
        return "needs a password, or was written by something else"
    if part.compress_type != ZIP_STORED or part.compress_size != part.file_size:
        return "is compressed, which lmcspec never does"
    return ""


def is_clean(name: str) -> bool:
    """Whether a name, with `/` between its folders, can't lead out of a folder, or be obeyed by a terminal."""
    parts = name.split("/")
    try:
        short = len(os.fsencode(name)) <= LONGEST_PATH and all(len(os.fsencode(part)) <= LONGEST_NAME for part in parts)
    except UnicodeEncodeError:
        return False
    return short and "\\" not in name and all(part not in ("", ".", "..") and part.isprintable() for part in parts)


class _Bounded:
    """A file of which no more than LARGEST_LIST bytes are read; all of it where `left` is None."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left: int | None = LARGEST_LIST

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Leave it to whoever opened it."""

    def read(self, size: int = -1) -> bytes:
        if self.left is None:
            return self._file.read(size)
        if size > self.left:
            raise ValueError(f"its list of parts has more than {LARGEST_LIST >> 20} MiB")
        # To the end is read only from where the last records may begin.
        content = self._file.read(2**17 if size < 0 else size)
        self.left -= len(content)
        return content
