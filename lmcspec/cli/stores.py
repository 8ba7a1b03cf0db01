"""Which store a command is about."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmcspec.store import Store

DEFAULT_STORE = ".lmcspec"


def store_path(given: Path | None) -> Path:
    """The folder of the store: `--store`, LMCSPEC_STORE, or .lmcspec here."""
    from lmcspec.base.file_names import possible

    return possible(given or Path(DEFAULT_STORE))


def store_words(given: Path | None) -> list[str]:
    """What names the store in a command that is to be typed next; nothing where it is found without."""
    return [] if given is None or os.environ.get("LMCSPEC_STORE") == str(given) else ["--store", str(given)]


def open_existing(given: Path | None, trusted: bool = False) -> "Store | None":
    """The store if there is one; None where nothing has been run yet. Makes nothing."""
    path = store_path(given)
    if not path.exists():
        return None
    from lmcspec.store import Store

    return Store.open(path, create=False, trusted=trusted)
