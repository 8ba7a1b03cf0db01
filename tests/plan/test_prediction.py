"""After one run, the predicted wall time of a second with other replicates is within 1.5 x."""

import os
import time

import pytest
from specs_for_tests import plan_of

from lmcspec.catalog.runners.local import Local
from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.plan.simulate import Slots
from lmcspec.store import Store
from lmcspec_runners.local import LocalRunner

STUDY = """
study = "timed"
replicates = 2
dataset = "digits"
model = "lenet-300-100"
[recipes.real]
length = "5ep"
batch = 32
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
imp = [{ data = "real", rounds = 3 }]
[measures]
accuracy = {}
stability = { levels = ["dense", "last"], points = 11 }
"""


@pytest.mark.slow
def test_the_second_run_takes_what_the_first_predicts(tmp_path):
    store = Store.open(tmp_path / "store")
    slots = min(2, os.cpu_count() or 1)

    def run(view):
        begun = time.monotonic()
        execute(view, store, LocalRunner(Local(workers=slots)))
        return time.monotonic() - begun

    first = outlook(plan_of(STUDY), store)
    assert first.wall(Slots(slots)) is None
    run(first)
    # Replicates 2 to 7: other seeds than those that have run, and three times as many.
    second = outlook(plan_of(STUDY, "replicates=8"), store)
    predicted = second.wall(Slots(slots))
    assert predicted is not None
    taken = run(second)
    assert taken / 1.5 <= predicted <= taken * 1.5, f"predicted {predicted:.1f} s, took {taken:.1f} s"
