"""Paths as URIs, and back: the one place that spells them, for a path may hold what a URI means otherwise.

`?` begins a query in a URI, `#` a fragment, and `%41` is an A: a path that is pasted into one names another file.
"""

import contextlib
import os
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, unquote

_SQLITE = "sqlite:///"
_SPELLED = "sqlite+pysqlite:///"
"""The same to SQLAlchemy. MLflow makes the folder of a `sqlite:///` itself, from the URI as it is spelled."""


def database(path: Path) -> str:
    """The URI by which SQLAlchemy, and so MLflow, opens the sqlite file at this absolute path."""
    spelled = quote(str(path))
    if spelled == str(path):
        return f"{_SQLITE}{spelled}"
    if _reads_percents():
        return f"{_SPELLED}{spelled}"
    return f"{_SPELLED}file:{spelled}?uri=true"


def database_file(uri: str) -> Path | None:
    """The file of a URI of SQLAlchemy's; None for everything that is no sqlite file."""
    scheme, mark, rest = uri.partition(":///")
    if not mark or scheme.partition("+")[0] != "sqlite":
        return None
    named, _, query = rest.partition("?")
    if named.startswith("file:") and "uri=true" in query:
        return Path(unquote(named.removeprefix("file:")))
    if _reads_percents():
        named = unquote(named)
    return None if named in ("", ":memory:") else Path(named)


def folder(path: Path) -> str:
    """The URI of a folder of files."""
    return path.absolute().as_uri()


def opened(path: Path, mode: str) -> str:
    """The URI by which `sqlite3.connect(…, uri=True)` opens a file, `mode` "ro" or "rw", and never makes one."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def _reads_percents() -> bool:
    """Whether SQLAlchemy takes `%3F` in a path for a question mark. Before 2.1 only sqlite itself does."""
    major, minor, *_ = version("sqlalchemy").split(".")
    return (int(major), int(minor)) >= (2, 1)


def identity(database: Path) -> tuple[int, int] | None:
    """What tells a file from another that has taken its name."""
    with contextlib.suppress(OSError):
        status = os.stat(database)
        return status.st_dev, status.st_ino
    return None
