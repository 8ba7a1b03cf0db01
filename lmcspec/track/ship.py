"""Sending what a store holds to a server, a pass at a time; every pass goes on where the last one was."""

import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from lmcspec.base import clock
from lmcspec.base.errors import LmcspecError
from lmcspec.plan import Plan
from lmcspec.plan.document import recorded
from lmcspec.store import Invocation, Store, invocations
from lmcspec.track.about import About, by_invocation, is_told, last_told
from lmcspec.track.edition import is_behind, write_edition
from lmcspec.track.evidence import Evidence
from lmcspec.track.examine import judge, learn, renew_mark, spare
from lmcspec.track.follow import Follower
from lmcspec.track.ledger import Ledger
from lmcspec.track.memory import Memory
from lmcspec.track.reporter import REPORT, Reporter
from lmcspec.track.series import SeriesRuns
from lmcspec.track.server import Server
from lmcspec.track.settled import has_settled, is_settled, reopen, settle_again, write_settled
from lmcspec.track.sparing import Sparing
from lmcspec.track.troubles import RefusedError, UnreachableError, unless_refused

_log = logging.getLogger(__name__)
OVER = "over"
REFUSED = "refused"


def is_over(ledger: Ledger, invocation: Invocation) -> bool:
    """Whether all of an invocation has been sent."""
    return ledger.note(f"invocation/{invocation.id}") == OVER


def is_refused(ledger: Ledger, invocation: Invocation) -> bool:
    """Whether it could not be sent, for a reason that time alone does not mend."""
    return ledger.note(f"invocation/{invocation.id}") == REFUSED


def studies(store: Store, ledger: Ledger) -> list[str]:
    """The studies that the store has run, and those that were ever told."""
    once_told = (name.partition("/")[2] for name in ledger.notes("mark/"))
    return sorted({invocation.study for invocation in invocations(store)} | set(once_told))


def lags(store: Store, ledger: Ledger, study: str) -> bool:
    """Whether what was told of a study lacks numbers that an earlier lmcspec did not chart."""
    return is_behind(ledger, study, _ended(store, ledger, study), has_settled(ledger, study))


def _ended(store: Store, ledger: Ledger, study: str) -> list[Invocation]:
    return [
        invocation for invocation in invocations(store) if invocation.study == study and is_over(ledger, invocation)
    ]


def ids_of(store: Store, study: str) -> list[str]:
    """The invocations of a study."""
    return [invocation.id for invocation in invocations(store) if invocation.study == study]


