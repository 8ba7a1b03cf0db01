"""The series runs of a plan on a server: which run plays which part, what it has been told, and which are current."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from lmcspec.base import clock
from lmcspec.base.ids import digest, short
from lmcspec.plan import Plan
from lmcspec.track import notes, view
from lmcspec.track.about import About, write_told
from lmcspec.track.colours import colours
from lmcspec.track.evidence import CURRENT, SUBJECT
from lmcspec.track.ledger import EXPERIMENT, Ledger
from lmcspec.track.noted import NOTE, note_experiment, note_run
from lmcspec.track.reporter import REPORT
from lmcspec.track.sparing import Sparing
from lmcspec.track.wanted import ChartPoint, SeriesRun, Wanted, facts, finals

PARENT = "mlflow.parentRunId"
COLOUR = "mlflow.runColor"
SUPERSEDED = " (superseded)"


class SeriesRuns:
    """The part of a tracking server's runs that one plan is about."""

    def __init__(self, plan: Plan, experiment: str, server: Sparing, ledger: Ledger, store: str) -> None:
        self.plan, self.experiment, self.server, self.ledger = plan, experiment, server, ledger
        self.wanted = Wanted(plan)
        self._store = store
        self._run: dict[SeriesRun, str] = {}
        self._invocation = ""
        self._source: Mapping[str, str] = {}

    def subject(self, run: SeriesRun) -> str:
        """What names a series run in the store, but for its generation."""
        return f"series/{self.plan.study}/{run.name}/{run.identity}"

    def introduce(self, said: About) -> None:
        """Have the experiment say what the study is, and where its latest report lies."""
        study = self.plan.study
        if self.ledger.note(f"{EXPERIMENT}{study}") != self.experiment:
            self.ledger.write(f"{EXPERIMENT}{study}", self.experiment)
        run = self.ledger.note(f"report/{study}")
        report = view.page_of(self.experiment, run, REPORT) if run else ""
        text = notes.of_study(self.plan, said, self.experiment, report)
        note_experiment(self.server, self.ledger, study, self.experiment, text)
        write_told(self.ledger, study, said)

    def run(self, run: SeriesRun) -> str:
        """The id of the run of a series."""
        return self._run[run]

    @cached_property
    def plan_id(self) -> str:
        """An id that all invocations with these tasks and results share."""
        targets = sorted({target.task for target in self.plan.targets})
        return short(digest([sorted(self.plan.tasks), targets]))

    def assign(self, invocation: str, begun: float, source: Mapping[str, str]) -> None:
        """Find or make the run of every series; runs of other identities are current no longer.

        `invocation` is the run of the invocation that goes on, under which superseded ones are put away; `source` are
        tags for new ones.
        """
        self._invocation, self._source = invocation, source
        known = self.ledger.runs(f"series/{self.plan.study}/")
        for place, run in enumerate(self.wanted.runs):
            number = int(self.ledger.note(f"generation/{self.subject(run)}") or 1)
            # MLflow lists the latest first: so the list is in the order of the spec.
            self._run[run] = self._ensure(run, number, begun + 0.001 * (len(self.wanted.runs) - place))
        mine = set(self._run.values())
        for subject, old in known.items():
            if old not in mine and self.ledger.note(f"current/{old}") != "false":
                self._supersede(old, subject)

    def are_current(self) -> bool:
        """Whether the ledger has a run of each series, and none of them was put away."""
        subjects = (
            f"{subject}#{self.ledger.note(f'generation/{subject}') or 1}"
            for subject in map(self.subject, self.wanted.runs)
        )
        runs = [self.ledger.run(subject) for subject in subjects]
        return all(run is not None and self.ledger.note(f"current/{run}") != "false" for run in runs)

    def _ensure(self, run: SeriesRun, generation: int, begun: float) -> str:
        subject = f"{self.subject(run)}#{generation}"
        identifier = self.ledger.run(subject)
        if identifier is None:
            tags = {
                SUBJECT: subject,
                CURRENT: "true",
                "lmcspec.kind": "series",
                "lmcspec.study": self.plan.study,
                "lmcspec.group": run.group,
                "lmcspec.series": run.identity,
                "lmcspec.replicate": str(run.replicate),
                COLOUR: self._colour(run),
                NOTE: notes.of_series(run, self.experiment),
                **self._source,
            }
            identifier = self.server.create(self.experiment, run.name, begun, tags)
            self.ledger.assign(subject, identifier)
            self.ledger.write(f"current/{identifier}", "true")
            self.ledger.write(f"colour/{identifier}", self._colour(run))
        elif self.ledger.note(f"current/{identifier}") == "false":
            self.server.rename(identifier, run.name)
            self.server.log(identifier, tags={CURRENT: "true"})
            self.server.untag(identifier, PARENT)
            self.ledger.write(f"current/{identifier}", "true")
        if not self.ledger.note(f"described/{identifier}"):
            self._describe(run, identifier)
            self.ledger.write(f"described/{identifier}", "yes")
        self._dress(run, identifier)
        return identifier

    def _dress(self, run: SeriesRun, identifier: str) -> None:
        """Give a run the colour that its network has now, and one that an earlier lmcspec made its note."""
        colour, known = self._colour(run), self.ledger.note(f"colour/{identifier}")
        if known == colour:
            return
        if not known:
            note_run(self.server, identifier, notes.of_series(run, self.experiment))
        self.server.log(identifier, tags={COLOUR: colour})
        self.ledger.write(f"colour/{identifier}", colour)

    @cached_property
    def _colours(self) -> Mapping[tuple[str, str], str]:
        return colours(self.plan)

    def _colour(self, run: SeriesRun) -> str:
        return self._colours[run.series.case, run.series.network]

    def _describe(self, run: SeriesRun, identifier: str) -> None:
        params = {**run.series.params, "replicate": run.replicate}
        self.server.log(identifier, params=params)
        self.server.datasets(identifier, facts(self.plan, sorted(self.wanted.needs[run])))

    def _supersede(self, old: str, subject: str) -> None:
        """Another learning rate, say, has taken its place: off the chart, one level down, and tagged."""
        name = subject.removeprefix(f"series/{self.plan.study}/").rpartition("/")[0]
        self.server.rename(old, f"{name}{SUPERSEDED}")
        self.server.log(old, tags={CURRENT: "false", PARENT: self._invocation})
        self.ledger.write(f"current/{old}", "false")

    def send(self, points: Mapping[SeriesRun, Sequence[ChartPoint]], *, last: bool = False) -> None:
        """Send what is new. With `last` the values at the last level stand again under `final/…`."""
        for run, charted in points.items():
            wanted = [at_level.point for at_level in charted]
            told = self.ledger.points(self._run[run])
            if any(
                not _same(told[key], point.value) for point in wanted if (key := (point.metric, point.step)) in told
            ):
                # The same work gave other numbers, or a measure was asked for otherwise: a line must not be both.
                self._renew(run)
                told = {}
            new = [point for point in wanted if (point.metric, point.step) not in told]
            if last:
                # Of these the latest counts: with more rounds there is another last level.
                new += [
                    point for point in finals(charted) if not _same(told.get((point.metric, 0), math.nan), point.value)
                ]
            if new:
                self.server.log(self._run[run], new)
                self.ledger.add_points(self._run[run], {(point.metric, point.step): point.value for point in new})

    def _renew(self, run: SeriesRun) -> None:
        old, subject = self._run[run], self.subject(run)
        generation = int(self.ledger.note(f"generation/{subject}") or 1) + 1
        self._run[run] = self._ensure(run, generation, clock.now())
        self.ledger.write(f"generation/{subject}", str(generation))
        self._supersede(old, f"{subject}#{generation - 1}")

    def show(self, points: Mapping[SeriesRun, Sequence[ChartPoint]]) -> None:
        """Make the experiment's first page show these metrics of all current series."""
        wanted = view.document(point.chart for of_run in points.values() for point in of_run)
        if points and self.ledger.note(f"view/{self.plan.study}") != wanted:
            self.server.mark(self.experiment, view.TAG, wanted)
            self.server.mark(self.experiment, view.NAMED, view.named(wanted))
            self.ledger.write(f"view/{self.plan.study}", wanted)

    def begin(self) -> None:
        """Say to the server that more is being computed for them."""
        for run in self._run.values():
            if self.ledger.note(f"status/{run}") != "RUNNING":
                self.server.resume(run)
                self.ledger.write(f"status/{run}", "RUNNING")

    def end(self, at: float) -> None:
        """Say to the server that nothing more is computed for them."""
        for run in self._run.values():
            if self.ledger.note(f"status/{run}") != "FINISHED":
                self.server.end(run, "FINISHED", at)
                self.ledger.write(f"status/{run}", "FINISHED")


def _same(value: float, other: float) -> bool:
    return value == other or (math.isnan(value) and math.isnan(other))
