"""A task's log file: everything that is written to stdout and stderr, by Python or by C, up to a size."""

import contextlib
import io
import os
import sys
import threading
from pathlib import Path
from typing import Protocol, TextIO

LIMIT = 1 << 20
"""Bytes of a log that are kept from its beginning. What the engine itself adds at the end comes on top."""


class Log(Protocol):
    """Where a task's words go while it runs."""

    path: Path

    def write(self, text: str) -> None:
        """Add text, whatever the size."""
        ...

    def trim(self) -> None:
        """Cut the file back to the limit if it has grown beyond. Called now and then."""
        ...

    def end(self, text: str = "") -> None:
        """Say how much is missing and add `text`, which is kept in any case."""
        ...

    def close(self) -> None:
        """Stop; the file is complete afterwards."""
        ...


class FileLog:
    """A log file that is appended to and never larger than the limit for long."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self.dropped = 0
        """Bytes left out."""
        self._limit = limit
        self._lock = threading.Lock()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o644)

    def write(self, text: str) -> None:
        os.write(self._file, text.encode(errors="replace"))

    def trim(self) -> None:
        # Writers append, so that they go on at the new end; no process has to take part.
        with self._lock:
            if self._file < 0:
                return
            size = os.fstat(self._file).st_size
            if size > self._limit:
                os.ftruncate(self._file, self._limit)
                self.dropped += size - self._limit

    def end(self, text: str = "") -> None:
        self.trim()
        if self.dropped:
            self.write(f"\n[the log is cut here: {self.dropped:,} bytes left out after the first {self._limit:,}]\n")
            self.dropped, self._limit = 0, sys.maxsize
        if text:
            self.write(text)

    def close(self) -> None:
        try:
            self.end()
        finally:
            with self._lock:
                os.close(self._file)
                self._file = -1


class DescriptorLog(FileLog):
    """For a process of its own: file descriptors 1 and 2 lead to the file, so that a crash loses nothing."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        super().__init__(path, limit)
        _flush()
        self._saved = [(target, os.dup(target)) for target in (1, 2)]
        for target, _ in self._saved:
            os.dup2(self._file, target)

    def close(self) -> None:
        try:
            _flush()
        finally:
            # On a full disk the log is cut short, and the next task's words must not go there.
            for target, saved in self._saved:
                os.dup2(saved, target)
                os.close(saved)
            super().close()


class StreamLog(FileLog):
    """For the driver's own process: what Python prints goes to the file and to stderr, where a debugger is seen too."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        super().__init__(path, limit)
        self._stack = contextlib.ExitStack()
        both = _Both(self, sys.stderr)
        self._stack.enter_context(contextlib.redirect_stdout(both))
        self._stack.enter_context(contextlib.redirect_stderr(both))

    def close(self) -> None:
        self._stack.close()
        super().close()


class _Both(io.TextIOBase):
    def __init__(self, log: FileLog, stream: TextIO) -> None:
        self._log, self._stream = log, stream

    def write(self, text: str, /) -> int:
        self._log.write(text)
        return self._stream.write(text)

    def flush(self) -> None:
        # Python flushes what it throws away, by when the stream may be closed.
        if not self._stream.closed:
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def write_through() -> None:
    """Make stdout and stderr of this process unbuffered, so that nothing is lost if it ends without warning."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "w", closefd=False)
        setattr(sys, name, io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True))  # pyright: ignore[reportArgumentType]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
