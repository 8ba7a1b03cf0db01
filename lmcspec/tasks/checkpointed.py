"""How far an unfinished task has come, read from its checkpoint without torch and without its tensors."""

import re
from pathlib import Path

from lmcspec.base import beneath
from lmcspec.base.documents import parse_document
from lmcspec.tasks.checkpoint import CHECKPOINT

LONGEST = 1 << 20
"""Bytes of the head of a checkpoint."""
_DONE = re.compile(r"[0-9]{1,15}")
_UNIT = re.compile(r"[a-z]+( [a-z]+)?")


def stands(root: Path, folder: Path) -> str:
    """`update 1,200`: where the checkpoint in a folder says that it stands; nothing where there is none that says so.

    Its tensors are compared with their digest when the task goes on, and not here.
    """
    path = folder / CHECKPOINT
    try:
        with beneath.reading(root, path) as file:
            length = int.from_bytes(file.read(8), "little")
            head = file.read(length) if length <= LONGEST else b""
        says = parse_document(head, path, dict)["__metadata__"]
        done, unit = says["done"], says["unit"]
        if _DONE.fullmatch(done) and _UNIT.fullmatch(unit):
            return f"{unit} {int(done):,}"
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return ""
