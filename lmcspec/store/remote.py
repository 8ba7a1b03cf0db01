"""A folder at an fsspec URL, of which nothing is believed: each answer is bounded in size and in time.

What stands there may have been written by anybody, and the server may be slow, fail for a while, or never answer.
Whatever it says comes back as bytes of a bounded size, as None where there is nothing, or as a RemoteError.
"""

import contextlib
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from lmcspec.base.documents import open_regular
from lmcspec.base.errors import BlockedError, StoreError, UsageError
from lmcspec.base.visible import one_line

PATIENCE = 60.0
"""Seconds for one answer, such as a piece of a file."""
PAUSES = (0.5, 2.0, 8.0)
"""Seconds before each further try at what failed in passing."""
PIECE = 2**20
"""Bytes that are asked for at a time."""
MOST_NAMES = 4_000_000
"""Names that a listing may have."""

_FINAL = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, NotImplementedError)
_FINAL_KINDS = (ImportError, ValueError, TypeError, AttributeError, KeyError)
_SECRET = re.compile(r"(?<=://)[^/@\s]*@")
_Answer = TypeVar("_Answer")


class RemoteError(StoreError):
    """A URL that can't be reached, or doesn't do what it was asked to."""


class StoppedError(RemoteError):
    """Sending was over before its end."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A folder at a URL. Open it with `Remote.at`."""

    url: str
    """As it may be shown: without a password."""
    filesystem: Any
    root: str
    patience: float = PATIENCE
    pauses: tuple[float, ...] = PAUSES

    @staticmethod
    def at(url: str, *, patience: float = PATIENCE, pauses: tuple[float, ...] = PAUSES) -> "Remote":
        """The folder at a URL of any protocol that fsspec knows, or at a path. Nothing is asked of it yet.

        UsageError for what is no such URL; BlockedError where the package for its protocol is not installed.
        """
        import fsspec

        shown = shown_url(url)
        try:
            filesystem, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise BlockedError(
                f"{shown} needs a package that is not installed: {one_line(str(error))}",
                help=f"install it beside lmcspec: {_package(error)}",
            ) from error
        except Exception as error:
            raise UsageError(
                f"{shown} is no URL that fsspec can open: {one_line(_SECRET.sub('', str(error)))}",
                help="such as s3://bucket/folder, gs://bucket/folder, sftp://host/folder, or the path of a folder",
            ) from error
        if not isinstance(root, str) or not root.strip("/") or not url.strip():
            raise UsageError(f"{shown} names no folder", help="such as s3://bucket/folder")
        return Remote(shown, filesystem, root.rstrip("/"), patience, pauses)

    def read(self, name: str, largest: int) -> bytes | None:
        """What is in a file of at most `largest` bytes; None if there is no such file. ValueError for a larger one."""

        def whole() -> bytes:
            with self._opened(name) as file:
                return b"".join(_bounded(file, largest + 1))

        content = self._answer(f"read {name}", whole)
        if content is not None and len(content) > largest:
            raise ValueError(f"it has more than {largest:,} bytes")
        return content

    def size(self, name: str) -> int | None:
        """The bytes that a file is said to have; None if there is no such file, or that isn't said."""
        told = self._answer(f"look at {name}", lambda: self.filesystem.info(self._path(name)))
        if not isinstance(told, dict) or told.get("type", "file") != "file":
            return None
        return told["size"] if isinstance(told.get("size"), int) else None

    def pieces(self, name: str, most: int) -> Generator[bytes, None, None]:
        """The content of a file piece by piece, and no more than `most` bytes and a piece; FileNotFoundError.

        Where reading fails in passing it goes on from there.
        """
        done, tries = 0, 0
        file: Any = None
        try:
            while done <= most:
                try:
                    if file is None:
                        file = self._in_time(lambda: self._opened(name))
                        if done:
                            self._in_time(lambda file=file, place=done: file.seek(place))
                    piece = self._in_time(lambda file=file: file.read(PIECE))
                except Exception as error:
                    file = None
                    if _is_final(error) or tries >= len(self.pauses):
                        if isinstance(error, FileNotFoundError):
                            raise FileNotFoundError(name) from error
                        raise self._error(f"read {name}", error) from error
                    time.sleep(self.pauses[tries])
                    tries += 1
                    continue
                if not piece:
                    break
                done += len(piece)
                yield piece
        finally:
            with contextlib.suppress(Exception):
                file.close()

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, in the place of one that may be there."""

        def put(path: str) -> None:
            # Not closed where writing fails: that would make what came so far the file.
            file = self.filesystem.open(path, "wb")
            file.write(content)
            file.close()

        self._place(name, put)

    def send(self, name: str, source: IO[bytes], over: threading.Event | None = None) -> None:
        """Put an open file there, piece by piece. StoppedError, and nothing is put there, once it is `over`."""

        def put(path: str) -> None:
            source.seek(0)
            file = self._in_time(lambda: self.filesystem.open(path, "wb"), over)
            try:
                while piece := source.read(PIECE):
                    self._in_time(lambda piece=piece: file.write(piece), over)
                self._in_time(lambda: True, over)
            except StoppedError:
                _discard(file)
                raise
            self._in_time(file.close)

        self._place(name, put, timed=False)

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        self._answer(f"delete {name}", lambda: self.filesystem.rm_file(self._path(name)))

    def delete_empty(self, folder: str) -> None:
        """Delete a folder without files, where the URL has folders: one that stays is listed as an object."""
        with contextlib.suppress(Exception):
            self._in_time(lambda: self.filesystem.rmdir(self._path(folder)))

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none if it isn't there."""

        def listed() -> list[str]:
            paths = self.filesystem.ls(self._path(folder), detail=False)
            if len(paths) > MOST_NAMES:
                raise ValueError(f"it has {len(paths):,} names, more than {MOST_NAMES:,}")
            return sorted({str(path).rstrip("/").rpartition("/")[2] for path in paths})

        return self._answer(f"list {folder}", listed) or []

    @property
    def _on_disk(self) -> bool:
        return bool({"file", "local"} & {*_protocols(self.filesystem)})

    def _opened(self, name: str) -> Any:
        # On a disk fsspec would follow links, and wait for the other end of a pipe.
        return open_regular(self._path(name)) if self._on_disk else self.filesystem.open(self._path(name), "rb")

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _place(self, name: str, put: Callable[[str], None], *, timed: bool = True) -> None:
        """Put a file in its place: on a disk by a draft and a rename, elsewhere as the server does, in one step."""
        path = self._path(name)

        def placed() -> bool:
            target = f"{path}.{uuid.uuid4().hex}.part" if self._on_disk else path
            try:
                put(target)
            except FileNotFoundError:
                self.filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
                put(target)
            except StoppedError:
                if self._on_disk:
                    with contextlib.suppress(OSError):
                        self.filesystem.rm_file(target)
                raise
            if self._on_disk:
                os.replace(target, path)
            return True

        if self._answer(f"write {name}", placed, timed=timed) is None:
            raise self._error(f"write {name}", FileNotFoundError("its folder can't be made"))

    def _answer(self, what: str, ask: Callable[[], _Answer], *, timed: bool = True) -> _Answer | None:
        """An answer, asked for again where that fails in passing; None where there is no such file."""
        for pause in (*self.pauses, None):
            try:
                return self._in_time(ask) if timed else ask()
            except FileNotFoundError:
                return None
            except RemoteError:
                raise
            except Exception as error:
                if _is_final(error) or pause is None:
                    raise self._error(what, error) from error
                time.sleep(pause)
        return None

    def _in_time(self, ask: Callable[[], _Answer], over: threading.Event | None = None) -> _Answer:
        """The answer if it comes in time; TimeoutError if not: what was asked may then go on, and is not heard.

        StoppedError where it is `over` before.
        """
        over = over or threading.Event()
        answers: list[_Answer] = []
        errors: list[BaseException] = []
        thread = threading.Thread(target=_into, args=(ask, answers, errors), daemon=True)
        deadline = time.monotonic() + self.patience
        if not over.is_set():
            thread.start()
        while thread.is_alive() and not over.is_set() and (left := deadline - time.monotonic()) > 0:
            thread.join(min(left, 0.1))
        if errors:
            raise errors[0]
        if answers:
            return answers[0]
        if over.is_set():
            raise StoppedError(f"sending to {self.url} was over before its end")
        raise TimeoutError(f"no answer for {self.patience:g} s")

    def _error(self, what: str, error: Exception) -> RemoteError:
        words = one_line(_SECRET.sub("", str(error)))[:300]
        why = f"{type(error).__name__}: {words}" if words else type(error).__name__
        return RemoteError(
            f"can't {what} at {self.url}: {why}",
            help="check that it can be reached and written to from here, then run the same command again: "
            "what is there already stays",
        )


