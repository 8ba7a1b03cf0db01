"""Masks from one data set used on another: what is trained on which images, and that they are those images."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.engine.execute import execute
from lmcspec.plan import counts
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

SPEC = """
study = "others"
dataset = { name = "digits", split = { train = 400 } }
model = { name = "mlp", widths = [8] }
[recipes.real]
length = "2ep"
batch = 50
optimiser = { name = "sgd", lr = 0.1 }
augment = { flip = true, jitter = 0.2 }
[distilled]
far = { dataset = FAR }
[networks]
imp = [{ rounds = 2 }]
far = [{ data = "far", recipe = "real", rounds = 2 }]
snip = [{ data = "far", recipe = "real", rounds = 1, criterion = { name = "snip", per_class = 5 } }]
[measures]
accuracy = {}
"""
OTHERS = '{ name = "digits", split = { train = 300, seed = 4 } }'
SAME = '{ name = "digits", split = { train = 400 } }'


def plan(far=OTHERS):
    return plan_of(SPEC.replace("FAR", far))


def test_ranking_is_on_the_other_images_and_measuring_on_the_studys():
    found = plan()
    ranked = [task for task in found.tasks.values() if task.kind == "train" and task.params.train_on is not None]
    assert [task.label for task in ranked] == ["far/s0/l0/train on far by real", "far/s0/l1/train on far by real"]
    assert {task.params.until for task in ranked} == {2 * 300 // 50}, "epochs are those of the other images"
    measured = [found.tasks[one.task] for one in found.targets]
    assert all(task.params.train_on is None and task.params.until == 2 * 400 // 50 for task in measured)
    assert "train distilled" not in counts(found), "they are real"
    (snip,) = (task for task in found.tasks.values() if task.kind == "prune" and task.params.data is not None)
    assert snip.params.train_on == ranked[0].params.train_on


def test_a_short_form_and_a_set_above_one_of_another_sort():
    assert plan('"digits"').images.values()
    text = SPEC.replace(
        "far = { dataset = FAR }", 'two = { method = "dm", ipc = 1 }\nfar = { extends = "two", dataset = FAR }'
    )
    found = plan_of(text.replace("FAR", OTHERS))
    assert not [task for task in found.tasks.values() if task.kind == "distill"]


def test_missing_images_block_only_what_needs_them(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)
    text = SPEC.replace("FAR", '{ name = "mnist", resize = 8 }')
    found = plan_of(text)
    blocked = {found.tasks[task].label for task in outlook(found, None).diff.blocked}
    assert "far/s0/l0/train on far by real" in blocked and "far/s0/l1/mask" in blocked
    assert not any(label.startswith("imp/") for label in blocked)


def test_images_of_another_kind_are_refused():
    with pytest.raises(SpecError, match="10 classes of 1x9x9, the study's has 10 classes of 1x8x8"):
        plan('{ name = "digits", resize = 9 }')
    with pytest.raises(SpecError, match="images are to be trained on"):
        plan('{ name = "digits", split = { train = 90000 } }')


def test_the_studys_own_images_by_another_name_train_alike(tmp_path):
    """Bitwise: the same images, in the same order, under the same augmentation, in the same space."""
    found, store = plan(SAME), Store.open(tmp_path / "store")
    assert not execute(outlook(found, store), store, InlineRunner()).failed
    states = {
        task.label: store.find(task.id).out / "state.safetensors"
        for task in found.tasks.values()
        if task.kind == "train"
    }
    own, other = states["imp/s0/l0/train"], states["far/s0/l0/train on far by real"]
    assert own.read_bytes() == other.read_bytes()
    masks = {task.label: store.find(task.id).digest for task in found.tasks.values() if task.kind == "prune"}
    assert masks["imp/s0/l1/mask"] == masks["far/s0/l1/mask"]


def test_other_images_train_otherwise(tmp_path):
    found, store = plan(), Store.open(tmp_path / "store")
    assert not execute(outlook(found, store), store, InlineRunner()).failed
    by_label = {task.label: store.find(task.id) for task in found.tasks.values()}
    assert by_label["imp/s0/l1/mask"].digest != by_label["far/s0/l1/mask"].digest
