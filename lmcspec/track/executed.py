"""The runs of an invocation's tasks: each is introduced, told of while it goes on, and ended with what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.ids import short
from lmcspec.store import Invocation, Store, Stored
from lmcspec.track import described, names, notes
from lmcspec.track.about import About
from lmcspec.track.curves import NOTHING, Piece, grown
from lmcspec.track.evidence import SUBJECT
from lmcspec.track.memory import Memory
from lmcspec.track.noted import NOTE
from lmcspec.track.reporter import Reporter
from lmcspec.track.said import Point, WholeRun
from lmcspec.track.series import PARENT, SeriesRuns
from lmcspec.track.troubles import unless_unmade


class TaskRuns:
    """Tells a server about the tasks that one invocation executes."""

    def __init__(
        self, invocation: Invocation, said: About, series: SeriesRuns, store: Store, memory: Memory, reporter: Reporter
    ) -> None:
        self._invocation, self._series, self._store, self._memory = invocation.id, series, store, memory
        self._said, self._reporter = said, reporter
        self._source = described.sources(invocation.origin)
        self._server, self._ledger, self._plan = series.server, series.ledger, series.plan

    def subject(self, task: str) -> str:
        """What names a task's run in the store."""
        return f"task/{self._plan.study}/{task}"

    def start(self, task: str, run: str | None, event: Mapping[str, Any]) -> str:
        """The run of a task that begins: a new one, or that which it has, which goes on."""
        if run is not None:
            # Said again of a run that is there: the one that it hung beneath may have been lost.
            self._server.resume(run)
            self._server.log(run, tags=self._attempt(task, event))
            return run
        name, tags = self._introduced(task, event)
        run = self._server.create(self._series.experiment, name, event["at"], tags)
        self._ledger.assign(self.subject(task), run)
        return run

    def _attempt(self, task: str, event: Mapping[str, Any]) -> dict[str, str]:
        """Tags that are another's at each attempt, and of what the run hangs beneath."""
        attempt = {"lmcspec.attempt": str(event["attempt"]), "lmcspec.invocation": self._invocation}
        if owners := self._series.wanted.owners.get(task, ()):
            attempt |= {PARENT: self._series.run(owners[0]), "lmcspec.group": owners[0].group}
        return attempt

    def _introduced(self, task: str, event: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """(name, tags) of a task's new run."""
        planned, owners = self._plan.tasks[task], self._series.wanted.owners.get(task, ())
        tags = {
            SUBJECT: self.subject(task),
            "lmcspec.study": self._plan.study,
            "lmcspec.plan": self._series.plan_id,
            **described.tags(planned),
            **self._attempt(task, event),
            NOTE: notes.of_task(planned, owners[0].name if owners else "", self._said, self._series.experiment),
            **self._source,
        }
        return names.task(planned.label, owners[0].name) if owners else planned.label, tags

    def whole(self, task: str, stored: Stored, start: Mapping[str, Any], at: float) -> None:
        """Tell in one go of a task that is over, and of which nothing was told."""
        pieces = self._grown(task, stored)
        piece = next(pieces, NOTHING)
        name, tags = self._introduced(task, start)
        run = self._server.whole(
            WholeRun(
                experiment=self._series.experiment,
                name=name,
                started=start["at"],
                ended=at,
                status="FINISHED",
                tags=tags | described.outcome_tags(stored),
                params=described.params(self._plan.tasks[task]),
                points=[*piece.points, *described.points(stored)],
            )
        )
        self._ledger.assign(self.subject(task), run)
        self._ledger.write(f"described/{run}", "yes")
        self._ledger.move_all(piece.offsets)
        for piece in pieces:
            self._send(task, run, piece)
        self._keep_files(task, run, stored)

    def log(
        self, task: str, run: str, points: Sequence[Point] = (), tags: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Send metrics and tags of a task's run, and with the first of them its params: a request less."""
        note = f"described/{run}"
        params = {} if self._ledger.note(note) else described.params(self._plan.tasks[task])
        self._server.log(run, points, params, tags)
        if params:
            self._ledger.write(note, "yes")

    def finished(self, task: str, run: str, at: float) -> None:
        """Tell what came of a task, as far as that is in the store, and end its run."""
        stored = self._memory.find(task)
        if stored is None:
            self.log(task, run, tags=described.GONE)
        else:
            last = NOTHING
            for piece in self._grown(task, stored):
                self._send(task, run, last)
                last = piece
            # With the last of them, so that most tasks are a request.
            self.log(task, run, [*last.points, *described.points(stored)], described.outcome_tags(stored))
            self._ledger.move_all(last.offsets)
            self._keep_files(task, run, stored)
        self._server.end(run, "FINISHED", at)

    def _keep_files(self, task: str, run: str, stored: Stored) -> None:
        if beneath.is_file(self._store.root, stored.log) and stored.log.stat().st_size:
            self._server.file(run, stored.log)
        with unless_unmade(short(task)):
            for path, content in self._reporter.of_task(self._plan.tasks[task], stored):
                self._server.keep(run, path, content)

    def curves(self, task: str, run: str) -> None:
        """Send the lines that a running task's metrics have grown by."""
        for piece in self._grown(task, self._memory.find(task)):
            self._send(task, run, piece)

    def _grown(self, task: str, stored: Stored | None) -> Iterator[Piece]:
        return grown(task, stored, self._store, self._ledger)

    def _send(self, task: str, run: str, piece: Piece) -> None:
        if piece.points:
            self.log(task, run, piece.points)
            self._ledger.move_all(piece.offsets)
