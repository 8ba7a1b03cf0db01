"""The plan that was last recorded for each study: what a new one is compared with, and what the store is to keep.

A study that was forgotten has its record beside those that count, under another ending, until it is run or planned
again: nothing has to be kept for it, and what it had asked for can still be told.
"""

import contextlib
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.store import Store

KEPT, FORGOTTEN = ".json", ".forgotten"
_LONGEST = 200
_log = logging.getLogger(__name__)


def record_plan(store: Store, study: str, document: dict[str, Any]) -> bool:
    """Remember `document` as the study's last plan, in one step; it is kept from now on.

    False, and a line in the log, where that can't be written: the store goes on keeping what it did before. Something
    strange in its place (a link) is left alone with a line, for as long as it is there gc deletes nothing at all.
    """
    path = _file(store, study)
    try:
        layout.replace_json(store.root, path, document)
    except beneath.ForeignError as error:
        _log.warning("the plan of %s is not recorded: %s; gc deletes nothing before it is moved away", study, error)
        return True
    except OSError as error:
        _log.warning("%s was not written, and what it needs is not kept: %s", path, error.strerror or error)
        return False
    with contextlib.suppress(OSError):
        beneath.remove(store.root, _file(store, study, FORGOTTEN))
    return True


def last_plan(store: Store, study: str) -> dict[str, Any] | None:
    """The document recorded last; None if there is none. An unreadable one counts as none: only reasons hang on it."""
    path = _file(store, study)
    try:
        return layout.read_json(store.root, path, dict[str, Any], largest=layout.LARGEST_PLAN)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("the recorded plan %s is unreadable and is ignored: %s", path, error)
        return None


def recorded_studies(store: Store) -> list[str]:
    """The names of all studies with a recorded plan, sorted."""
    return _names(store, KEPT)


def forgotten_studies(store: Store) -> list[str]:
    """The names of all studies that were forgotten and not run or planned since, sorted."""
    return sorted(set(_names(store, FORGOTTEN)) - set(recorded_studies(store)))


def forget_study(store: Store, study: str) -> bool:
    """Have the store keep nothing for a study any more; False if it is none that was kept."""
    return _rename(store, study, KEPT, FORGOTTEN)


def keep_again(store: Store, study: str) -> bool:
    """Undo `forget_study`; False where there is nothing to undo. StoreError where the store can't be written to."""
    return study in forgotten_studies(store) and _rename(store, study, FORGOTTEN, KEPT)


def records(store: Store) -> list[tuple[str, Path]]:
    """(study, file) of every record of a kept study, whatever is in it or wherever it leads, sorted."""
    return _files(store, KEPT)


def forgotten_records(store: Store) -> list[tuple[str, Path]]:
    """(study, file) of every record of a study that was forgotten, sorted."""
    kept = set(recorded_studies(store))
    return [(study, path) for study, path in _files(store, FORGOTTEN) if study not in kept]


def is_ours(study: str, path: Path) -> bool:
    """Whether a record of this study can have this name."""
    return path.name in (f"{quote(study, safe=' ')}{ending}" for ending in (KEPT, FORGOTTEN))


def _names(store: Store, ending: str) -> list[str]:
    return [study for study, _ in _files(store, ending)]


def _files(store: Store, ending: str) -> list[tuple[str, Path]]:
    folder = store.root / "studies"
    names = beneath.names(store.root, folder)
    return sorted(
        (unquote(name.removesuffix(ending)), folder / name)
        for name in names
        if name.endswith(ending) and not layout.is_draft(name)
    )


def _rename(store: Store, study: str, old: str, new: str) -> bool:
    with layout.writing(store.root):
        beneath.refuse_foreign(store.root, _file(store, study, old), "a file")
        try:
            beneath.replace(store.root, _file(store, study, old), _file(store, study, new))
        except FileNotFoundError:
            return False
        beneath.sync(store.root, store.root / "studies")
    return True


def _file(store: Store, study: str, ending: str = KEPT) -> Path:
    name = quote(study, safe=" ")
    if not name or len(name) > _LONGEST:
        raise StoreError(
            f"{study[:40]!r}{' …' if len(study) > 40 else ''} can't be a study's name",
            help=f"give it 1 to {_LONGEST} letters, digits, dashes or dots",
        )
    return store.root / "studies" / f"{name}{ending}"
