"""Where everything in a store lies, and the few ways in which its files are written."""

import contextlib
import errno
import itertools
import json
import logging
import math
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lmcspec.base import beneath, documents
from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.errors import StoreError
from lmcspec.store import process

LARGEST_PLAN = 2**30
"""Bytes of a plan as a document."""
VERSION = 1
"""Of the folder's layout. A store of a later one is refused."""

FOLDERS = ("objects", "attempts", "leases", "partial", "studies", "facts", "invocations", "tracking")
REPORTS = "reports"
STORE = "store.json"
INDEX = "index.sqlite"
DATABASE = ("", "-wal", "-shm", "-journal", ".lock")
"""What may stand behind the name of a sqlite file: sqlite's own files, and our lock."""
COMMIT = "COMMIT"
DROPPED = "DROPPED"
DAMAGED = "DAMAGED"
"""What the COMMIT of a result is called once it was found damaged: it counts as missing, and is made again."""
TASK = "task.json"
METRICS = "metrics.jsonl"
LOG = "log.txt"
OUT = "out"
FAILURE = "failure.json"
LOST = "lost.json"

_log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9a-f]{64}")
_ATTEMPT = re.compile(r"[0-9a-f]{32}")
_DRAFT = re.compile(r"\..+\.([0-9a-f]+)\.draft", re.DOTALL)


def is_id(text: object) -> bool:
    """Whether this is a full id: 64 lowercase hex digits."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def checked_id(identifier: str) -> str:
    """The id itself; StoreError for anything else, so that no other text ever becomes part of a path."""
    if not is_id(identifier):
        raise StoreError(
            f"{identifier!r} is not an object id (64 lowercase hex digits)", help="give a full id, or resolve a prefix"
        )
    return identifier


def object_folder(root: Path, identifier: str) -> Path:
    """The folder of a committed object, `objects/ab/<id>`."""
    return root / "objects" / checked_id(identifier)[:2] / identifier


def object_names(root: Path) -> Iterator[str]:
    """The ids of all folders in the place of an object, in order, committed or not."""
    for shelf in beneath.names(root, root / "objects"):
        for name in beneath.names(root, root / "objects" / shelf):
            if is_id(name) and name.startswith(shelf) and len(shelf) == 2:
                yield name


def attempts_folder(root: Path, identifier: str) -> Path:
    """`attempts/<id>`: the attempts at an object, each in a folder of its own, its owner in a file beside it."""
    return root / "attempts" / checked_id(identifier)


def is_attempt(text: object) -> bool:
    """Whether this can be an attempt's name: 32 lowercase hex digits."""
    return isinstance(text, str) and _ATTEMPT.fullmatch(text) is not None


def attempt_folder(root: Path, identifier: str, attempt: str) -> Path:
    """`attempts/<id>/<attempt>`, where an attempt is called by 32 hex digits."""
    if not is_attempt(attempt):
        raise StoreError(f"{attempt!r} does not name an attempt (32 lowercase hex digits)")
    return attempts_folder(root, identifier) / attempt


def attempt_log(root: Path, named: str) -> Path | None:
    """The log of an attempt that a journal names, in this store wherever that was then; None if there is none."""
    task, attempt, name = ("", "", "", *Path(named).parts)[-3:]
    if not (is_id(task) and is_attempt(attempt) and name == LOG):
        return None
    path = attempt_folder(root, task, attempt) / LOG
    return path if beneath.is_file(root, path) else None


def lease_file(root: Path, identifier: str) -> Path:
    """The file of the lease on a task, `leases/<id>.json`."""
    return root / "leases" / f"{checked_id(identifier)}.json"


def partial_folder(root: Path, identifier: str) -> Path:
    """`partial/<id>`: the checkpoint of an unfinished task, which outlives its attempts."""
    return root / "partial" / checked_id(identifier)


def new_name() -> str:
    """A fresh name for an attempt."""
    return uuid.uuid4().hex


# Files


def write_json(root: Path, path: Path, document: Any, *, durable: bool = True) -> None:
    """Write a new JSON file, on disk when this returns if `durable`. Infinite and undefined numbers survive."""
    beneath.write(root, path, text(document), durable=durable)


