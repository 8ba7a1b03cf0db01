"""Files and folders under a root that others may have written to, reached without ever following a link.

A store may come from a stranger, so that what lies in it need not be what its name says. Nothing below its root is
opened, made, moved or deleted by a path that the system would resolve: each folder on the way is opened in the one
before it, and has to be a folder of its own. What is a link, a pipe or a device where a file or a folder is expected
is a ForeignError, and stays as it is. The root itself is what the user named, and may be a link.

Missing files and folders, full disks and the like are the OSErrors that they are everywhere.
"""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from lmcspec.base.errors import StoreError
from lmcspec.base.flush import flush

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening a pipe would wait for its other end.
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_LINK = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EOPNOTSUPP, getattr(errno, "EMLINK", errno.ELOOP))


class ForeignError(StoreError, OSError):
    """Something that isn't ours stands where a file or a folder of ours is expected. It is left alone."""

    def __init__(self, path: Path, what: str, expected: str) -> None:
        super().__init__(
            f"{path} is {what}, not {expected} of the store's own, and is left alone",
            help="move it away; a store can be kept elsewhere as a whole, named with --store or LMCSPEC_STORE "
            "(docs/store.md)",
        )
        self.path = path


# Looking


def look(root: Path, path: Path) -> os.stat_result | None:
    """What is there, a link itself and not where it leads; None if nothing is, or a link is on the way."""
    try:
        with _parent(root, path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError, ForeignError):
        return None
    except (OSError, ValueError) as error:
        if _no_name(error) and path.is_relative_to(root):
            return None
        raise


def _no_name(error: Exception) -> bool:
    """Whether an error means that nothing can have such a name: it is too long, or holds NUL or half a character."""
    return isinstance(error, ValueError) or getattr(error, "errno", 0) == errno.ENAMETOOLONG


def is_file(root: Path, path: Path) -> bool:
    """Whether a plain file is there."""
    status = look(root, path)
    return status is not None and stat.S_ISREG(status.st_mode)


