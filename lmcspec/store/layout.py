"""Where everything in a store lies, and the few ways in which its files are written."""

import contextlib
import errno
import json
import logging
import math
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lmcspec.base.errors import StoreError

VERSION = 1
"""Of the folder's layout. A store of a later one is refused."""

FOLDERS = ("objects", "attempts", "leases", "partial", "studies", "facts", "invocations", "tracking")
STORE = "store.json"
INDEX = "index.sqlite"
COMMIT = "COMMIT"
DROPPED = "DROPPED"
TASK = "task.json"
METRICS = "metrics.jsonl"
LOG = "log.txt"
OUT = "out"
FAILURE = "failure.json"
LOST = "lost.json"

_log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9a-f]{64}")
_ATTEMPT = re.compile(r"[0-9a-f]{32}")


def is_id(text: object) -> bool:
    """Whether this is a full id: 64 lowercase hex digits."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def checked(identifier: str) -> str:
    """The id itself; StoreError for anything else, so that no other text ever becomes part of a path."""
    if not is_id(identifier):
        raise StoreError(
            f"{identifier!r} is not an object id (64 lowercase hex digits)", help="give a full id, or resolve a prefix"
        )
    return identifier


def object_folder(root: Path, identifier: str) -> Path:
    """`objects/ab/<id>`: the committed object."""
    return root / "objects" / checked(identifier)[:2] / identifier


def attempts_folder(root: Path, identifier: str) -> Path:
    """`attempts/<id>`: the attempts at an object, each in a folder of its own, its owner in a file beside it."""
    return root / "attempts" / checked(identifier)


def attempt_folder(root: Path, identifier: str, attempt: str) -> Path:
    """`attempts/<id>/<attempt>`, where an attempt is called by 32 hex digits."""
    if not _ATTEMPT.fullmatch(attempt):
        raise StoreError(f"{attempt!r} does not name an attempt (32 lowercase hex digits)")
    return attempts_folder(root, identifier) / attempt


def lease_file(root: Path, identifier: str) -> Path:
    """`leases/<id>.json`."""
    return root / "leases" / f"{checked(identifier)}.json"


def partial_folder(root: Path, identifier: str) -> Path:
    """`partial/<id>`: the checkpoint of an unfinished task, which outlives its attempts."""
    return root / "partial" / checked(identifier)


def new_name() -> str:
    """A fresh name for an attempt."""
    return uuid.uuid4().hex


# Files


def write_json(path: Path, document: Any, *, durable: bool = True) -> None:
    """Write a new JSON file, on disk when this returns if `durable`. Infinite and undefined numbers survive."""
    text = json.dumps(spelled(document), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    with open(path, "x", encoding="utf-8") as file:
        file.write(text + "\n")
        if durable:
            file.flush()
            os.fsync(file.fileno())


def replace_json(path: Path, document: Any, *, durable: bool = True) -> None:
    """Write a JSON file in one step: a reader sees the old one or the new one, whatever happens in between."""
    draft = draft_of(path)
    try:
        write_json(draft, document, durable=durable)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def cache_json(path: Path, document: Any, *, durable: bool = False) -> bool:
    """As `replace_json`, for what can be made again or done without: where it can't be written, a line says so."""
    try:
        replace_json(path, document, durable=durable)
    except OSError as error:
        _log.warning("%s was not written, and is done without: %s", path, error.strerror or error)
        return False
    return True


def create_json(path: Path, document: Any, *, durable: bool = False) -> bool:
    """Write a JSON file that must not exist yet, whole from its first moment; False if it does exist."""
    draft = draft_of(path)
    try:
        write_json(draft, document, durable=durable)
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            # No hard links here. A reader may catch this file empty, and takes it for one that is being written.
            try:
                write_json(path, document, durable=durable)
            except FileExistsError:
                return False
    finally:
        draft.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)
    return True


def read_json(path: Path) -> Any:
    """The document in a JSON file; ValueError where it is not JSON."""
    return json.loads(path.read_bytes(), object_hook=number)


def listed(folder: Path) -> list[str]:
    """The names in a folder, sorted; none if it isn't there."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def draft_of(path: Path) -> Path:
    """A name beside `path` to write to before it takes that place."""
    return path.with_name(f".{path.name}.{new_name()}.draft")


def is_draft(name: str) -> bool:
    """Whether a name was made by `draft_of`."""
    return name.startswith(".") and name.endswith(".draft")


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the folder's list of names is on disk, where the file system can do so."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(root: Path) -> Iterator[None]:
    """Turn the ways in which writing to a store fails into StoreErrors that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _TROUBLES:
            raise
        what, way_out = _TROUBLES[error.errno]
        where = error.filename or root
        raise StoreError(f"{what.format(root=root)} ({error.strerror}: {where})", help=way_out) from error


_MAKE_SPACE = (
    "free some space on that disk, or move the whole folder to a larger one and name it with --store or LMCSPEC_STORE; "
    "then run the same command again: what is committed stays, the rest goes on from there"
)
_MAKE_WRITABLE = "make the folder writable for you, or choose another with --store or LMCSPEC_STORE"
_MOVE_AWAY = "move that away, or choose another folder with --store or LMCSPEC_STORE"
_AGAIN = "run the same command again: what is committed stays"
_TROUBLES = {
    errno.ENOSPC: ("no space is left for the store {root}", _MAKE_SPACE),
    errno.EDQUOT: ("the disk quota for the store {root} is used up", _MAKE_SPACE),
    errno.EROFS: ("the store {root} can't be written to", _MAKE_WRITABLE),
    errno.EACCES: ("the store {root} can't be written to", _MAKE_WRITABLE),
    errno.EPERM: ("the store {root} can't be written to", _MAKE_WRITABLE),
    errno.ENOTDIR: ("something stands where the store {root} needs a folder", _MOVE_AWAY),
    errno.EEXIST: ("something stands where the store {root} needs room", _MOVE_AWAY),
    errno.ENOENT: ("a part of the store {root} went away while it was in use", f"if it was moved or cleaned, {_AGAIN}"),
    errno.EIO: ("the disk of the store {root} fails", f"check the disk, then {_AGAIN}"),
    errno.ESTALE: ("the store {root} is cut off", f"check the network mount, then {_AGAIN}"),
}
"""What an error of the system means for a store, and what to do."""


def spelled(value: Any) -> Any:
    """`value` with every infinite or undefined number as {"nonfinite": "nan" | "inf" | "-inf"}: JSON has none."""
    match value:
        case float() if not math.isfinite(value):
            return {"nonfinite": str(value)}
        case dict():
            return {key: spelled(item) for key, item in value.items()}
        case list() | tuple():
            return [spelled(item) for item in value]
        case _:
            return value


def number(document: dict[str, Any]) -> Any:
    """What `spelled` made of an infinite or undefined number back as that number; any other document as it is."""
    if len(document) == 1 and (text := document.get("nonfinite")) in ("nan", "inf", "-inf"):
        return float(text)
    return document
