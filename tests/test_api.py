"""lmcspec from Python: the same plan, the same results as the commands."""

import inspect
import pydoc
import subprocess
import sys
import types
from dataclasses import replace

import pytest
from specs_for_tests import STABILITY

import lmcspec
import lmcspec.api
from lmcspec.api import RunFailedError
from lmcspec.base.errors import SpecError, UsageError
from lmcspec.cli.run import run
from lmcspec.running import Options
from lmcspec.store import Store, invocations, last_plan


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STABILITY)
    return path


def test_load_plan_run_and_a_frame(spec, tmp_path):
    study = lmcspec.load(spec)
    plan = study.plan(tmp_path / "store")
    assert not (tmp_path / "store").exists(), "planning writes nothing"
    assert "7 to run" in str(plan) and "never-run" in plan._repr_html_()
    assert {row.outcome for row in plan.results().rows} == {"missing"}
    results = plan.run(runner="inline", track=False, progress=False)
    frame = results.frame()
    accuracy = frame[(frame.measure == "accuracy") & (frame.metric == "test/accuracy")]
    assert sorted(zip(accuracy.network, accuracy.level, strict=True)) == [("dense", 0), ("imp", 0), ("imp", 1)]
    assert accuracy.value.between(0, 1).all() and (frame.outcome == "ok").all()
    assert "accuracy %" in str(results) and "<pre" in results._repr_html_()
    again = lmcspec.load(spec).plan(tmp_path / "store")
    assert again.outlook.diff.nothing_to_do
    assert again.run(track=False).rows == results.rows


def test_a_plan_that_was_looked_at_before_it_ran_knows_its_results_afterwards(spec, tmp_path):
    plan = lmcspec.load(spec).plan(tmp_path / "store")
    assert "(empty)" in str(plan) and plan.outlook.diff.run
    plan.run(runner="inline", track=False, progress=False)
    assert plan.outlook.diff.nothing_to_do
    assert "Nothing to do" in str(plan) and "(empty)" not in plan._repr_html_()


def test_it_is_the_plan_with_the_shapes_that_were_taken_first_that_runs(spec, tmp_path):
    spec.write_text(STABILITY.replace("rounds = 1", "rounds = 1, exclude = ['classifier']"))
    plan = lmcspec.load(spec).plan(tmp_path / "store")
    assert [level.prunable for level in plan.graph.levels["", "imp"]] == [None, None]
    results = plan.run(runner="inline", track=False, progress=False, until=["prune"])
    store = Store.open(tmp_path / "store")
    [recorded] = [of["levels"] for of in last_plan(store, "tiny")["levels"] if of["network"] == "imp"]
    assert None not in [level["prunable"] for level in recorded]
    assert None not in [level.prunable for level in results.graph.levels["", "imp"]]


def test_the_options_of_a_run_are_told_once():
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(lmcspec.api.Plan.run).parameters.items()
    }
    assert Options()._asdict() == {name: defaults[name] for name in Options._fields}


@pytest.mark.parametrize(
    ("sets", "typed"), [([], "'specs/study.toml'"), (["replicates=2"], "'specs/study.toml', ['replicates=2']")]
)
def test_what_was_typed_is_recorded_as_it_can_be_typed_again(spec, tmp_path, monkeypatch, sets, typed):
    (tmp_path / "specs").mkdir()
    spec.rename(tmp_path / "specs" / "study.toml")
    monkeypatch.chdir(tmp_path)
    lmcspec.load("specs/study.toml", sets).plan().run(runner="inline", track=False, progress=False, until=["prune"])
    [invocation] = invocations(Store.open(lmcspec.api.STORE))
    assert invocation.origin["command"] == f"lmcspec.load({typed}).plan().run()"


def test_a_store_that_is_trusted_is_not_compared_with_its_digests(spec, tmp_path):
    plan = lmcspec.load(spec).plan(tmp_path / "store")
    plan.run(runner="inline", track=False, progress=False)
    for commit in (tmp_path / "store" / "objects").glob("*/*/COMMIT"):
        commit.write_text(commit.read_text().replace('"seconds": ', '"seconds": 1'))
    trusting = lmcspec.load(spec).plan(tmp_path / "store", trust_store=True)
    assert {row.outcome for row in trusting.results().rows} == {"ok"}
    assert {row.outcome for row in lmcspec.load(spec).plan(tmp_path / "store").results().rows} == {"missing"}


def test_what_there_is_shows_itself(spec, tmp_path):
    assert set(dir(lmcspec)) == set(lmcspec.__all__) >= {"load", "Study", "Plan", "Results", "RunFailedError"}
    for name in lmcspec.__all__:
        assert getattr(lmcspec, name) is not None and (name == "__version__" or getattr(lmcspec, name).__doc__)
    page = pydoc.plain(pydoc.render_doc(lmcspec))
    assert "load(path" in page and "class Results" in page


