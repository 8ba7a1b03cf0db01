"""Paths that no file system can have."""

import os
from pathlib import Path

from lmcspec.base.errors import UsageError

LONGEST_NAME = 255
LONGEST_PATH = 4000
"""Bytes, as Linux has them, with some left for what lies below."""


def possible(path: Path) -> Path:
    """The path itself; UsageError where no file system has such a name."""
    text = os.fspath(path)
    shown = text if len(text) < 100 else f"{text[:100]}…"
    if "\0" in text:
        raise UsageError(f"{shown} is no path: it holds a NUL")
    if len(os.fsencode(text)) > LONGEST_PATH or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise UsageError(f"{shown} is too long for a path", help=f"names have at most {LONGEST_NAME} bytes")
    return path
