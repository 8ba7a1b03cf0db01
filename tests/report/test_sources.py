"""Where numbers come from: counted by hand, with what runs them again, and how long a large study's page takes."""

import json
import shlex
import time

import pytest
from results_for_tests import BASE, Results, accuracy, made_up, paths, plan_of
from specs_for_tests import plan_of as plan_of_whole
from stores_for_tests import put
from test_page import Recorded

from lmcspec.plan.chosen import Chosen, wanted
from lmcspec.plan.selected import selected
from lmcspec.report import sources as module
from lmcspec.report import tidy
from lmcspec.report.html import html
from lmcspec.report.origin import Known
from lmcspec.report.page import page
from lmcspec.report.sparkline import Sparkline
from lmcspec.store import Store

TEXT = """
[networks]
dense = []
imp = [{ data = "real", rounds = 1, rewind = { each = [0, "20it"] } }]
[measures]
accuracy = {}
stability = { levels = ["last"], copies = 3 }
"""
LARGE = """
[networks]
dense = []
imp = [{ data = "real", rounds = 20, rewind = { each = [0, "20it", "40it", "60it", "80it"] } }]
random = { like = "imp", mask = "shuffled" }
reinit = { like = "imp", weights = "reinitialised" }
[measures]
accuracy = {}
stability = { networks = ["imp", "random", "reinit"], levels = "all", copies = 2 }
"""


def made(plan, known=Known()):  # noqa: B008
    store = Recorded(made_up(plan, lambda target: 0.1 + 0.01 * target.replicate).found)
    return page(plan, tidy(plan, store), store, {}, known)


def numbers(text):
    return {anchor: number for part in text.sources for number in part.numbers for anchor in number.anchors}


def test_each_number_has_the_tasks_of_its_targets():
    plan = plan_of(TEXT)
    of_page = numbers(made(plan))
    assert of_page["imp[rewind=0]/l0/accuracy"] is of_page["dense/l0/accuracy"], "the same trainings"
    assert [task.label for task in of_page["dense/l0/accuracy"].tasks] == [f"dense/s{s}/l0/train" for s in range(3)]
    pairs = of_page["imp[rewind=20it]/l1/stability/k=20"].tasks
    assert [(task.replicate, task.copies) for task in pairs] == [
        (replicate, pair) for replicate in range(3) for pair in ("0-1", "0-2", "1-2")
    ]
    for anchor, number in of_page.items():
        targets = [target for target in plan.targets if anchor.startswith(f"{target.network}/l{target.level}/")]
        assert {task.id for task in number.tasks} <= {target.task for target in targets}
    assert [part.network for part in made(plan).sources] == ["dense", "imp[rewind=0]", "imp[rewind=20it]"]


def test_copies_on_their_way_come_last_with_the_update_at_which_they_are_compared():
    plan = plan_of('networks.dense = []\nmeasures.stability = { levels = ["dense"], at = [0], through = "46it" }')
    of_page = numbers(made(plan))
    steps = sorted({target.through for target in plan.targets if target.through is not None})
    assert steps and list(of_page)[-len(steps) :] == [f"dense/l0/stability/k=0/at={step}" for step in steps]
    for step in steps:
        number = of_page[f"dense/l0/stability/k=0/at={step}"]
        assert number.words == f"stability k=0 after {step} updates of dense at level 0"
        assert {task.id for task in number.tasks} == {t.task for t in plan.targets if t.through == step}


def test_the_line_runs_these_tasks_again_and_no_others():
    plan = plan_of(TEXT)
    for number in numbers(made(plan, Known(command="lmcspec run 'a b.toml'"))).values():
        command, _, words = number.again.partition(" --target ")
        assert command == "lmcspec run 'a b.toml'"
        options = shlex.split(f"--target {words}")
        targets, forced = ([options[at + 1] for at in range(start, len(options), 4)] for start in (0, 2))
        ids = {task.id for task in number.tasks}
        assert wanted(plan, Chosen(tuple(targets)), {}) == selected(plan, forced) == ids
    assert {number.again for number in numbers(made(plan)).values()} == {""}, "nobody said how"


