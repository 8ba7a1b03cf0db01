"""Several studies as one plan and one run: shared tasks once, results as those of each alone, journals by study."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.engine import events
from lmcspec.engine.devices import CPU
from lmcspec.engine.execute import Origin, execute, job_of
from lmcspec.engine.of_study import of_study
from lmcspec.engine.planned import PlannedTask
from lmcspec.plan.chosen import Chosen
from lmcspec.plan.diff import needs
from lmcspec.plan.document import payload
from lmcspec.plan.figures_chosen import figures_of
from lmcspec.plan.outlook import outlook
from lmcspec.plan.reasons import Change
from lmcspec.plan.together import figures_together, together
from lmcspec.spec import load
from lmcspec.store import Store, invocations, last_plan
from lmcspec_runners.inline import InlineRunner

SHORT = (
    SEVEN_UPDATES
    + """
[networks]
imp = [{ data = "real", rounds = 1, rewind = "2it" }]
[measures]
accuracy = {}
[figures]
sparse = { plot = "accuracy-vs-sparsity" }
"""
)
COPIES = (
    SHORT.replace('"tiny"', '"copies"')
    + """
[measures.stability]
at = ["2it", "4it"]
levels = ["dense"]
points = 3
"""
)
DENSE = SEVEN_UPDATES + "[networks]\ndense = []\n[measures]\naccuracy = {}\n"
LONGER = SHORT.replace('"tiny"', '"longer"').replace("rounds = 1", "rounds = 2")
OTHER = SHORT.replace('"tiny"', '"other"').replace('rewind = "2it"', 'rewind = "3it"')
SPECS = {"tiny": SHORT, "copies": COPIES, "longer": LONGER, "other": OTHER}


def plans(*names):
    return [plan_of(SPECS[name]) for name in names]


def test_one_study_is_its_own_plan():
    plan = plan_of(SHORT)
    assert together([plan]) is plan and plan.each == (plan,) and plan.owner(next(iter(plan.tasks))) is plan


@given(st.lists(st.sampled_from(sorted(SPECS)), min_size=2, max_size=4, unique=True))
def test_it_has_each_task_once_in_order_for_the_first_study_that_has_it(names):
    several = plans(*names)
    whole = together(several)
    assert set(whole.tasks) == set().union(*(plan.tasks for plan in several))
    seen = set()
    for identifier, task in whole.tasks.items():
        assert all(source in seen for _, source in task.inputs)
        seen.add(identifier)
        owner = next(plan for plan in several if identifier in plan.tasks)
        assert whole.owner(identifier) is owner
        assert task.label == f"{owner.study}/{owner.tasks[identifier].label}"
        always = any(identifier in plan.tasks and plan.tasks[identifier].keep == "always" for plan in several)
        assert task.keep == ("always" if always else "until-used")
    assert len({target.key for target in whole.targets}) == sum(len(plan.targets) for plan in several)
    assert whole.roles.keys() == {f"{plan.study}/{role}" for plan in several for role in plan.roles}


def test_a_branch_of_which_two_studies_need_another_end_is_trained_once():
    """What one study needs a network's beginning for is a state on the way of the other's training."""
    stability = 'stability = { at = ["2it"], levels = ["dense"], points = 3 }'
    several = [plan_of(DENSE.replace("accuracy = {}", stability).replace('"tiny"', '"brief"')), plan_of(DENSE)]
    beginning = next(task for task in outlook(several[0], None).diff.run if several[0].tasks[task].params.until == 2)
    (whole_training,) = outlook(several[1], None).diff.run
    whole = together(several)
    view = outlook(whole, None)
    assert view.diff.passing[beginning] == whole_training and beginning not in view.diff.run
    made = {*view.diff.run, *view.diff.passing}
    assert all(source in made for task in view.diff.run for source in needs(whole, view.diff, task))
    assert job_of(view).tasks[whole_training].study == "tiny"


def test_work_is_for_the_study_under_its_own_label():
    whole = together(plans("tiny", "longer"))
    for identifier in whole.tasks:
        record = payload(whole, identifier)["record"]
        owner = whole.owner(identifier)
        assert (record["study"], record["label"]) == (owner.study, owner.tasks[identifier].label)
    tasks = job_of(outlook(whole, None)).tasks.values()
    assert {task.study for task in tasks} == {"tiny", "longer"}


def test_what_cannot_run_together_is_refused():
    with pytest.raises(UsageError, match="2 of these are the study tiny"):
        together(plans("tiny", "tiny"))
    skipping = plan_of(SPECS["other"].replace("dataset", 'on_collapse = "skip"\ndataset', 1))
    with pytest.raises(UsageError, match="tiny says go-on, other says skip"):
        together([plan_of(SHORT), skipping])


def test_parts_are_chosen_over_all_studies():
    several = plans("tiny", "other")
    whole = together(several)
    figures = [figures_of(load(Path("study.toml"), [], text=SPECS[name])) for name in ("tiny", "other")]

    def run(**chosen):
        named = figures_together(whole, figures)
        return {
            whole.tasks[task].label for task in outlook(whole, None, chosen=Chosen(**chosen), figures=named).diff.run
        }

    passed = {whole.tasks[task].label for task in outlook(whole, None).diff.passing}
    assert {label.partition("/")[0] for label in run(targets=("sparse",))} == {"tiny", "other"}
    assert run(only=("other/*",)) == {whole.tasks[task].label for task in several[1].tasks} - passed
    assert run(targets=("other",))  # a study stands where a case does
    with pytest.raises(UsageError) as refused:
        run(targets=("sparce",))
    assert "did you mean sparse" in refused.value.help


def contents(store, plan):
    """Every result by id: its outcome and numbers."""
    return {task: (found.outcome, found.scalars) for task in plan.tasks if (found := store.find(task))}


def test_a_run_of_several_has_the_results_of_each_alone(tmp_path):
    several = plans("tiny", "copies", "longer")
    whole = together(several)
    shared = Store.open(tmp_path / "together")
    origins = {plan.study: Origin({"": {}}) for plan in several}
    summary = execute(outlook(whole, shared), shared, InlineRunner(), origins=origins)
    assert not summary.failed and not summary.left
    for plan in several:
        alone = Store.open(tmp_path / plan.study)
        assert not execute(outlook(plan, alone), alone, InlineRunner()).failed
        ours, theirs = contents(shared, plan), contents(alone, plan)
        assert {task: ours[task] for task in theirs} == theirs
        assert outlook(plan, shared, checked=True).diff.nothing_to_do
        assert last_plan(shared, plan.study) == last_plan(alone, plan.study)
    journals = {invocation.study: invocation for invocation in invocations(shared)}
    assert journals.keys() == {"tiny", "copies", "longer"}
    counted = {}
    for study, invocation in journals.items():
        lines = [event for _, event in invocation.events(0)]
        told = [event["task"] for event in lines if event["event"] == "finished" and not event["reused"]]
        assert all(whole.owner(task).study == study for task in told)
        assert lines[0]["tasks"] == len(told) == lines[-1]["done"]
        counted[study] = len(told)
        assert all(event["task"] in whole.owner(event["task"]).tasks for event in lines if "task" in event)
    assert sum(counted.values()) == len(summary.done)


def test_what_another_study_did_is_reused_and_a_failure_of_its_own_is_not_told():
    several = plans("tiny", "longer")
    whole = together(several)
    shared = next(task for task in several[0].tasks if task in several[1].tasks)
    of_second = next(task for task in several[1].tasks if task not in several[0].tasks)
    planned = {name: PlannedTask(id=name, kind="train", label=name) for name in (shared, of_second)}
    heard = []
    listener = of_study(several[1], whole, heard.append)
    listener(events.RunStarted(0.0, tuple(planned.values()), (CPU,) * 2))
    listener(events.Started(1.0, planned[shared], 0, 1))
    listener(events.Failed(1.5, planned[shared], "crash", "it broke", "", ()))
    listener(events.Finished(2.0, planned[shared], 0, 1.0, "ok", False, {}))
    listener(events.Started(2.0, planned[of_second], 0, 1))
    listener(events.Finished(3.0, planned[of_second], 0, 1.0, "ok", False, {}))
    listener(events.RunEnded(4.0, done=2, failed=1, skipped=0, interrupted=0, reused=0, seconds=4.0))
    assert [type(event).__name__ for event in heard] == ["RunStarted", "Finished", "Started", "Finished", "RunEnded"]
    assert heard[0].tasks == (planned[of_second],)
    assert heard[1].reused and not heard[3].reused
    assert (heard[-1].done, heard[-1].failed, heard[-1].reused) == (1, 0, 1)


def test_why_a_task_runs_is_said_by_the_study_that_it_is_for(tmp_path):
    several = plans("tiny", "other")
    store = Store.open(tmp_path)
    execute(outlook(together(several), store), store, InlineRunner())
    faster = [plan_of(SPECS[name], "recipes.real.optimiser.lr=0.3") for name in ("tiny", "other")]
    view = outlook(together(faster), store)
    assert view.diff.run and {reason.code for reason in view.reasons.values()} <= {"params-changed", "input-changed"}
    changes = {change for reason in view.reasons.values() for change in reason.changes}
    assert any(isinstance(change, Change) and change.new == 0.3 for change in changes)
