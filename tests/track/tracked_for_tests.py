"""A small study that is tracked, and short ways to run it and to tell about it."""

import pytest

from lmcspec.cli import main
from lmcspec.cli.options import read_plan
from lmcspec.report import tidy
from lmcspec.track import Tracker

SPEC = """
study = "tracked"
replicates = 2
dataset = "digits"
model = { name = "mlp", widths = [8] }
[recipes.real]
length = "1ep"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
dense = []
imp = [{ data = "real", rounds = 2 }]
[measures]
accuracy = {}
stability = { at = [0, "3it"], levels = ["dense", "last"], points = 3 }
"""


def run(spec, store, *more):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["run", str(spec), "--store", str(store), "--runner", "inline", *more])


def plan_of(spec, store, *sets):
    return read_plan(spec, list(sets), 1000, store)


def tracker_of(store):
    return Tracker(store, "http://made.up", tidy)
