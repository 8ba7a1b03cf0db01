"""Paths that no file system can have, and names that can't be written down."""

import os
from collections.abc import Iterable
from pathlib import Path

from lmcspec.base.errors import UsageError
from lmcspec.base.visible import one_line

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


def refuse_sources(output: Path, sources: Iterable[Path]) -> None:
    """UsageError for a file to write that is one of those that were read, by whatever name: it would be lost."""
    for source in sources:
        try:
            is_source = os.path.samefile(output, source)
        except (OSError, ValueError):
            continue
        if is_source:
            raise UsageError(
                f"{output} would be replaced, and what it is made from stands in it",
                help="name another file to write to",
            )


def refuse_undecodable(text: str, what: str) -> None:
    """UsageError for a name that is not UTF-8: plans, journals and reports are, and hold it. `what` it is, in words."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{what} {one_line(text)} holds bytes that are not UTF-8",
            help="give it a name that is UTF-8, for plans and journals repeat it",
        ) from None