class Shipper:
    """Sends a store's invocations, oldest first."""

    def __init__(
        self,
        store: Store,
        server: Server,
        ledger: Ledger,
        reporter: Reporter,
        abouts: Mapping[str, About] = MappingProxyType({}),
    ) -> None:
        """`abouts`: what the spec of a study says now, by its name; of others what their latest invocation said."""
        self._store, self._server, self.ledger, self._reporter = store, Sparing(server), ledger, reporter
        self._abouts = abouts
        self._memory = Memory(store)
        self._followers: dict[str, Follower] = {}
        self._experiments: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        """Invocation -> why it can't be told."""
        self._deleted: dict[str, str] = {}
        """Study -> its experiment, which a person has deleted."""
        self.studies_told: set[str] = set()
        """Studies about which something was said."""
        self.studies_ever_told: set[str] = set()
        """Studies about which any shipper of one telling said something."""

    def examine(self, some: Iterable[str] | None = None) -> None:
        """Ask what the server has of these studies, or of all. What it does not have counts as never told."""
        for study in studies(self._store, self.ledger) if some is None else some:
            if study not in self._experiments:
                self._experiments[study] = self._examine(study)

    def _examine(self, study: str) -> str:
        invocations_of_study = ids_of(self._store, study)
        held = self._held(study)
        finding = judge(self.ledger, study, invocations_of_study, held)
        if finding.experiment_deleted:
            self._deleted[study] = finding.experiment_deleted
            return finding.experiment_deleted
        if finding.gone:
            if self.ledger.known(study, invocations_of_study):
                _log.warning("MLflow lacks what was told about %s: %s. It is told again", study, finding.gone)
            self.ledger.forget(study, invocations_of_study)
            reopen(self.ledger, study)
        if held is None:
            return ""
        learn(self.ledger, self._server, held)
        if new := spare(self.ledger, self._server, held):
            _log.warning("%d runs of %s were deleted in MLflow and are left alone", len(new), study)
        return held.experiment

    def _held(self, study: str) -> Evidence | None:
        """What the server has of a study. What it has twice, for it made a run and said so to nobody, is deleted."""
        known = set(self.ledger.known(study, ids_of(self._store, study)).values())
        held = self._server.held(study, known)
        if held is not None and not held.deleted:
            for run in held.surplus:
                _log.warning(
                    "MLflow made the run %s of %s beside another one and said nothing: it is deleted", run, study
                )
                self._server.discard(run)
        return held

    def all(self, *, finish: bool = False) -> bool:
        """Send everything once; False while an invocation is still going on. `finish`: leave nothing for later."""
        over = True
        for invocation in invocations(self._store):
            if not is_over(self.ledger, invocation) and invocation.id not in self._refused:
                over &= self._ship(invocation, finish)
        self.ledger.commit()
        return over

    def _ship(self, invocation: Invocation, finish: bool) -> bool:
        ending = OVER
        try:
            follower = self._followers.get(invocation.id) or self._follow(invocation)
            if (over := follower.step(finish)) and ids_of(self._store, invocation.study)[-1] == invocation.id:
                settle_again(self.ledger, follower.plan, self._store)
        except UnreachableError:
            raise
        except (LmcspecError, OSError) as error:
            # Nothing that comes later can mend it, and it must not stand in the way of what comes later.
            _log.warning("the run of %s at %s can't be tracked: %s", invocation.study, invocation.id, error)
            self._refused[invocation.id] = str(error)
            over, ending = True, REFUSED
        if over:
            self.ledger.write(f"invocation/{invocation.id}", ending)
            self._followers.pop(invocation.id, None)
        return over

    def _follow(self, invocation: Invocation) -> Follower:
        plan = recorded(invocation.plan)
        experiment = self._experiment(plan.study)
        series = SeriesRuns(plan, experiment, self._server, self.ledger, self._store.id)
        follower = Follower(invocation, series, self._store, self._memory, self._reporter)
        self._followers[invocation.id] = follower
        return follower

    def catch_up(self, some: Iterable[str] | None = None) -> None:
        """Tell the series of these studies, or of all, what an earlier lmcspec did not chart.

        By the latest invocation, if its series are the current ones. What a plan without one was told is for the next
        run of its spec to tell.
        """
        for study in studies(self._store, self.ledger) if some is None else some:
            if study in self._deleted or not lags(self._store, self.ledger, study):
                continue
            latest = _ended(self._store, self.ledger, study)[-1:]
            try:
                plans = [recorded(invocation.plan) for invocation in latest]
            except (LmcspecError, OSError) as error:
                _log.warning("what an earlier lmcspec told about %s can't be completed: %s", study, error)
                plans = []
            for plan in plans:
                series = SeriesRuns(plan, self._experiment(study), self._server, self.ledger, self._store.id)
                self._look_for_report(study, latest[0])
                series.introduce(self._about(study))
                if series.are_current():
                    self._tell(series)
            if not any(is_settled(self.ledger, plan, self._store) for plan in plans):
                reopen(self.ledger, study)
            write_edition(self.ledger, study)

    def _look_for_report(self, study: str, invocation: Invocation) -> None:
        """Note where the report of a study is, which an earlier lmcspec did not."""
        run = self.ledger.run(f"invocation/{invocation.id}")
        if run and run not in self._server.left:
            with unless_refused(invocation.id):
                if self._server.has(run, REPORT):
                    self.ledger.write(f"report/{study}", run)

    def settle(self, plan: Plan) -> None:
        """Send the series of a plan of which nothing had to run: its numbers may be new to the server all the same."""
        settled = is_settled(self.ledger, plan, self._store)
        if settled and is_told(self.ledger, plan.study, self._about(plan.study)):
            return
        series = SeriesRuns(plan, self._experiment(plan.study), self._server, self.ledger, self._store.id)
        series.introduce(self._about(plan.study))
        if not settled:
            self._tell(series)
            write_settled(self.ledger, plan, self._store)

    def _about(self, study: str) -> About:
        if study in self._abouts:
            return self._abouts[study]
        if any(told := last_told(self.ledger, study)):
            return told
        latest = [invocation for invocation in invocations(self._store) if invocation.study == study][-1:]
        return next((by_invocation(invocation, self.ledger) for invocation in latest), About())

    def _tell(self, series: SeriesRuns) -> None:
        """Send all points of series of which nothing is being computed."""
        now = clock.now()
        series.assign("", now, {})
        points = series.wanted.points(self._reporter.rows(series.plan, self._memory), self._memory)
        series.send(points, last=True)
        series.show(points)
        series.end(now)

    def _experiment(self, study: str) -> str:
        """The study's experiment, which from now on is being told something."""
        self.examine([study])
        if study in self._deleted:
            raise RefusedError(
                f"the experiment {study!r} has been deleted in MLflow",
                help=f"mlflow experiments restore --experiment-id {self._deleted[study]}, then lmcspec sync",
            )
        if study not in self.studies_told:
            experiment = self._experiments[study] or self._server.experiment(study)
            renew_mark(self.ledger, self._server, self._store, study, experiment)
            self._experiments[study] = experiment
            if not lags(self._store, self.ledger, study):
                write_edition(self.ledger, study)
            self.studies_told.add(study)
            self.studies_ever_told.add(study)
        return self._experiments[study]

    def seal(self) -> bool:
        """End the telling: whether the server has all of it, by its own account."""
        for study in self.studies_told:
            renew_mark(self.ledger, self._server, self._store, study, self._experiments[study])
            held = self._held(study)
            if judge(self.ledger, study, ids_of(self._store, study), held).gone:
                return False
        return True

    @property
    def left(self) -> dict[str, str]:
        """Subject -> run of those that a person deleted, and which are left alone."""
        return {name.partition("/")[2]: run for name, run in self.ledger.notes("left/").items()}

    @property
    def untold(self) -> str:
        """Why the server was not told something that it should know; empty where it was told everything."""
        reasons = [*self._refused.values(), *self._server.refused.values()]
        reasons += [f"the experiment {study!r} has been deleted in MLflow" for study in self._deleted]
        return reasons[0] if reasons else ""