def is_folder(root: Path, path: Path) -> bool:
    """Whether a folder is there, no link to one."""
    status = look(root, path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def names(root: Path, path: Path) -> list[str]:
    """The names in a folder, sorted; none if there is no folder of ours."""
    try:
        with folder(root, path) as descriptor:
            return sorted(os.listdir(descriptor))
    except (FileNotFoundError, NotADirectoryError, ForeignError):
        return []


def folders_in(descriptor: int) -> list[str]:
    """The names of the folders in an open folder, links to folders not among them, sorted."""
    with os.scandir(descriptor) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def walk(root: Path, path: Path, deepest: int = 32) -> Iterator[tuple[Path, str]]:
    """Everything under a folder with its kind, the contents of a folder before itself; links are not followed."""
    for name in names(root, path):
        status = look(root, path / name)
        if status is None:
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield path / name, kind(status.st_mode)
        elif deepest:
            yield from walk(root, path / name, deepest - 1)
        else:
            yield path / name, "a folder too deep in others"
    yield path, "a folder"


Expected = Literal["a file", "a folder", "a file or a folder"]


def refuse_foreign(root: Path, path: Path, expected: Expected) -> None:
    """Raise ForeignError where there is anything else than what is expected; that nothing is there is fine."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), _parent(root, path) as (parent, name):
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if kind(mode) not in expected.split(" or "):
            raise ForeignError(path, kind(mode), expected)


def kind(mode: int) -> str:
    """What a file of this mode is, in words: a file, a folder, a symbolic link, …"""
    for test, words in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISREG, "a file"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(mode):
            return words
    return "a device"


# Reading and writing


@contextlib.contextmanager
def folder(root: Path, path: Path, *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder, and of nothing that a link leads to; made with those on its way if `make`."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        way = _below(root, path)
        for place, name in enumerate(way):
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=descriptor)
            try:
                below = os.open(name, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                _tell(error, descriptor, name, root.joinpath(*way[: place + 1]), "a folder")
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _below(root: Path, path: Path) -> list[str]:
    """The names on the way from the root to a path: `Path.relative_to`, in a tenth of the time."""
    above, whole = f"{root}/", str(path)
    return whole[len(above) :].split("/") if whole.startswith(above) else list(path.relative_to(root).parts)


def open_file(root: Path, path: Path, flags: int) -> int:
    """A descriptor of a plain file, opened as `flags` say, which may make it."""
    with _parent(root, path) as (parent, name):
        descriptor = _open(parent, name, path, flags | _FILE, "a file")
    try:
        if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
            raise ForeignError(path, kind(mode), "a file")
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def reading(root: Path, path: Path) -> BufferedReader:
    """A plain file, open for reading."""
    return os.fdopen(open_file(root, path, os.O_RDONLY), "rb")


def read(root: Path, path: Path) -> bytes:
    """What is in a plain file."""
    with reading(root, path) as file:
        return file.read()


def write(root: Path, path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file that must not exist yet, on disk when this returns if `durable`."""
    with os.fdopen(open_file(root, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            flush(file.fileno())


def sync(root: Path, path: Path) -> None:
    """Wait until a file's bytes, or a folder's list of names, are on disk, where the file system can do so."""
    descriptor = _either(root, path)
    try:
        flush(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


# Making, moving, deleting


def make_folder(root: Path, path: Path) -> None:
    """Make a folder that must not exist yet, in one that is there."""
    with _parent(root, path) as (parent, name):
        os.mkdir(name, dir_fd=parent)


def make_folders(root: Path, path: Path) -> None:
    """Make sure of a folder and of those on its way."""
    with folder(root, path, make=True):
        pass


def move(root: Path, old: Path, new: Path) -> None:
    """Rename; what stands in the new place is replaced as the system's rename does, a link as such."""
    with _parent(root, old) as (source, was), _parent(root, new) as (target, becomes):
        os.rename(was, becomes, src_dir_fd=source, dst_dir_fd=target)


def replace(root: Path, draft: Path, path: Path) -> None:
    """Put a finished draft in the place of a file, or where there is none."""
    refuse_foreign(root, path, "a file")
    with _parent(root, draft) as (source, was), _parent(root, path) as (target, becomes):
        os.replace(was, becomes, src_dir_fd=source, dst_dir_fd=target)


def link(root: Path, draft: Path, path: Path) -> None:
    """Give a file a second name; FileExistsError where anything has that."""
    with _parent(root, draft) as (source, was), _parent(root, path) as (target, becomes):
        os.link(was, becomes, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)


def remove(root: Path, path: Path) -> None:
    """Delete a plain file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        refuse_foreign(root, path, "a file")
        with _parent(root, path) as (parent, name):
            os.unlink(name, dir_fd=parent)


def remove_empty(root: Path, path: Path) -> None:
    """Delete a folder that has nothing in it; OSError where it has, or isn't there."""
    with _parent(root, path) as (parent, name):
        os.rmdir(name, dir_fd=parent)


def remove_tree(root: Path, path: Path, *, ignore_errors: bool = True) -> None:
    """Delete a folder of ours and all in it, links as such; anything else in its place is left alone."""
    try:
        with _parent(root, path) as (parent, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                # What has become a link since is refused by rmtree too.
                shutil.rmtree(name, ignore_errors=ignore_errors, dir_fd=parent)
    except FileNotFoundError:
        pass
    except (OSError, RecursionError):
        if not ignore_errors:
            raise


class Measured(NamedTuple):
    """What lies in a place."""

    bytes: int
    """Of all files."""
    newest: float
    """When the last of them was written, in seconds since 1970; 0 where there is none."""


def measure(root: Path, path: Path) -> Measured:
    """How much a file holds, or a folder with all that is in it and may be read; links are not followed."""
    total, newest = 0, 0.0
    with (
        contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError, ForeignError),
        _parent(root, path) as (parent, name),
    ):
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            return Measured(status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else Measured(0, 0.0)
        for _, _, files, descriptor in os.fwalk(name, dir_fd=parent):
            for file in files:
                with contextlib.suppress(OSError):  # it went away
                    status = os.stat(file, dir_fd=descriptor, follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        total += status.st_size
                        newest = max(newest, status.st_mtime)
    return Measured(total, newest)


def remove_any(root: Path, path: Path) -> None:
    """Delete whatever is there: a folder with all that is in it, anything else as such, a link too."""
    remove_tree(root, path, ignore_errors=False)
    with contextlib.suppress(FileNotFoundError), _parent(root, path) as (parent, name):
        os.unlink(name, dir_fd=parent)


@contextlib.contextmanager
def _parent(root: Path, path: Path) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder in which something is, and its name there. Errors name the whole path."""
    with folder(root, path.parent) as descriptor:
        try:
            yield descriptor, path.name
        except OSError as error:
            if error.filename == path.name:
                error.filename = str(path)
            raise


def _either(root: Path, path: Path) -> int:
    """A descriptor of a file or a folder, or of the root itself."""
    if path == root:
        return os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    with _parent(root, path) as (parent, name):
        return _open(parent, name, path, os.O_RDONLY | _FILE, "a file or a folder")


def _open(parent: int, name: str, path: Path, flags: int, expected: Expected) -> int:
    """Open a name in an open folder."""
    try:
        return os.open(name, flags, 0o666, dir_fd=parent)
    except OSError as error:
        _tell(error, parent, name, path, expected)


def _tell(error: OSError, parent: int, name: str, path: Path, expected: Expected) -> NoReturn:
    """Raise an error of the system's with the whole path, or as ForeignError where that is what it means."""
    if error.errno in _LINK:
        with contextlib.suppress(FileNotFoundError):
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            # A plain file where a folder should be stays the system's own error.
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise ForeignError(path, kind(mode), expected) from error
    error.filename = str(path)
    raise error
