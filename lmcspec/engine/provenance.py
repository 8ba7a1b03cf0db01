"""Where a run comes from: the command, whose it is, and the commit of the folder in which its spec stands."""

import getpass
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base.surroundings import REPOSITORY, foreign_environment
from lmcspec.version import __version__

if TYPE_CHECKING:
    from lmcspec.spec import Loaded

PATIENCE = 2.0
"""Seconds after which a large or slow working tree is left out."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The command, user and commit that a run comes from; empty where that is not known."""

    command: str = ""
    user: str = ""
    commit: str = ""
    dirty: bool = False
    """Whether tracked files differ from that commit."""
    spec: str = ""
    """The file that was read; or the name of a spec that ships, and the version with which it does."""


NOWHERE = Provenance()


def provenance(command: str, folder: Path, spec: str = "") -> Provenance:
    """The provenance of a run: of a command on a spec in `folder`, which is called `spec`."""
    described = _describe(folder)
    commit = described.removesuffix("-dirty")
    return Provenance(command, _user(), commit, described != commit, spec)


def provenance_of(command: str, loaded: "Loaded | None", given: Path) -> Provenance:
    """The provenance of a run of a spec as it was read; `given` is the saved plan that was run, where it was none."""
    path = given if loaded is None else loaded.path
    ships = loaded is not None and loaded.ships
    spec = f"{ships}, as it ships with lmcspec {__version__}" if ships else str(path.absolute())
    return provenance(command, path.parent, spec)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # In a container a user may have no name.
        return ""


def _describe(folder: Path) -> str:
    """The commit's full name, with `-dirty` behind it, or nothing outside a repository."""
    # A repository may come from a stranger, and its settings may name a program to be run at each look.
    order = ["git", "-c", "core.fsmonitor=false", "-C", str(folder)]
    order += ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    # A look must not stand in the way of somebody's commit.
    environment = foreign_environment(drop=REPOSITORY, GIT_OPTIONAL_LOCKS="0")
    try:
        answer = subprocess.run(order, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
