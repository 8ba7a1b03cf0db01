"""A split that would take all of a class out of training is an error of the plan, which says how far one can go."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.base.facts import DataFacts
from lmcspec.plan.facts import largest_holdout
from lmcspec.science.data import Selection, load
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.held_out import held_rows, most_aside

SPEC = """
study = "rare"
dataset = { name = "folder", root = "ROOT", SPLIT }
model = { name = "mlp", widths = [4] }
[recipes.real]
length = 1
batch = 4
optimiser = { name = "sgd", lr = 0.1 }
[networks]
dense = []
[measures]
accuracy = {}
"""


@pytest.fixture
def root(tmp_path):
    """Classes of 12, 12 and 3 images."""
    for split in ("train", "test"):
        for label, (name, count) in enumerate((("cat", 12), ("dog", 12), ("owl", 3))):
            (tmp_path / "images" / split / name).mkdir(parents=True)
            for number in range(count):
                image = np.full((2, 2, 3), 20 * label + number, dtype=np.uint8)
                Image.fromarray(image).save(tmp_path / "images" / split / name / f"{number:02}.png")
    return tmp_path / "images"


def plan(root, split):
    return plan_of(SPEC.replace("ROOT", str(root)).replace("SPLIT", f"split = {split}"))


DIGITS = SPEC.replace('"folder", root = "ROOT"', '"digits"')


def problem(root, split):
    return problem_of(SPEC.replace("ROOT", str(root)).replace("SPLIT", f"split = {split}"))


def problem_of(text, code="E437", place="dataset.split"):
    with pytest.raises(SpecError) as caught:
        plan_of(text)
    (found,) = caught.value.problems
    assert (found.code, found.path.rpartition(".")[0]) == (code, place)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_most_that_can_be_set_aside_is_said_and_can_be(root, seed):
    found = problem(root, f"{{ validation = 10, seed = {seed} }}")
    assert "the smallest has 3" in found.message
    most = int(re.search(r"set (\d+) aside at most", found.help)[1])
    assert 6 <= most <= 8
    assert plan(root, f"{{ validation = {most}, seed = {seed} }}")
    assert problem(root, f"{{ validation = {most + 1}, seed = {seed} }}")
    data = load("folder", root, select=Selection(validation=most, seed=seed))
    assert set(data.train.labels.tolist()) == {0, 1, 2}


def test_the_run_refuses_the_same(root):
    for select in (Selection(validation=10), Selection(train=2)):
        with pytest.raises(DataError):
            load("folder", root, select=select)


@pytest.mark.parametrize(("seed", "help"), [(0, "set 2 aside at most"), (20, "one training image only")])
def test_a_class_of_one_image_can_spare_none(root, seed, help):
    """Others can, as far as they are drawn before it."""
    for name in ("01.png", "02.png"):
        (root / "train" / "owl" / name).unlink()
    assert help in problem(root, f"{{ validation = 10, seed = {seed} }}").help


def test_training_on_fewer_images_than_classes_is_refused(root):
    assert problem(root, "{ train = 2 }").help == "train on 3 at least"
    assert plan(root, "{ train = 3 }")


def test_another_data_set_beside_the_study_is_held_to_the_same(root):
    text = SPEC.replace("SPLIT }", "}").replace("ROOT", str(root)).replace(", }", " }") + (
        f'[distilled]\nx = {{ dataset = {{ name = "folder", root = "{root}", split = {{ validation = 20 }} }} }}\n'
    )
    with pytest.raises(SpecError) as caught:
        plan_of(text)
    assert [one.code for one in caught.value.problems] == ["E437"]


@given(st.lists(st.integers(1, 6), min_size=2, max_size=6), st.integers(0, 99))
def test_what_sizes_alone_say_of_any_order_holds_in_this_one(sizes, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    facts = DataFacts("", len(labels), 0, len(sizes), (1, 2, 2), sizes=tuple(sizes))
    limit = largest_holdout(facts, "some", seed)
    assert limit is not None and limit.sure <= most_aside(labels, "some", seed) <= limit.most
    assert limit.most - limit.sure < len(sizes)


def test_sizes_of_built_in_sets_are_known_before_they_are_read():
    """Of digits the smallest class has 139 images, and no other has so few."""
    for split, key, help in (
        ("validation = 1420", "validation", "set 1,380 aside at most"),
        ("validation = 1390, train = 20", "validation", "set 1,380 aside at most"),
        ("validation = 1430", "validation", "set 1,380 aside at most"),
        ("validation = 1300, train = 9", "train", "train on 10 at least"),
    ):
        found = problem_of(DIGITS.replace("SPLIT", f"split = {{ {split} }}"))
        assert (found.path, found.help) == (f"dataset.split.{key}", help)
    assert plan_of(DIGITS.replace("SPLIT", "split = { validation = 1389 }"))
    data = load("digits", select=Selection(validation=1389))
    assert len(set(data.train.labels.tolist())) == 10
    mnist = DIGITS.replace('"digits"', '"mnist"').replace("SPLIT", "split = { validation = 54300 }")
    assert problem_of(mnist).help == "set 54,200 aside at most"


@pytest.mark.parametrize("seed", range(3))
def test_the_most_is_that_of_trying_every_number(seed):
    labels = np.repeat([0, 1, 2, 3], [5, 2, 9, 4])[np.random.default_rng(seed).permutation(20)]
    fits = [count for count in range(1, 20) if len(np.unique(labels[held_rows(labels, count, "some", seed)[0]])) == 4]
    assert most_aside(labels, "some", seed) == max(fits)
    assert fits == list(range(1, max(fits) + 1))


@pytest.mark.parametrize(
    ("ipc", "said"), [(139, ""), (140, "the smallest has 139"), (144, "there are 1,437 to train on")]
)
def test_a_set_takes_no_more_of_a_class_than_it_has(ipc, said):
    text = DIGITS.replace(", SPLIT", "") + f'[distilled]\nx = {{ method = "random-images", ipc = {ipc} }}\n'
    if not said:
        assert plan_of(text)
        return
    found = problem_of(text, "E426", "distilled.x")
    assert (found.path, found.help) == ("distilled.x.ipc", "ask for 139 at most")
    assert found.message.endswith(f"{ipc} of each class, and {said}")