def shown_url(url: str) -> str:
    """A URL without the name and password that may stand in it."""
    return one_line(_SECRET.sub("", url))


def _package(error: ImportError) -> str:
    """What to type to have the package that fsspec names in its own error."""
    named = re.search(r"[Ii]nstall ([\w.-]+)", str(error))
    return f"`uv run --with {named[1]} lmcspec …`" if named else "fsspec's documentation names it"


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _is_final(error: Exception) -> bool:
    """Whether another try would come to the same."""
    return isinstance(error, _FINAL) or (isinstance(error, _FINAL_KINDS) and not isinstance(error, OSError))


def _discard(file: Any) -> None:
    """Give up a file that was begun: fsspec's own would make what came so far the file once it is forgotten."""
    with contextlib.suppress(Exception):
        file.closed = True
        file.discard()


def _bounded(file: Any, most: int) -> Iterator[bytes]:
    """The content piece by piece, up to `most` bytes."""
    while most > 0 and (piece := file.read(min(PIECE, most))):
        yield piece[:most]
        most -= len(piece)


def _into(ask: Callable[[], _Answer], answers: list[_Answer], errors: list[BaseException]) -> None:
    try:
        answers.append(ask())
    except BaseException as error:  # noqa: BLE001 (raised again where it was asked for)
        errors.append(error)
