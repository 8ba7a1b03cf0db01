"""The calls by which the store changes a disk, wrapped so that a test can stop or look at every one of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

CHANGES = ("mkdir", "rename", "replace", "link", "unlink", "rmdir", "fsync", "ftruncate")
"""Functions of `os` that change what is on a disk, or what of it is there to stay."""

Watcher = Callable[[str, str], None]
"""Called with `before`, `during` or `after`, and what is done: `rename objects/…`."""


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """While the block runs, tell of every call that changes a disk. `during` comes with half of the bytes written."""
    kept = {name: getattr(os, name) for name in (*CHANGES, "open", "fdopen")}

    def wrapped(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **at: Any) -> Any:
            said = f"{name} {_place(arguments[0], at)}"
            watcher("before", said)
            result = kept[name](*arguments, **at)
            watcher("after", said)
            return result

        return call

    def opened(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if not flags & os.O_CREAT:
            return kept["open"](path, flags, mode, dir_fd=dir_fd)
        said = f"create {_place(path, {'dir_fd': dir_fd})}"
        watcher("before", said)
        descriptor = kept["open"](path, flags, mode, dir_fd=dir_fd)
        watcher("after", said)
        return descriptor

    def file_of(descriptor: int, mode: str = "r", *arguments: Any, **settings: Any) -> Any:
        if mode != "wb":
            return kept["fdopen"](descriptor, mode, *arguments, **settings)
        return _Halves(descriptor, watcher)

    for name in CHANGES:
        setattr(os, name, wrapped(name))
    os.open, os.fdopen = opened, file_of  # type: ignore[assignment]
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(os, name, function)


class _Halves(FileIO):
    """A file to which all is written in two halves."""

    def __init__(self, descriptor: int, watcher: Watcher) -> None:
        super().__init__(descriptor, "wb")
        self._watcher = watcher

    def write(self, content: Any) -> int:
        said = f"write {_place(self.fileno(), {})}"
        half = len(content) // 2
        self._watcher("before", said)
        super().write(content[:half])
        self._watcher("during", said)
        super().write(content[half:])
        self._watcher("after", said)
        return len(content)


def _place(name: Any, at: dict[str, Any]) -> str:
    """The path that a call is about, its first where it has two."""
    if isinstance(name, int):
        return os.readlink(f"/proc/self/fd/{name}")
    folder = next((at[key] for key in ("dir_fd", "src_dir_fd") if at.get(key) is not None), None)
    return str(name) if folder is None else str(Path(os.readlink(f"/proc/self/fd/{folder}"), name))
