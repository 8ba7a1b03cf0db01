"""What recorded studies need of a store: the tasks of their plans, and which of these are only states on the way."""

import logging
import shlex
from collections.abc import Iterable, Mapping, Set
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base.beneath import ForeignError
from lmcspec.base.documents import DocumentError
from lmcspec.base.errors import StoreError
from lmcspec.plan.document import MALFORMED, SCHEMA, checked_rest, shape_error
from lmcspec.store import Store, layout
from lmcspec.store.studies import forgotten_records, is_ours, records

_log = logging.getLogger(__name__)


class StudyNeeds(NamedTuple):
    """What one study needs."""

    study: str
    tasks: Mapping[str, str]
    """Of its plan: id -> kind."""
    readers: Mapping[str, Set[str]]
    """Task whose files are kept until they are used -> the tasks that read them."""


def readers(tasks: Iterable[tuple[str, Iterable[str]]], until_used: Set[str]) -> dict[str, set[str]]:
    """Of each task whose files are kept until they are used the tasks that read them; `tasks` are (id, its inputs)."""
    reading: dict[str, set[str]] = {}
    for identifier, sources in tasks:
        for source in sources:
            if source in until_used:
                reading.setdefault(source, set()).add(identifier)
    return reading


class Needs:
    """What the studies of a store need, together."""

    def __init__(self, kept: Iterable[StudyNeeds], forgotten: Iterable[StudyNeeds] = ()) -> None:
        self.kept = {needs.study: needs for needs in kept}
        self.forgotten = {needs.study: needs for needs in forgotten}

    @cached_property
    def tasks(self) -> frozenset[str]:
        """All tasks of all kept studies: their numbers are needed, and mostly their files."""
        return frozenset().union(*(needs.tasks for needs in self.kept.values()))

    def gave_up(self, task: str) -> list[str]:
        """The forgotten studies that had asked for a task."""
        return [study for study, forgotten in self.forgotten.items() if task in forgotten.tasks]

    def used_up(self, stored: Set[str]) -> set[str]:
        """Needed tasks of whose results the files may go: every study that has one keeps it until it is used, and
        whatever reads it is among the `stored` ids.
        """
        reading: dict[str, set[str]] = {}
        for needs in self.kept.values():
            for source, by in needs.readers.items():
                reading.setdefault(source, set()).update(by)
        for needs in self.kept.values():
            for task in reading.keys() & needs.tasks.keys() - needs.readers.keys():
                del reading[task]  # to this study it is more than a state on the way
        return {source for source, by in reading.items() if by <= stored}


def read_needs(store: Store) -> Needs:
    """What the recorded studies of a store need.

    Raises UnknownNeedsError where a record can't be relied on. Of a study that was forgotten such a one is left out.
    """
    forgotten: list[StudyNeeds] = []
    for study, path in forgotten_records(store):
        try:
            forgotten += _needs(store, study, path)
        except UnknownNeedsError as error:
            _log.warning("%s, which was forgotten: %s", study, error)
    return Needs([needs for study, path in records(store) for needs in _needs(store, study, path)], forgotten)


class UnknownNeedsError(StoreError):
    """A study's record can't be relied on, so that nothing may be taken for unneeded."""

    def __init__(self, study: str, path: Path, why: object, help: str = "") -> None:
        super().__init__(
            f"what the study {study} needs is not known: {path} {why}",
            help=help or f"run the study again, which writes this anew, or give it up: {FORGET} {shlex.quote(study)}",
        )
        self.study, self.path = study, path


FORGET = "lmcspec forget"
_MOVE_AWAY = "move that file out of the store"


def _needs(store: Store, study: str, path: Path) -> list[StudyNeeds]:
    """What a record says, alone in a list; nothing if it has gone since, as when its study is forgotten."""
    if not is_ours(study, path):
        raise UnknownNeedsError(study, path, "has a name that no record has", _MOVE_AWAY)
    try:
        document = layout.read_json(store.root, path, dict[str, Any], largest=layout.LARGEST_PLAN)
        schema = document.get("schema")
        if isinstance(schema, str) and schema.startswith(_FAMILY) and schema != SCHEMA:
            raise UnknownNeedsError(study, path, "was written by a newer lmcspec", "use that version, or a newer one")
        if checked_rest(document).study != study:
            raise UnknownNeedsError(study, path, "is the record of another study", _MOVE_AWAY)
    except UnknownNeedsError:
        raise
    except FileNotFoundError:
        return []
    except ForeignError as error:
        raise UnknownNeedsError(study, path, "leads elsewhere: it is no file of the store's own", _MOVE_AWAY) from error
    except OSError as error:
        why = f"can't be read: {error.strerror or error}"
        raise UnknownNeedsError(study, path, why, "make it readable for you") from error
    except (StoreError, DocumentError) as error:
        raise UnknownNeedsError(study, path, f"is damaged: {getattr(error, 'problem', error)}") from error
    except MALFORMED as error:
        raise UnknownNeedsError(study, path, f"is damaged: {shape_error(error)}") from error
    return [needs_of(document)]


_FAMILY = f"{SCHEMA.rpartition('/')[0]}/"


def needs_of(document: Mapping[str, Any]) -> StudyNeeds:
    """What the plan in a document needs, which has been checked."""
    tasks = document["tasks"]
    until_used = {identifier for identifier, entry in tasks.items() if entry["keep"] == "until-used"}
    return StudyNeeds(
        document["study"],
        {identifier: entry["kind"] for identifier, entry in tasks.items()},
        readers(((identifier, entry["inputs"].values()) for identifier, entry in tasks.items()), until_used),
    )
