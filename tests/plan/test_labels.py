"""Labels: every task of a plan has one by which it alone is meant, which says in words what tells it from others."""

import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.document import to_document
from lmcspec.plan.graph import Graph
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store, record_plan
from lmcspec.tasks.shuffle import Shuffle
from lmcspec_runners.inline import InlineRunner

STUDY = """
study = "labels"
dataset = "digits"
model = { name = "mlp", widths = [8] }
[recipes]
real = { length = "4ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
long = { extends = "real", length = "5ep" }
[networks]
imp = [{ rounds = 1, rewind = "1ep" }]
"""
PARTNERS = """
replicates = 2
partners = 2
permutations.wm = { method = "weights", network = "imp" }
"""


def labelled(measures: str, header: str = "") -> dict[str, str]:
    """The kind of each task by its label, of which there are as many as tasks."""
    plan = plan_of(f"{header}{STUDY}[measures]\n{measures}")
    assert {task.label: task.id for task in plan.tasks.values()}.items() <= plan.roles.items()
    labels = {task.label: task.kind for task in plan.tasks.values()}
    assert len(labels) == len(plan.tasks)
    return labels


def test_accuracies_by_two_recipes():
    labels = labelled('accuracy = { copies = 2 }\nlater = { kind = "accuracy", evaluate = "long", copies = 2 }')
    of_dense = {label.removeprefix("imp/s0/l0/") for label in labels if label.startswith("imp/s0/l0/")}
    assert {"train", "copy1", "train by long", "copy1 by long"} <= of_dense


def test_the_recipe_by_which_a_level_is_measured_goes_without_saying():
    """Its stage's `retrain`: then it is the training that ranks which says another."""
    text = STUDY.replace("rounds = 1,", 'rounds = 1, retrain = "long",')
    plan = plan_of(text + "[measures]\naccuracy = {}")
    lengths = {role: plan.tasks[plan.roles[f"imp/s0/l0/{role}"]].params.until for role in ("train", "train by real")}
    assert lengths["train"] > lengths["train by real"]


def test_two_ways_to_begin_a_dense_training():
    """Both networks rewind to the dense training of their own recipe, after as many updates."""
    more = 'other = [{ rounds = 1, rewind = "1ep", rewind_of = "dense", recipe = "long" }]\n'
    text = STUDY.replace('rewind = "1ep" }', 'rewind = "1ep", rewind_of = "dense" }')
    plan = plan_of(text + more + "[measures]\naccuracy = {}")
    dense = {role for role in plan.roles if role.startswith("dense/")}
    assert dense == {"dense/s0/l0/train until 23", "dense/s0/l0/train by long until 23"}


@pytest.mark.parametrize(
    ("measure", "settings"),
    [
        ("stability", "points = 5"),
        ("stability", 'evaluate = "long"'),
        ("distance", 'evaluate = "long"'),
        ("landscape", "grid = 5"),
        ("landscape", 'evaluate = "long"'),
    ],
)
def test_measures_of_one_kind(measure, settings):
    """The first one's tasks are called by what they are, whatever comes after it."""
    shared = 'levels = ["last"], at = ["rewind", "2ep"], copies = 3'
    alone = labelled(f"{measure} = {{ {shared} }}")
    both = labelled(f'{measure} = {{ {shared} }}\nmore = {{ kind = "{measure}", {shared}, {settings} }}')
    assert alone.items() < both.items()
    added = {label for label in both.keys() - alone.keys() if "more" in label}
    assert len(added) == len([kind for kind in alone.values() if kind in ("path", "distance", "landscape")])


def test_measures_of_two_kinds_that_walk_the_same_paths():
    text = 'connectivity = { levels = ["last"], under = ["none", "wm"] }\n'
    text += 'transitivity = { levels = ["last"], under = ["wm"], points = 5, lengths = [2] }\n'
    labels = labelled(text, PARTNERS)
    paths = {label.removeprefix("imp/s0/l1/path to s1 ") for label, kind in labels.items() if kind == "path"}
    assert paths == {"under none", "under wm", "under none of transitivity", "by 0-1 under wm"}


def test_a_measure_that_gives_two_tasks_one_place_has_them_told_apart_by_their_ids():
    """No built-in one does; a plug-in's may."""
    plan = plan_of(STUDY + "[measures]\naccuracy = {}")
    (mask,) = (task for task in plan.tasks.values() if task.kind == "prune")
    graph, place = Graph(measure="mine"), "imp/s0/l1/signs"
    params, inputs = Shuffle(mask.params.model), {"mask": mask.id}
    tasks = [graph.add("shuffle", params, inputs, {"draw": draw}, role=place) for draw in range(3)]
    last = f"{place} of mine {tasks[2][:10]}"
    assert graph.roles == dict(zip((place, f"{place} of mine", last), tasks, strict=True))
    assert [graph.tasks[task].label for task in tasks] == list(graph.roles)


def test_what_is_planned_already_has_not_changed_where_it_stands_elsewhere(tmp_path):
    """Measures that swap their places swap the labels of their tasks, and nothing else."""
    tasks = ('one = { kind = "stability", levels = [0], points = 5 }\n', 'two = { kind = "stability", levels = [0] }\n')
    store = Store.open(tmp_path / "store")
    before = plan_of(f"{TINY}{''.join(tasks)}")
    record_plan(store, before.study, to_document(before))
    view = outlook(plan_of(f"{TINY}{''.join(reversed(tasks))}"), store)
    assert {reason.code for reason in view.reasons.values()} == {"never-run"}
    assert execute(view, store, InlineRunner()).failed == ()
