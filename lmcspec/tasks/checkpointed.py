"""How far an unfinished task has come, read from its checkpoint without torch and without its tensors."""

import re
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lmcspec.base import beneath
from lmcspec.base.documents import parse_document
from lmcspec.tasks.checkpoint import CHECKPOINT, LONGEST_HEAD

_DONE = re.compile(r"[0-9]{1,15}")
_UNIT = re.compile(r"[a-z]+( [a-z]+)?")


def stands(root: Path, folder: Path) -> str:
    """`update 1,200`: where the checkpoint in a folder says that it stands; nothing where there is none that says so.

    Its tensors are compared with their digest when the task goes on, and not here.
    """
    said = _said_in(root, folder)
    return f"{said[0]} {said[1]:,}" if said else ""


def done_in(root: Path, folder: Path) -> int:
    """How many units the checkpoint in a folder says are done; -1 where there is none that says so."""
    said = _said_in(root, folder)
    return said[1] if said else -1


def done_of(beginning: bytes) -> int:
    """The same of one that begins with these bytes."""
    said = _said(BytesIO(beginning), Path(CHECKPOINT))
    return said[1] if said else -1


def length_of_head(beginning: bytes) -> int:
    """How many bytes of a checkpoint that begins with these are to be read to know what it says."""
    length = int.from_bytes(beginning[:8], "little") if len(beginning) >= 8 else 0
    return 8 + (length if length <= LONGEST_HEAD else 0)


def _said_in(root: Path, folder: Path) -> tuple[str, int] | None:
    path = folder / CHECKPOINT
    try:
        with beneath.reading(root, path) as file:
            return _said(file, path)
    except OSError:
        return None


def _said(file: BinaryIO, path: Path) -> tuple[str, int] | None:
    """(unit, how many are done) by the head of a checkpoint."""
    try:
        length = int.from_bytes(file.read(8), "little")
        head = file.read(length) if length <= LONGEST_HEAD else b""
        says = parse_document(head, path, dict)["__metadata__"]
        done, unit = says["done"], says["unit"]
        if _DONE.fullmatch(done) and _UNIT.fullmatch(unit):
            return unit, int(done)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None
