"""Which file is read where a spec is called by a name."""

import os
from pathlib import Path

from lmcspec.cli.output import say
from lmcspec.spec.located import located
from lmcspec.spec.unreadable import Unreadable
from lmcspec.version import __version__


def say_file(spec: Path) -> None:
    """Say what a path stands for, where that is another file."""
    try:
        path, name = located(spec)
    except Unreadable:
        return
    if name:
        say(f"{spec}: the spec {name} that ships with lmcspec {__version__}, {path}")
    elif path != spec:
        say(f"{spec}: {path}")


def is_same_file(spec: Path, other: Path) -> bool:
    """Whether two specs are one file, however they are called."""
    try:
        return spec == other or os.path.samefile(located(spec)[0], located(other)[0])
    except (Unreadable, OSError):
        return False
