"""Labels of two sources: matched by name where both have names, and said where only numbers are there."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.engine.execute import execute
from lmcspec.plan.class_names import OtherClasses, matched, taken_for
from lmcspec.plan.outlook import outlook
from lmcspec.science.data.distilled.distilled_set import Distilled, read_own, save_distilled
from lmcspec.science.data.spaces import Space
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

NUMBERS = tuple(str(number) for number in range(12))
SORTED = tuple(sorted(NUMBERS))
COUNTED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
WORDS = tuple(sorted(COUNTED))

SPEC = """
study = "names"
dataset = { name = "folder", root = "STUDY", space = "raw" }
model = { name = "mlp", widths = [64] }
[recipes.real]
length = "60ep"
batch = 12
optimiser = { name = "sgd", lr = 0.5 }
[distilled]
x = SET
[networks]
dense = []
[measures]
x = { kind = "set-accuracy", set = "x", evaluate = "real" }
"""


def shown(name):
    return (NUMBERS + COUNTED).index(name) % 12


def folder(root, names, each=2):
    """Images of 4x4 pixels; which class one shows is seen by its brightest pixel."""
    for split in ("train", "test"):
        for name in names:
            (root / split / name).mkdir(parents=True)
            for number in range(each):
                image = np.zeros((16, 3), dtype=np.uint8)
                image[shown(name)] = 255 - number
                Image.fromarray(image.reshape(4, 4, 3)).save(root / split / name / f"{number}.png")
    return root


def set_file(path, names, labelled=None):
    """A set that shows classes in the order of `names`, one image of each; it knows the names unless told others."""
    images = torch.zeros(12, 3, 16)
    for label, name in enumerate(names):
        images[label, :, shown(name)] = 1
    known = names if labelled is None else labelled
    save_distilled(path, Distilled(images.view(12, 3, 4, 4), torch.arange(12), Space(), names=known))
    return f'{{ load = "{path}", space = "raw" }}'


def plan(study, entry, *sets):
    return plan_of(SPEC.replace("STUDY", str(study)).replace("SET", entry), *sets)


def accuracy(found, tmp_path):
    store = Store.open(tmp_path / "store")
    assert not execute(outlook(found, store), store, InlineRunner()).failed
    (task,) = (task for task in found.tasks.values() if task.kind == "train")
    stored = store.find(task.id)
    assert stored is not None
    return 1 - stored.scalars["test_error"]


@given(st.permutations(range(7)), st.permutations(range(7)))
def test_matched_labels_have_equal_names(one, other):
    theirs, ours = (tuple(f"class {number}" for number in order) for order in (one, other))
    labels = matched(theirs, ours) or tuple(range(7))
    assert [ours[label] for label in labels] == list(theirs)


@pytest.mark.parametrize(("theirs", "ours"), [(WORDS, SORTED), (SORTED[:3], SORTED), (("a", "b"), ("a", "c"))])
def test_other_names_are_no_match(theirs, ours):
    with pytest.raises(OtherClasses, match=r"its classes are `.*the study's `"):
        matched(theirs, ours)


@pytest.mark.parametrize(
    ("theirs", "ours", "message"),
    [
        (("ant", "ant", "ant"), ("ant", "bee", "cat"), "3 of its classes are called `ant`"),
        (("ant", "bee", "bee"), ("ant", "bee", "cat"), "two of its classes are called `bee`"),
        (("ant", "bee", "cat"), ("ant", "bee", "bee"), "two of the study's classes are called `bee`"),
        (("ant", "bee"), ("ant", "bee", "cat"), "the study's `cat`"),
        (("ant", "bee", "cat", "dog"), ("ant", "bee", "cat"), "its classes are `dog`"),
    ],
)
def test_names_that_are_not_one_to_one_are_no_match(theirs, ours, message):
    with pytest.raises(OtherClasses, match=message):
        matched(theirs, ours)


def test_a_class_without_images_is_named_by_what_its_label_means(tmp_path):
    """In a set that is matched by names its labels are its own; by numbers they are the study's."""
    study, path = folder(tmp_path / "numbers", NUMBERS), tmp_path / "few.safetensors"
    images = torch.rand(11, 3, 4, 4)
    save_distilled(path, Distilled(images, torch.arange(11), Space(), names=NUMBERS))
    assert SORTED[11] == "9" and NUMBERS[11] == "11"
    entry = f'{{ load = "{path}", space = "raw" }}'
    (named,) = plan(study, entry).notes
    assert named == "the distilled set 'x' has no images of 1 of 12 classes: `11`"
    numbered, _ = plan(study, entry, 'distilled.x.match="numbers"').notes
    assert numbered == "the distilled set 'x' has no images of 1 of 12 classes: `9`"


