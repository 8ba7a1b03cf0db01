"""Every invocation that runs tasks leaves a folder: what it was to do, and what became of each task, line by line.

Whoever tells others about runs (a tracking server, say) reads these at its own pace, during the run or years later.
Nothing in the store depends on them.
"""

import calendar
import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from lmcspec.base import beneath, clock
from lmcspec.base.beneath import ForeignError
from lmcspec.base.documents import DocumentError, lines_of
from lmcspec.store import layout, shapes
from lmcspec.store.process import is_gone, read_process, this_process
from lmcspec.store.store import Store

HEADER = "invocation.json"
PLAN = "plan.json"
SPEC = "spec.json"
EVENTS = "events.jsonl"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the driver, as its folder tells it."""

    path: Path
    study: str
    started: float
    """Seconds since 1970 by the clock of its host."""
    process: dict[str, Any] = field(repr=False)
    """Whose it is."""
    origin: dict[str, Any] = field(default_factory=dict, repr=False)
    """{command, spec, user, commit, dirty}, as far as known."""

    @property
    def root(self) -> Path:
        """The root of the store that it is in."""
        return self.path.parents[1]

    @property
    def id(self) -> str:
        """The name of its folder; in the order of these names invocations began."""
        return self.path.name

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that it carried out, as a document. DocumentError where that is damaged, or gone."""
        try:
            return layout.read_json(self.root, self.path / PLAN, dict[str, Any], largest=layout.LARGEST_PLAN)
        except FileNotFoundError as error:
            raise DocumentError(self.path / PLAN, "is missing") from error

    @property
    def spec(self) -> dict[str, Any] | None:
        """The cases of the study with all defaults, by name; None where it ran from a saved plan."""
        with contextlib.suppress(FileNotFoundError):
            return layout.read_json(self.root, self.path / SPEC, dict[str, Any], largest=layout.LARGEST_PLAN)
        return None

    def is_over(self) -> bool:
        """Whether its process is gone for sure: no event will follow."""
        return is_gone(read_process(self.process)) is True

    def events(self, begin: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """(offset of the byte after it, event) of every whole line from byte `begin` on that is as ours are."""
        yield from lines(self.root, self.path / EVENTS, begin, shapes.JournalLine)


@dataclass(slots=True)
class Journal:
    """The events of an invocation being written."""

    invocation: Invocation
    _file: IO[str]

    def write(self, event: str, at: float, **fields: Any) -> None:
        """Add one line, in one write."""
        line = {"event": event, "at": at, **fields}
        self._file.write(json.dumps(layout.spelled(line), ensure_ascii=False, default=str) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file: no more events can be written."""
        self._file.close()


def open_journal(
    store: Store,
    study: str,
    plan: Mapping[str, Any],
    spec: Mapping[str, Any] | None = None,
    origin: Mapping[str, Any] = MappingProxyType({}),
) -> Journal:
    """Begin an invocation's folder, whole from its first moment, and its journal."""
    stamp = _stamp(store)
    started = clock.now()
    path = store.root / "invocations" / f"{stamp}-{layout.new_name()[:8]}"
    header = {"study": study, "started": started, "process": asdict(this_process()), "origin": dict(origin)}
    root = store.root
    with layout.writing(root):
        draft = layout.draft_of(path)
        try:
            beneath.make_folders(root, draft)
            layout.write_json(root, draft / HEADER, header, durable=False)
            layout.write_json(root, draft / PLAN, plan, durable=False)
            if spec is not None:
                layout.write_json(root, draft / SPEC, spec, durable=False)
            beneath.write(root, draft / EVENTS, b"")
            beneath.move(root, draft, path)
        except BaseException:
            beneath.remove_tree(root, draft)
            raise
        # Closed by Journal.close.
        file = os.fdopen(beneath.open_file(root, path / EVENTS, os.O_WRONLY | os.O_APPEND), "w", encoding="utf-8")
    return Journal(Invocation(path, study, started, header["process"], header["origin"]), file)


def _stamp(store: Store) -> str:
    """The time to the millisecond, as names begin; one after the last that is there, if that is of later times.

    For a clock may have been set back since the last run, and names are in the order in which invocations began. If
    that was by less than DAY, this process's times go on from there, too.
    """
    stamp = _spelled(clock.now())
    folder = store.root / "invocations"
    name = max((name for name in beneath.names(store.root, folder) if _STAMPED.fullmatch(name)), default="")
    last = name[: len(stamp)]
    if last < stamp:
        return stamp
    with contextlib.suppress(ValueError, OverflowError, OSError):
        after = calendar.timegm(time.strptime(last[:-3], _FORM)) + (int(last[-3:]) + 1.5) / 1000
        written = beneath.look(store.root, folder / name / EVENTS)
        for moment in (after, written.st_mtime if written else 0.0):
            if moment - clock.now() < DAY:
                clock.not_before(moment)
        return _spelled(after)
    return stamp


def _spelled(moment: float) -> str:
    return time.strftime(_FORM, time.gmtime(moment)) + f"{int(moment * 1000) % 1000:03d}"


DAY = 86400.0
_FORM = "%Y%m%dT%H%M%S"
_STAMPED = re.compile(r"[0-9]{8}T[0-9]{9}-[0-9a-f]{8}")


def invocations(store: Store) -> list[Invocation]:
    """All invocations of a store, oldest first; unreadable ones are left out."""
    root, folder = store.root, store.root / "invocations"
    read = (_read(root, folder / name) for name in beneath.names(root, folder) if not layout.is_draft(name))
    return [invocation for invocation in read if invocation is not None]


def _read(root: Path, path: Path) -> Invocation | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        header = layout.read_json(root, path / HEADER, shapes.Invocation)
        origin = header.get("origin", {})
        return Invocation(path, str(header["study"]), float(header["started"]), header["process"], origin)
    return None


def lines(root: Path, path: Path, begin: int = 0, model: Any = dict[str, Any]) -> Iterator[tuple[int, Any]]:
    """(offset of the byte after it, document) of every whole line of a JSON-lines file from byte `begin` on.

    A last line without its end is being written, or was cut off. What is no document of the model is left out.
    """
    try:
        file = beneath.reading(root, path)
    except (FileNotFoundError, NotADirectoryError, ForeignError):
        return
    with file, contextlib.suppress(DocumentError):
        yield from lines_of(file, path, begin, model)