def text(document: Any) -> bytes:
    """A document as the text that `write_json` writes."""
    spelt = json.dumps(spelled(document), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    return f"{spelt}\n".encode()


def replace_json(root: Path, path: Path, document: Any, *, durable: bool = True) -> None:
    """Write a JSON file in one step: a reader sees the old one or the new one, whatever happens in between."""
    draft = draft_of(path)
    try:
        write_json(root, draft, document, durable=durable)
        beneath.replace(root, draft, path)
    except BaseException:
        _forget(root, draft)
        raise
    if durable:
        beneath.sync(root, path.parent)


def cache_json(root: Path, path: Path, document: Any) -> None:
    """Write as `replace_json` does, but only log that it can't: for what can be made again or done without."""
    try:
        replace_json(root, path, document, durable=False)
    except OSError as error:
        _log.warning("%s was not written, and is done without: %s", path, error.strerror or error)


def create_json(root: Path, path: Path, document: Any, *, durable: bool = False) -> bool:
    """Write a JSON file that must not exist yet, whole from its first moment; False if anything has its name."""
    return create_file(root, path, text(document), durable=durable)


def create_file(root: Path, path: Path, content: bytes, *, durable: bool = False) -> bool:
    """Write a file that must not exist yet, whole from its first moment; False if anything has its name."""
    draft = draft_of(path)
    try:
        beneath.write(root, draft, content, durable=durable)
        try:
            beneath.link(root, draft, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            # No hard links here. A reader may catch this file empty, and takes it for one that is being written.
            try:
                beneath.write(root, path, content, durable=durable)
            except FileExistsError:
                return False
    finally:
        _forget(root, draft)
    if durable:
        beneath.sync(root, path.parent)
    return True


def read_bytes(root: Path, path: Path, *, largest: int = documents.LARGEST) -> bytes:
    """What is in a plain file of at most `largest` bytes: DocumentError for more, ForeignError for anything else."""
    with beneath.reading(root, path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(largest + 1) if size <= largest else b""
    if max(size, len(data)) > largest:
        raise DocumentError(path, f"has {max(size, len(data)):,} bytes, more than {largest:,}")
    return data


def read_json(root: Path, path: Path, model: Any = None, *, largest: int = documents.LARGEST) -> Any:
    """The document in a JSON file, of the shape of a model. DocumentError, a ValueError, where it is no such one."""
    return parse_document(read_bytes(root, path, largest=largest), path, model)


def put_file(root: Path, path: Path, content: bytes) -> None:
    """Write a file in one step, whatever was there before."""
    draft = draft_of(path)
    try:
        beneath.write(root, draft, content)
        beneath.replace(root, draft, path)
    except BaseException:
        _forget(root, draft)
        raise


def refuse_foreign_database(root: Path, path: Path) -> None:
    """ForeignError where sqlite, or a lock beside its file, would follow a link or wait for a pipe."""
    for suffix in DATABASE:
        beneath.refuse_foreign(root, Path(f"{path}{suffix}"), "a file")


def draft_of(path: Path) -> Path:
    """A name beside `path` to write to before it takes that place; it tells which process will."""
    return path.with_name(f".{path.name}.{next(_drafts):0{_NUMBER}x}{process.mark()}.draft")


def is_draft(name: str) -> bool:
    """Whether a name was made by `draft_of`."""
    return _DRAFT.fullmatch(name) is not None


def draft_is_left(name: str) -> bool | None:
    """Whether the process that was to finish a draft is gone; None where its name doesn't tell."""
    draft = _DRAFT.fullmatch(name)
    if draft is None or len(draft[1]) != _NUMBER + process.MARK:
        return None
    return process.mark_is_gone(draft[1][_NUMBER:])


_drafts = itertools.count()
_NUMBER = 8
"""Hex digits by which a process tells its drafts apart."""


def _forget(root: Path, draft: Path) -> None:
    # What went wrong before this is what matters.
    with contextlib.suppress(OSError):
        beneath.remove(root, draft)


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
    "free some space on that disk (`lmcspec gc` shows what no study needs any more), or move the whole folder to a "
    "larger one and name it with --store or LMCSPEC_STORE; then run the same command again: what is committed stays, "
    "the rest goes on from there"
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