def test_curves_are_drawn_as_long_as_they_can_be_read(monkeypatch):
    plan = plan_of(TEXT)
    monkeypatch.setattr(module, "sparkline", lambda stored: Sparkline("1,2", "words"))
    tasks = [task for number in numbers(made(plan)).values() for task in number.tasks]
    assert {task.curve.words for task in tasks if "/train" in task.label} == {"words"}
    assert {task.curve.words.split(":")[0] for task in tasks if "/path" in task.label} == {"test error along the path"}
    monkeypatch.setattr(module, "MOST_CURVES", 8)
    tasks = [task for number in numbers(made(plan)).values() for task in number.tasks]
    assert not any(task.curve for task in tasks if "/train" in task.label), "what has to be read is left out"


def test_many_networks_of_a_number_are_counted():
    plan = plan_of(TEXT.replace('[0, "20it"]', '[0, "20it", "21it", "22it", "23it"]'))
    (words,) = {number.words for anchor, number in numbers(made(plan)).items() if anchor == "dense/l0/accuracy"}
    assert words == "accuracy of dense, imp[rewind=0], imp[rewind=20it], imp[rewind=21it] and 2 more at level 0"


def test_what_is_not_there_is_listed_as_missing():
    plan = plan_of(TEXT)
    text = page(plan, tidy(plan, Results()), Results(), {})
    tasks = [task for number in numbers(text).values() for task in number.tasks]
    assert {(task.outcome, task.value, task.path) for task in tasks} == {("missing", "", "")}


def test_a_page_of_ten_thousand_tasks():
    """Of results in memory, and of so many trainings that no curve is drawn: what it takes to say it all."""
    plan = plan_of_whole(BASE.replace("replicates = 3", "replicates = 9") + LARGE)
    assert len(plan.tasks) > 9_000
    store = Recorded(made_up(plan, lambda target: 0.1 + 0.001 * target.level).found)
    began = time.process_time()
    text = html(page(plan, tidy(plan, store), store, {}, Known(command="lmcspec run large.toml")), [])
    assert time.process_time() - began < 20
    assert len(text) < 8_000_000
    assert text.count('<th scope="row" class="name">s') >= 9 * 300


MANY_PAIRS = """
[networks]
dense = []
imp = [{ data = "real", rounds = 20, rewind = { each = [0, "20it", "40it", "60it"] } }]
[measures]
accuracy = {}
stability = { networks = ["imp"], levels = "all", copies = 6 }
"""


@pytest.mark.slow
def test_a_page_of_ten_thousand_results_in_a_store(tmp_path):
    """Of results that are read from disk and compared with their digests, with a curve for each that has one."""
    plan = plan_of_whole(BASE.replace("replicates = 3", "replicates = 8") + MANY_PAIRS)
    store = Store.open(tmp_path / "store")
    lines = [{"name": "train/loss", "value": 1 / step, "step": step, "at": 1000.0 + step} for step in range(1, 40)]
    told = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    results = {target.task: target.kind for target in plan.targets}
    for task, kind in results.items():
        scalars = accuracy(0.1) if kind == "accuracy" else paths(0.2)
        put(store, task, kind=plan.tasks[task].kind, scalars=scalars, told=told if kind == "accuracy" else b"")
    assert len(results) > 10_000 and list(results.values()).count("accuracy") <= module.MOST_CURVES
    began = time.process_time()
    text = html(page(plan, tidy(plan, store), store, {}, Known(command="lmcspec run large.toml")), [])
    assert time.process_time() - began < 20
    assert text.count("<polyline") == len(results), "loss over updates, or error along a path"
    assert text.count('<th scope="row" class="name">s') >= len(results)