def test_it_is_short_in_a_notebook_and_stands_there_once(spec, tmp_path, monkeypatch):
    study = lmcspec.load(spec)
    plan = study.plan(tmp_path / "store")
    assert repr(study) == f"<Study {study.name}>" and repr(plan) == (
        f"<Plan {study.name}: {len(plan.graph.tasks)} tasks, store {tmp_path / 'store'}>"
    )
    results = plan.results()
    assert repr(results) == f"<Results {study.name}: {len(results.rows)} numbers, {len(results.rows)} missing>"
    shown = []
    ipython, display = types.SimpleNamespace(), types.SimpleNamespace()
    display.display = lambda *given, **_: shown.append(given)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    for thing in (plan, results):
        assert thing._repr_html_().count("<pre") == 1 and str(thing)
    assert not shown, "and a console of rich's own would have shown it beside"


def test_overrides_and_errors(spec, tmp_path):
    assert lmcspec.load(spec, ["replicates=2"]).cases[""].replicates == 2
    with pytest.raises(SpecError, match="batsh"):
        lmcspec.load(spec, ["recipes.real.batsh=2"])
    with pytest.raises(AttributeError, match="lod"):
        lmcspec.lod  # noqa: B018


def test_a_failed_task_is_an_error_that_carries_the_results(spec, tmp_path, monkeypatch):
    from lmcspec.tasks import path

    def fail(*_):
        raise ValueError("made to fail")

    monkeypatch.setattr(path, "KIND", replace(path.KIND, run=fail))
    plan = lmcspec.load(spec).plan(tmp_path / "store")
    with pytest.raises(RunFailedError, match="tasks failed") as failed:
        plan.run(runner="inline", track=False, progress=False)
    assert {row.outcome for row in failed.value.results.rows} == {"ok", "missing"}


def test_importing_it_costs_nothing():
    code = (
        "import sys, lmcspec; assert 'lmcspec.api' not in sys.modules and 'pydantic' not in sys.modules; lmcspec.load"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_run_takes_the_options_of_the_command():
    ours = set(inspect.signature(lmcspec.api.Plan.run).parameters) - {"self"}
    theirs = set(inspect.signature(run).parameters) - {"context"}
    of_the_plan = {"specs", "sets", "store", "trust", "max_tasks"}
    assert of_the_plan <= theirs
    assert ours == theirs - of_the_plan - {"format", "no_tracking"} | {"track", "progress"}


def attempts(store):
    """Task -> the attempt that made what there is of it."""
    results = {task: store.find(task) for task in store.ids()}
    return {task: stored.record["attempt"] for task, stored in results.items() if stored is not None}


def test_a_part_of_a_plan_and_what_is_made_again(spec, tmp_path):
    quietly = {"runner": "inline", "track": False, "progress": False}
    plan = lmcspec.load(spec).plan(tmp_path / "store")
    plan.run(until=["prune"], **quietly)
    store = Store.open(tmp_path / "store")
    kinds = {plan.graph.tasks[task].kind for task in store.ids()}
    assert kinds >= {"train", "prune"} and not kinds & {"path"}
    plan.run(until=[0], only=["*dense*"], **quietly)
    everything = lmcspec.load(spec).plan(tmp_path / "store")
    assert everything.outlook.diff.run
    everything.run(**quietly)
    before = attempts(store)
    label, made = next((task.label, task.id) for task in plan.graph.tasks.values() if task.kind == "path")
    everything.run(force=[label], **quietly)
    after = attempts(Store.open(tmp_path / "store"))
    changed = {task for task in before if before[task] != after[task]}
    inputs = {source for _, source in plan.graph.tasks[made].inputs}
    assert made in changed <= {made, *inputs}, "inputs that were used are made for it anew"


def test_objects_come_and_go_by_a_url(spec, tmp_path):
    quietly = {"runner": "inline", "track": False, "progress": False, "objects": f"file://{tmp_path}/url"}
    first = lmcspec.load(spec).plan(tmp_path / "store").run(**quietly)
    other = lmcspec.load(spec).plan(tmp_path / "other")
    assert other.run(**quietly).rows == first.rows
    made = Store.open(tmp_path / "store").ids()
    assert attempts(Store.open(tmp_path / "other")).keys() >= set(made)
    assert not list((tmp_path / "other").glob("invocations/*")), "there was nothing to do"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"runner": "locl"}, "local"),
        ({"address": "auto"}, "takes no --address"),
        ({"runner": "inline", "devices": "cpu"}, "takes no --devices"),
        ({"devices": "gpu gpu"}, "names no device"),
        ({"targets": ["impp"]}, "impp"),
        ({"force": ["nothing"]}, "no such task"),
        ({"require_tracking": True}, "track=False and require_tracking=True"),
    ],
)
def test_options_that_make_no_sense(spec, tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        lmcspec.load(spec).plan(tmp_path / "store").run(track=False, progress=False, **options)


def test_two_networks_are_compared_in_a_frame(spec, tmp_path):
    plan = lmcspec.load(spec, ["replicates=2"]).plan(tmp_path / "store")
    results = plan.run(runner="inline", track=False, progress=False)
    frame = results.compare("dense", "imp", measures=["accuracy"])
    assert list(zip(frame.level_a, frame.level_b, frame.verdict, strict=True)) == [(0, 0, "same results")]
    rows = results.frame()
    dense = rows[(rows.network == "dense") & (rows.metric == "test/accuracy")]
    assert frame.mean_b[0] == pytest.approx(dense.value.mean())
    with pytest.raises(UsageError, match="no network, family or case 'ipm'"):
        results.compare("dense", "ipm")
