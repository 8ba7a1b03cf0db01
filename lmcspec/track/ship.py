"""Sending what a store holds to a server, a pass at a time; every pass goes on where the last one was."""

import logging
import time

from lmcspec.base.errors import StoreError
from lmcspec.plan import Plan
from lmcspec.plan.document import recorded
from lmcspec.store import Invocation, Store, invocations
from lmcspec.track.follow import Follower
from lmcspec.track.ledger import Ledger
from lmcspec.track.reporter import Reporter
from lmcspec.track.series import SeriesRuns
from lmcspec.track.server import RefusedError, Server
from lmcspec.track.wanted import Memory

_log = logging.getLogger(__name__)
OVER = "over"


def is_over(ledger: Ledger, invocation: Invocation) -> bool:
    """Whether all of an invocation has been sent."""
    return ledger.note(f"invocation/{invocation.id}") == OVER


class Shipper:
    """Sends a store's invocations, oldest first."""

    def __init__(self, store: Store, server: Server, ledger: Ledger, reporter: Reporter) -> None:
        self._store, self._server, self.ledger, self._reporter = store, server, ledger, reporter
        self._memory = Memory(store)
        self._followers: dict[str, Follower] = {}
        self._experiments: dict[str, str] = {}
        self.plans: dict[str, Plan] = {}
        """By invocation: plans that need not be read."""

    def all(self, *, finish: bool = False) -> bool:
        """One pass over everything; False while an invocation is still going on. `finish`: leave nothing for later."""
        over = True
        for invocation in invocations(self._store):
            if not is_over(self.ledger, invocation):
                over &= self._one(invocation, finish)
        return over

    def _one(self, invocation: Invocation, finish: bool) -> bool:
        try:
            follower = self._followers.get(invocation.id) or self._follow(invocation)
            over = follower.step(finish)
        except (RefusedError, StoreError, OSError) as error:
            # Nothing that comes later can mend it, and it must not stand in the way of what comes later.
            _log.warning("the run of %s at %s can't be tracked: %s", invocation.study, invocation.id, error)
            over = True
        if over:
            self.ledger.write(f"invocation/{invocation.id}", OVER)
            self._followers.pop(invocation.id, None)
        return over

    def _follow(self, invocation: Invocation) -> Follower:
        plan = self.plans.get(invocation.id) or recorded(invocation.plan)
        experiment = self._experiment(plan.study)
        series = SeriesRuns(plan, experiment, self._server, self.ledger, self._store.id)
        follower = Follower(invocation, series, self._store, self._memory, self._reporter)
        self._followers[invocation.id] = follower
        return follower

    def settle(self, plan: Plan) -> None:
        """Series runs of a plan of which nothing had to run: its numbers may be new to the server all the same."""
        series = SeriesRuns(plan, self._experiment(plan.study), self._server, self.ledger, self._store.id)
        now = time.time()
        series.cast("", now, {})
        rows = self._reporter.rows(plan, self._memory)
        points = series.wanted.points(rows, self._memory)
        series.send(points, last=True)
        series.show(points)
        series.end(now)

    def _experiment(self, study: str) -> str:
        """The study's experiment. The server is asked once which runs of this store it holds: none is made again."""
        if study not in self._experiments:
            found = self._server.experiment(study)
            for role, run in self._server.roles(found).items():
                self.ledger.cast(role, run)
            self._experiments[study] = found
        return self._experiments[study]
