"""Files to trees, within limits: size, encoding, depth. Everything wrong with a file is one problem with a code."""

import contextlib
import itertools
import os
import stat
from difflib import get_close_matches
from pathlib import Path

from lmcspec.base.errors import Problem, Span
from lmcspec.spec import shipped
from lmcspec.spec.located import SUFFIXES
from lmcspec.spec.text import Source
from lmcspec.spec.toml_tree import parse_toml
from lmcspec.spec.tree import Node
from lmcspec.spec.unreadable import Unreadable

LARGEST = 2**20
"""Bytes of a spec."""


def read_text(path: Path, named_at: Span | None = None) -> str:
    """The text of a spec. Problems with the file as such stand at `named_at`, the `extends` entry that names it."""
    start = named_at or Span(str(path), 1, 1, 1, 1)

    def refuse(code: str, message: str, help: str = "", span: Span = start) -> Unreadable:
        return Unreadable(Problem(code, message, span, help=help))

    if path.suffix.lower() not in SUFFIXES:
        if not path.suffix and not os.path.lexists(path):
            raise refuse("E001", f"there is no file `{path}`, and no spec of that name ships", _near(path))
        help = "rename the file, so that its ending says how it is written"
        if path.suffix.lower() == ".json":
            help = f"JSON is read as YAML: call it `{path.with_suffix('.yaml').name}`"
        raise refuse("E008", f"`{path}` is neither .toml nor .yaml", help)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise refuse(
                    "E002", f"`{path}` is {'a folder' if stat.S_ISDIR(status.st_mode) else 'no ordinary file'}"
                )
            if status.st_size > LARGEST:
                raise refuse("E004", f"`{path}` has {status.st_size:,} bytes; a spec may have {LARGEST:,}")
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise refuse("E001", f"there is no file `{path}`", _near(path)) from None
    except IsADirectoryError:
        raise refuse("E002", f"`{path}` is a folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refuse("E003", f"`{path}` can't be read: {reason}") from None
    return _decode(data, str(path))


def _near(path: Path) -> str:
    """Which file beside it is meant by a path that leads nowhere, or which spec that ships."""
    with contextlib.suppress(OSError, ValueError):
        there = [file.name for file in itertools.islice(path.parent.iterdir(), 1000) if file.suffix in SUFFIXES]
        # A name may be said with its ending or without.
        called = {name if path.suffix else Path(name).stem: name for name in there}
        if near := get_close_matches(path.name, called, n=1):
            return f"did you mean `{path.with_name(called[near[0]])}`?"
    words = path.with_suffix("") if path.suffix and path.name else path
    ships = shipped.nearest(words.as_posix())
    return f"did you mean `{ships}`, which ships with lmcspec?" if ships else "`lmcspec specs` lists those that ship"


def _decode(data: bytes, file: str) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        problem = Problem(
            "E006",
            "the file begins with a byte order mark",
            Span(file, 1, 1, 1, 1),
            help="save it as UTF-8 without one",
        )
        raise Unreadable(problem)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        line, column = data.count(b"\n", 0, error.start) + 1, len(data[start : error.start].decode("utf-8")) + 1
        sort = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte 0x{data[error.start]:02x}"
        message = f"the file is not UTF-8 ({sort})"
        raise Unreadable(
            Problem("E005", message, Span(file, line, column, line, column + 1), help="save it as UTF-8")
        ) from None
    if "\0" in text:
        offset = text.index("\0")
        raise Unreadable(Problem("E007", "a NUL byte stands here", Source(file, text).span(offset, offset + 1)))
    return text


def parse(path: Path, text: str) -> tuple[Node, Source]:
    """The tree of a text, TOML or YAML by the ending of the path. Raises Unreadable."""
    if path.suffix.lower() == ".toml":
        return parse_toml(str(path), text)
    from lmcspec.spec import yaml_slips, yaml_tree

    source = Source(str(path), text)
    tree = yaml_tree.parse_yaml(source)
    if not isinstance(tree.value, dict) and (slip := yaml_slips.as_toml(text, path.stem)):
        place = source.span(slip.start, slip.end)
        raise Unreadable(Problem("E101", f"not valid YAML: {slip.message}", place, help=slip.help))
    return tree, source
