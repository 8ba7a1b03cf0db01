"""Counts that agree on one screen, and why a task ran, told after it has."""

import re

from specs_for_tests import SEVEN_UPDATES, STABILITY, plan_of

from lmcspec.plan.outlook import outlook
from lmcspec.plan.render import closing, table
from lmcspec.store import Store
from lmcspec.track import Ledger, default_uri
from lmcspec.track.where import ledger_path

BLOCKED = ("--set", "dataset.name=mnist", "--set", "dataset.root=nowhere")
TRAIN = "dense/s0/l0/train"
PASSED = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ data = "real", rounds = 2, fraction = 0.5, rewind = "2it" }]
[measures]
accuracy = {}
stability = { levels = "all", at = ["2it", "4it"], points = 5 }
"""
)
"""Several states are committed in passing, by trainings that go further."""


def test_the_numbers_of_tasks_on_one_screen_are_one_number(place, lmcspec):
    (place / "study.toml").write_text(PASSED)
    for sets in ((), BLOCKED):
        out = lmcspec("plan", "study.toml", *sets).out
        (planned,) = re.findall(r"planned (\d+) tasks", out)
        (reasons,) = re.findall(r"never-run .* (\d+) tasks", out)
        (closed,) = re.findall(r"(\d+) blocked" if sets else r"(\d+) to run", out.splitlines()[-1])
        assert planned == reasons == closed


def test_a_by_product_that_has_to_run_by_itself_counts(tmp_path):
    plan = plan_of(PASSED)
    view = outlook(plan, None)
    assert len(view.counted) == len(list(plan.counted)) < len(plan.tasks)
    assert f"{len(view.counted)} to run" in closing(view)
    assert list(table(view, 1, ""))


def test_run_says_what_is_blocked_and_why(place, lmcspec, finished):
    text = STABILITY + '[[sweep.cases]]\ncase = "here"\n[[sweep.cases]]\ncase = "away"\n'
    (place / "study.toml").write_text(text + 'dataset = { name = "mnist", root = "nowhere" }\n')
    said = lmcspec("run", "study.toml", "--store", str(finished), "--runner", "inline", "--no-tracking")
    assert said.code == 5
    assert re.search(r"\d+ tasks are blocked and left out: there is no .*nowhere", said.err)


def test_why_a_task_ran_is_told_after_it_has(place, lmcspec):
    changed = ("study.toml", "--set", "recipes.real.optimiser.lr=0.2")
    assert lmcspec("run", "study.toml", "--runner", "inline").code == 0
    assert "ran because never-run" in lmcspec("explain", "study.toml", "imp/s0/l1/mask").out
    assert lmcspec("run", *changed, "--runner", "inline").code == 0
    store = Store.open(".lmcspec")
    (task,) = [
        row["id"] for row in lmcspec("plan", *changed, "--format", "json").data["tasks"] if row["label"] == TRAIN
    ]
    with Ledger(ledger_path(store, default_uri(store))) as ledger:
        ledger.assign(f"task/tiny/{task}", "f" * 32)
    said = lmcspec("explain", "study.toml", TRAIN, *changed[1:])
    assert "ran because params-changed: recipe.optimiser.lr 0.1 -> 0.2" in said.out
    (run,) = re.findall(r"MLflow run ([0-9a-f]{32}), of the study tiny", said.out)
    data = lmcspec("explain", "study.toml", TRAIN, *changed[1:], "--format", "json").data
    assert data["mlflow_runs"] == {"tiny": run} and data["state"] == "reuse"
    by_id = lmcspec("explain", data["id"][:12]).out
    assert "ran because params-changed" in by_id and run in by_id
