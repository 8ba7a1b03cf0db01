"""From what somebody types to a file: a path, a path without its ending, or the name of a spec that ships.

A file that is there goes before a spec that ships, and what ends in .toml or .yaml is never a name.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lmcspec.base.errors import Problem, Span
from lmcspec.spec import shipped
from lmcspec.spec.unreadable import Unreadable

SUFFIXES = (".toml", ".yaml", ".yml")


class Located(NamedTuple):
    """The file that is meant, and its name where it is found as one that ships."""

    path: Path
    name: str = ""


def located(path: Path, typed: str = "", named_at: Span | None = None) -> Located:
    """The file that a path means. `typed` is what was written for it; an `extends` begins at the folder of its file.

    A path that leads nowhere stays as it is. Raises Unreadable where several files may be meant.
    """
    if path.suffix.lower() in SUFFIXES or _is_there(path) or not path.name:
        return Located(path)
    beside = [ended for suffix in SUFFIXES if _is_there(ended := Path(f"{path}{suffix}"))]
    names = () if beside else shipped.called(typed or str(path))
    several = [*map(str, beside), *names]
    if len(several) > 1:
        raise _ambiguous(path, several, named_at)
    if names:
        return Located(shipped.file_of(names[0]), names[0])
    return Located(beside[0] if beside else path)


def _is_there(path: Path) -> bool:
    """Whether something is there that is no folder, be it a link that leads nowhere."""
    return os.path.lexists(path) and not os.path.isdir(path)


def _ambiguous(path: Path, several: Sequence[str], named_at: Span | None) -> Unreadable:
    message = f"`{path}` may be {len(several)} specs: {', '.join(f'`{name}`' for name in several)}"
    start = named_at or Span(str(path), 1, 1, 1, 1)
    return Unreadable(Problem("E011", message, start, help="name one of them in full"))
