# pyright: reportOptionalMemberAccess=false, reportOptionalOperand=false
"""What a task takes of memory at most: seen by the worker, kept in the record, and told to the next plan."""

import sys
from dataclasses import replace

import pytest
from jobs_for_tests import Plan

from lmcspec import engine
from lmcspec.base.facts import ModelFacts
from lmcspec.engine import peaks
from lmcspec.plan.memory import CONTEXT, STEP, memory
from lmcspec.store import Index, Store
from lmcspec.tasks import Part, make
from lmcspec.tasks.landscape import Landscape
from lmcspec.tasks.overlap import Overlap
from lmcspec.tasks.path import Path
from lmcspec.tasks.training import Train
from lmcspec_runners.inline import InlineRunner

MANY = 150 * 2**20

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells")


@linux
def test_the_peak_of_a_task_is_its_own():
    peaks.begin("cpu")
    before = peaks.peak("cpu")["host"]
    held = bytearray(b"x") * MANY
    taken = peaks.peak("cpu")["host"]
    assert before + 0.9 * MANY < taken < before + 1.3 * MANY
    del held
    assert peaks.peak("cpu")["host"] >= before + 0.9 * MANY, "at most, not now"
    peaks.begin("cpu")
    assert peaks.peak("cpu")["host"] < before + 0.3 * MANY, "that was another task's"


@linux
def test_the_record_and_the_index_have_it(tmp_path, monkeypatch):
    import torch  # noqa: F401 (loaded before anything is counted)

    monkeypatch.setattr(peaks, "_before", 0)
    store = Store.open(tmp_path / "store")
    plan = Plan()
    task = plan.add("hold", MANY)
    engine.run(plan.job(), store, InlineRunner())
    assert 0.9 * MANY < store.find(task).record["memory"]["host"] < 1.3 * MANY
    with Index(store) as index:
        (entry,) = index.entries()
        assert (entry.device, entry.device_peak) == ("cpu", None)
        assert index.peaks(entry.kind, entry.model) == (entry.host_peak, None)
        assert entry.host_peak == store.find(task).record["memory"]["host"]
        assert index.peaks("nothing") == (None, None)
        assert index.rates(entry.kind, entry.model, ["cpu"]).n == 1
        assert index.rates(entry.kind, entry.model).n == 1
        assert index.rates(entry.kind, entry.model, ["NVIDIA H200"]) is None
        assert index.rates(entry.kind, entry.model, []) is None
        assert index.devices() == ["cpu"]


MODEL = Part.of({"name": "m", "shape": [1, 2, 2], "config": {}})
RECIPE = Part.of({"batch": 100})
FACTS = ModelFacts(
    parameters=10**6, prunable=(("a", (1000, 500)), ("b", (1000, 500))), macs=10**6, has_batch_norm=False
)


class Seen:
    def __init__(self, *values):
        self.values = values

    def peaks(self, kind, model):
        return self.values


def train():
    return make("train", Train(MODEL, RECIPE, MODEL, 0, 10), {}, {"replicate": 0})


def test_a_guess_grows_with_parameters_and_batch():
    host, device = memory(train(), None, FACTS)
    # 2,000 outputs an image, for at least 166 images, 6 numbers each; 5 copies of a million weights: 28 MB.
    assert host == STEP and device == -(-(CONTEXT + 28 * 10**6) // STEP) * STEP
    assert memory(train(), None, None) == (None, None)
    large = ModelFacts(10**9, FACTS.prunable, FACTS.macs, False)
    assert memory(train(), None, large).device > 20 * 10**9


def test_a_guess_for_points_holds_a_group_of_networks():
    """Their bytes, those of 64 networks at most, and 256 MiB in all."""
    path = Path(MODEL, MODEL, 30, ("test",), 0, ("average",), 10)
    sizes = (10**5, 10**6, 10**8)
    small, middle, large = (memory(make("path", path, {}, {}), None, ModelFacts(size, (), 0, False)) for size in sizes)
    few = memory(make("path", replace(path, points=3), {}, {}), None, ModelFacts(10**6, (), 0, False))
    assert small.host == STEP and few.host == STEP
    assert middle.host == -(-4 * (5 + 30) * 10**6 // STEP) * STEP  # 1/2 is a point of its own
    assert large.host == -(-(20 * 10**8 + 2**28) // STEP) * STEP
    plane = Landscape(MODEL, MODEL, 8, 0.3, ("test",), 0, "average", 0)
    assert (
        memory(make("landscape", plane, {}, {}), None, ModelFacts(10**6, (), 0, False)).host
        == -(-4 * (5 + 63) * 10**6 // STEP) * STEP
    )


def test_what_was_seen_counts_with_a_fifth_more():
    seen = memory(train(), Seen(10 * STEP, 100 * STEP), FACTS)
    assert seen.host == 12 * STEP and 0 <= seen.device - (120 * STEP + CONTEXT) < STEP
    assert memory(train(), Seen(10 * STEP, None), FACTS).device == memory(train(), None, FACTS).device


def test_what_gains_nothing_takes_nothing_of_a_gpu():
    assert memory(make("overlap", Overlap(MODEL), {}, {}), None, FACTS).device == 0
