"""The specs that come with lmcspec: where they lie, and what they are called (`quickstart`, `instability/figure2`)."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

_NAME = re.compile(r"[\w-]+(?:/[\w-]+)*")
_DIGITS = re.compile(r"(\d+)")


@cache
def names() -> tuple[str, ...]:
    """What the studies are called, in order; files whose names begin with `_` are parts of them."""
    files = (path.relative_to(_folder()) for path in _folder().rglob("*.toml") if not path.name.startswith("_"))
    return tuple(sorted((file.with_suffix("").as_posix() for file in files), key=_by_number))


def file_of(name: str) -> Path:
    """Where the spec of that name lies."""
    return _folder() / f"{name}.toml"


def called(name: str) -> Sequence[str]:
    """The specs that a name may mean: the one that it is, parts of studies among them, else all that end in it."""
    if not _NAME.fullmatch(name):
        return ()
    return (name,) if _is_there(name) else [whole for whole in names() if whole.endswith(f"/{name}")]


def nearest(words: str) -> str:
    """The spec that is meant by what leads nowhere, a path but for its ending; empty where none comes near."""
    parts = [part for part in words.split("/") if part]
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    if whole := next((end for end in ends if end in names()), ""):
        return whole
    last = {name.rpartition("/")[2]: name for name in reversed(names())}
    near = get_close_matches(words, names(), n=1) or [last[word] for word in get_close_matches(parts[-1], last, n=1)]
    return near[0] if near else ""


def _is_there(name: str) -> bool:
    try:
        return file_of(name).is_file()
    except OSError:
        # Longer than any file's name.
        return False


@cache
def _folder() -> Path:
    """Within an installed package, or beside the package in a checkout."""
    installed = Path(__file__).parent / "examples"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "specs"


def _by_number(name: str) -> tuple[str, list[tuple[int, str]]]:
    """For order: figure9 before figure10, and a folder's files before those of folders in it."""
    above, _, last = name.rpartition("/")
    return above, [(int(part) if part.isdigit() else -1, part) for part in _DIGITS.split(last)]
