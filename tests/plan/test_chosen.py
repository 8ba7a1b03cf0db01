"""Parts of a plan: by what they are for, how far they go, by kind and label, and what failed."""

from pathlib import Path

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.plan.chosen import Chosen, level_of, narrowed, wanted
from lmcspec.plan.diff import diff, needs
from lmcspec.plan.figures_chosen import figures_of
from lmcspec.plan.graph import beneath
from lmcspec.plan.outlook import outlook
from lmcspec.plan.reasons import Reason
from lmcspec.spec import load

STUDY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ data = "real", rounds = 3, rewind = { each = [0, "2it"] } }]
[measures]
accuracy = {}
stability = { levels = ["dense", "last"], points = 3, networks = ["imp[rewind=0]"] }
[figures]
sparse = { plot = "accuracy-vs-sparsity", networks = ["imp[rewind=2it]"] }
"""
)


@pytest.fixture(scope="module")
def plan():
    return plan_of(STUDY)


@pytest.fixture(scope="module")
def figures():
    return figures_of(load(Path("study.toml"), [], text=STUDY))


def tasks(targets):
    return {task for target in targets for task in (target.task, target.mask) if task}


def run(plan, figures, **chosen):
    asked = Chosen(**chosen)
    return set(outlook(plan, None, chosen=asked, figures=figures).diff.run)


def test_all_is_asked_for_where_nothing_is_said(plan, figures):
    assert wanted(plan, Chosen(), figures) is None
    assert run(plan, figures) == set(diff(plan, None).run)


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("stability", lambda target: target.measure == "stability"),
        ("imp", lambda target: target.network.startswith("imp[")),
        ("imp[rewind=0]", lambda target: target.network == "imp[rewind=0]"),
        ("sparse", lambda target: target.network == "imp[rewind=2it]" and target.measure == "accuracy"),
    ],
)
def test_targets_by_name_and_all_that_they_need(plan, figures, name, has):
    asked = tasks(target for target in plan.targets if has(target))
    assert wanted(plan, Chosen(targets=(name,)), figures) == asked
    going = outlook(plan, None, chosen=Chosen(targets=(name,)), figures=figures).diff
    assert {*going.run, *going.passing} >= asked
    assert {*going.run, *going.passing} <= beneath(plan.tasks, asked)


def test_a_task_by_its_label_and_several_at_once(plan, figures):
    label, task = next((role, task) for role, task in plan.roles.items() if role.endswith("l2/train"))
    assert wanted(plan, Chosen(targets=(label,)), figures) == {task}
    both = wanted(plan, Chosen(targets=(label, "dense")), figures)
    assert both == {task} | tasks(target for target in plan.targets if target.network == "dense")


def test_until_a_level_and_until_a_kind(plan, figures):
    assert wanted(plan, Chosen(until=("1",)), figures) == tasks(t for t in plan.targets if t.level <= 1)
    ran = run(plan, figures, until=("1",))
    assert max(level_of(plan.tasks[task].label) for task in ran) == 1
    everything = tasks(plan.targets)
    pruned = wanted(plan, Chosen(until=("prune",)), figures)
    assert pruned == {task for task in beneath(plan.tasks, everything) if plan.tasks[task].kind == "prune"}
    assert not any(plan.tasks[task].kind == "path" for task in run(plan, figures, until=("prune", "train")))
    both = run(plan, figures, until=("prune", "1"), targets=("imp",))
    assert {plan.tasks[task].kind for task in both} == {"train", "prune"}
    assert {level_of(plan.tasks[task].label) for task in both} == {0, 1}


def reference(plan, difference, kept):
    """Drop what is not kept, then again and again what needs something that is missing and dropped."""
    missing = {*difference.run, *difference.passing}
    going = [task for task in difference.run if task in kept]
    while True:
        made = {*going, *(byproduct for byproduct, host in difference.passing.items() if host in going)}
        fit = [
            task for task in going if all(need in made or need not in missing for need in needs(plan, difference, task))
        ]
        if fit == going:
            return set(going)
        going = fit


@pytest.mark.parametrize("glob", ["train", "prune", "dense/*", "*/s0/l[01]/*", "*"])
def test_only_is_what_can_run_of_what_matches(plan, figures, glob):
    from fnmatch import fnmatchcase

    difference = diff(plan, None)
    kept = {task for role, task in plan.roles.items() if fnmatchcase(role, glob)}
    kept |= {task.id for task in plan.tasks.values() if fnmatchcase(task.kind, glob)}
    kept |= {host for byproduct, host in difference.passing.items() if byproduct in kept}
    view = outlook(plan, None, chosen=Chosen(only=(glob,)), figures=figures)
    assert set(view.diff.run) == reference(plan, difference, kept)
    assert view.diff.left_out == {*difference.run, *difference.passing} - {*view.diff.run, *view.diff.passing}
    assert view.reasons.keys() == {*view.diff.run, *view.diff.passing}


def test_failed_is_what_failed_and_what_waits_for_it(plan):
    """At the beginning nothing else is stored, so that only what rests on nothing else can run."""
    difference = diff(plan, None)
    first = next(task for task in difference.run if not needs(plan, difference, task))
    reasons = {task: Reason("never-run") for task in plan.tasks} | {first: Reason("previous-failed")}
    rest = narrowed(plan, difference, reasons, Chosen(failed=True))
    waiting = {first}
    for task in difference.run:
        if any(difference.passing.get(need, need) in waiting for need in needs(plan, difference, task)):
            waiting.add(task)
    assert first in rest.run and set(rest.run) == reference(plan, difference, waiting)
    assert not narrowed(plan, difference, {}, Chosen(failed=True)).run


def test_ids_are_those_of_the_whole_plan(plan, figures):
    assert run(plan, figures, targets=("imp",), until=("1",), only=("train",)) < set(plan.tasks)


@pytest.mark.parametrize(
    ("chosen", "said", "help"),
    [
        (Chosen(targets=("stabilty",)), "no network, measure, figure or task", "did you mean stability?"),
        (Chosen(targets=("sparce",)), "no network, measure, figure or task", "did you mean sparse?"),
        (Chosen(until=("prunes",)), "no such kind of task", "did you mean prune?"),
        (Chosen(until=("1", "2")), "takes one level", "--until 2"),
        (Chosen(only=("trian",)), "no task of such a kind or label", "did you mean train?"),
    ],
)
def test_names_that_there_are_not(plan, figures, chosen, said, help):
    with pytest.raises(UsageError, match=said) as caught:
        outlook(plan, None, chosen=chosen, figures=figures)
    assert help in caught.value.help
