"""The user's cache folder: what can be made again at any time, written whole or not at all."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lmcspec.base.documents import open_regular
from lmcspec.base.flush import flush

log = logging.getLogger(__name__)


def cache_folder(*parts: str) -> Path:
    """`LMCSPEC_CACHE`, else the platform's cache folder for lmcspec; with a folder inside it."""
    chosen = os.environ.get("LMCSPEC_CACHE")
    if chosen:
        return Path(chosen).expanduser().joinpath(*parts)
    from platformdirs import user_cache_path

    return user_cache_path("lmcspec").joinpath(*parts)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its place, synced, when the block ends well; else nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(name)
        with open(name, "rb") as file:
            flush(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def keep(path: Path, content: bytes) -> bool:
    """Write a cache file. False, with a line in the log, where the folder can't be written."""
    try:
        with whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        log.warning("nothing is cached: %s (LMCSPEC_CACHE names another folder)", error)
        return False
    return True


def keep_array(path: Path, array: np.ndarray) -> np.ndarray:
    """Write an array as .npy and return it mapped from there, or as it came where the folder can't be written."""
    try:
        with whole(path) as temporary:
            np.save(temporary, array, allow_pickle=False)
    except OSError as error:
        log.warning("nothing is cached: %s (LMCSPEC_CACHE names another folder)", error)
    mapped = kept_array(path)
    return array if mapped is None else mapped


def kept_array(path: Path) -> np.ndarray | None:
    """An array mapped into memory, its pages shared by all processes that map it; None where there is none.

    Writing to it changes the caller's own copy of the page, never the file.
    """
    try:
        open_regular(path).close()
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception:  # noqa: BLE001 (numpy reads the header of a damaged file as Python, and raises what that does)
        return None
