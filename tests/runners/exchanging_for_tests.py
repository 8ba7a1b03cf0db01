"""A runner whose worker has another store than the driver, and runs with it."""

from lmcspec import engine
from lmcspec.engine import Retries
from lmcspec_runners.inline import InlineRunner

QUICK = Retries(first=0.001, held_elsewhere=(0.001, 0.001))


class Elsewhere:
    """A runner whose worker has another store than the driver: as on another machine."""

    def __init__(self, store):
        self._runner, self._store = InlineRunner(), store
        self.slots = self._runner.slots
        self.payloads = {}

    def submit(self, store, task, payload, slot):
        assert store.root != self._store.root
        self.payloads[task] = payload
        return self._runner.submit(self._store, task, payload, slot)

    def __getattr__(self, name):
        return getattr(self._runner, name)


def run(plan, store, runner, **settings):
    heard = []
    return engine.run(plan.job(), store, runner, listeners=[heard.append], retries=QUICK, **settings), heard


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]
