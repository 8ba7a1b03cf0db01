"""The plan that was last recorded for each study; what a new plan is compared with to say why a task runs."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.store import Store

_LONGEST = 200
_log = logging.getLogger(__name__)


def record_plan(store: Store, study: str, document: dict[str, Any]) -> None:
    """Remember `document` as the study's last plan, in one step. A disk that refuses it is no error."""
    layout.cache_json(store.root, _file(store, study), document, durable=True)


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
    names = beneath.names(store.root, store.root / "studies")
    return sorted(
        unquote(name.removesuffix(".json")) for name in names if name.endswith(".json") and not layout.is_draft(name)
    )


def _file(store: Store, study: str) -> Path:
    name = quote(study, safe=" ")
    if not name or len(name) > _LONGEST:
        raise StoreError(
            f"{study[:40]!r}{' …' if len(study) > 40 else ''} can't be a study's name",
            help=f"give it 1 to {_LONGEST} letters, digits, dashes or dots",
        )
    return store.root / "studies" / f"{name}.json"