def test_what_numbers_are_taken_for():
    assert taken_for((), tuple("0123")) == taken_for((), ()) == ""
    assert taken_for((), SORTED) == "2 for `10`, 3 for `11`, 4 for `2`, 5 for `3`, … (12 classes)"
    assert taken_for(("cat", "dog"), ()) == "0 for `cat`, 1 for `dog`"
    assert taken_for(("cat", "dog"), ("a", "b")) == "`cat` for `a`, `dog` for `b`"


def test_a_set_of_other_names_is_refused_unless_numbers_are_meant(tmp_path):
    study = folder(tmp_path / "numbers", NUMBERS)
    entry = set_file(tmp_path / "set.safetensors", WORDS)
    with pytest.raises(SpecError) as caught:
        plan(study, entry)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("E436", "distilled.x.load")
    assert "`eight`, `eleven`, `five`, `four`, …, the study's `0`, `1`, `10`, `11`" in problem.message
    assert 'match = "numbers"' in problem.help
    (note,) = plan(study, entry, 'distilled.x.match="numbers"').notes
    assert note.endswith(
        "matched by number: `eight` for `0`, `eleven` for `1`, `five` for `10`, `four` for `11`, … (12 classes)"
    )


def test_equal_names_in_another_order_are_learned_as_what_they_show(tmp_path):
    study = folder(tmp_path / "numbers", NUMBERS)
    sorted_, natural = set_file(tmp_path / "a.safetensors", SORTED), set_file(tmp_path / "b.safetensors", NUMBERS)
    found = plan(study, natural)
    assert found.notes == ()
    assert accuracy(found, tmp_path) == 1
    assert accuracy(plan(study, sorted_), tmp_path) == 1


def test_a_set_of_numbers_alone_says_what_each_is_taken_for(tmp_path):
    study = folder(tmp_path / "numbers", NUMBERS)
    entry = set_file(tmp_path / "set.safetensors", NUMBERS, labelled=())
    (note,) = plan(study, entry).notes
    assert note == (
        "labels of the distilled set 'x' are matched by number: "
        "2 for `10`, 3 for `11`, 4 for `2`, 5 for `3`, … (12 classes)"
    )
    assert plan(folder(tmp_path / "few", NUMBERS[:10]), set_ten(tmp_path)).notes == ()


def set_ten(tmp_path):
    path = tmp_path / "ten.pt"
    torch.save([torch.rand(10, 3, 4, 4), torch.arange(10)], path)
    return f'{{ load = "{path}", space = "raw" }}'


def test_other_data_sets_are_matched_alike(tmp_path):
    study, words = folder(tmp_path / "numbers", NUMBERS), folder(tmp_path / "words", WORDS)
    entry = f'{{ dataset = {{ name = "folder", root = "{words}" }} }}'
    with pytest.raises(SpecError) as caught:
        plan(study, entry)
    assert [one.code for one in caught.value.problems] == ["E436"]
    (note,) = plan(study, entry, 'distilled.x.match="numbers"').notes
    assert "`eight` for `0`" in note
    again = folder(tmp_path / "again", NUMBERS, each=1)
    found = plan(study, f'{{ dataset = {{ name = "folder", root = "{again}" }} }}')
    assert found.notes == ()
    assert accuracy(found, tmp_path) == 1


def test_a_distilled_set_carries_the_names_of_its_classes_out(tmp_path, monkeypatch, capsys):
    from lmcspec.cli import main

    root = folder(tmp_path / "words", WORDS)
    monkeypatch.chdir(tmp_path)
    text = SPEC.replace("STUDY", str(root)).replace("SET", '{ method = "random-images", ipc = 1 }')
    (tmp_path / "study.toml").write_text(text)
    for command in (
        ["run", "study.toml", "--runner", "inline"],
        ["export", "study.toml", "x", "x.safetensors"],
        ["export", "study.toml", "x", "x.pt", "--format", "json"],
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(command)
        assert not stopped.value.code
    assert read_own(tmp_path / "x.safetensors", 12, (3, 4, 4)).names == WORDS
    notes = json.loads(capsys.readouterr().out)["data"]["notes"]
    assert any("no place for the names" in note for note in notes)
