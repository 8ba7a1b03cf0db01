"""Sets that no task makes: counts and ids by what tensors say, and every refusal of a run as an error of the plan."""

import re

import pytest
import torch
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError

SPEC = (
    SEVEN_UPDATES
    + """
[distilled]
x = { load = "FILE", space = "raw" }
[networks]
dense = []
[measures]
x = { kind = "set-accuracy", set = "x", evaluate = "real" }
"""
)
RAW = 'dataset.space="raw"'


@pytest.fixture
def images():
    return torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    return torch.arange(60) % 10


def plan(path, *sets):
    return plan_of(SPEC.replace("FILE", str(path)), *sets)


def trained_on(found):
    (task,) = (task for task in found.tasks.values() if task.kind == "train")
    return task


def problem(path, *sets):
    with pytest.raises(SpecError) as caught:
        plan(path, *sets)
    (found,) = caught.value.problems
    assert found.help
    return found


def test_a_slice_plans_its_own_images_under_an_id_of_its_own(tmp_path, images, labels):
    path = tmp_path / "set.pt"
    ids = []
    for part in (slice(0, 20), slice(20, 40), slice(0, 40)):
        torch.save([images[part], labels[part]], path)
        found = plan(path)
        task = trained_on(found)
        assert found.images[task.params.train_on.digest] == len(labels[part])
        ids.append(task.id)
    assert len(set(ids)) == 3


def test_ids_are_those_of_the_values(tmp_path, images, labels):
    """In whichever form: views and copies, old files and new ones."""
    ids = set()
    for number, old in enumerate((True, False)):
        path = tmp_path / f"{number}.pt"
        torch.save([images[:20], labels[:20]], path, _use_new_zipfile_serialization=not old)
        ids.add(trained_on(plan(path)).id)
    torch.save([images[:20].clone(), labels[:20].clone()], tmp_path / "copy.pt")
    assert {trained_on(plan(tmp_path / "copy.pt")).id} == ids


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda x, y: [x, y + 1], "E404", "labels don't lie in 0 … 9"),
        (lambda x, y: [x.permute(0, 2, 3, 1), y], "E404", "shape (8, 8, 1)"),
        (lambda x, y: [x * 255, y], "E404", "pixels are 0 to 255: divide by 255"),
        (lambda x, y: {"x": x}, "E435", "is not a distilled set"),
        (lambda x, y: [torch.zeros(1).expand(2**40), y], "E435", "expanded"),
    ],
)
def test_what_the_run_would_refuse_is_a_problem_at_its_place(tmp_path, images, labels, change, code, message):
    torch.save(change(images, labels), tmp_path / "set.pt")
    found = problem(tmp_path / "set.pt")
    assert (found.code, found.path) == (code, "distilled.x.load")
    assert message in found.message


def test_images_per_class_are_counted(tmp_path, images, labels):
    torch.save([images, labels], tmp_path / "set.pt")
    assert plan(tmp_path / "set.pt", "distilled.x.ipc=6")
    found = problem(tmp_path / "set.pt", "distilled.x.ipc=10")
    assert (found.path, found.message) == (
        "distilled.x.ipc",
        "the distilled set 'x' has 60 images of 10 classes, not 10 of each",
    )


def test_a_set_without_some_classes_is_noted(tmp_path, images, labels):
    torch.save([images, labels % 8], tmp_path / "set.pt")
    (note,) = plan(tmp_path / "set.pt").notes
    assert note == "the distilled set 'x' has no images of 2 of 10 classes: `8`, `9`"


def test_a_learned_rate_is_asked_of_the_file_not_of_its_name(tmp_path, images, labels):
    from lmcspec.science.data.distilled.distilled_set import Distilled, save_distilled
    from lmcspec.science.data.spaces import Space

    path = tmp_path / "set.safetensors"
    learned = "recipes.real.learned_rate=true"
    save_distilled(path, Distilled(images, labels, Space()))
    assert problem(path, learned).code == "E422"
    save_distilled(path, Distilled(images, labels, Space(), rate=0.1))
    assert plan(path, learned)
    assert plan(tmp_path / "missing.safetensors", learned), "what a missing file holds is not known yet"


@pytest.mark.parametrize("study", ["raw", "standardised", "zca"])
@pytest.mark.parametrize("declared", ["raw", "standardised", "zca"])
@pytest.mark.parametrize("held", ["raw", "standardised", "zca"])
def test_the_help_leads_to_a_plan_in_one_step(tmp_path, study, declared, held):
    """Wherever one starts: what the one help says, written down, plans."""
    from lmcspec.catalog.datasets.digits import CARD, Digits
    from lmcspec.science.data.resident import enter
    from lmcspec.science.data.sets.digits import load
    from lmcspec.science.data.space import Space

    space = Space("standardised", CARD.mean or (), CARD.std or ()) if held == "standardised" else Space(held)
    split = enter(load(Digits()), space).train
    x, y = split.batch(torch.arange(100))
    torch.save([x, y], tmp_path / "set.pt")
    path = tmp_path / "set.pt"
    sets = [f'dataset.space="{study}"', f'distilled.x.space="{declared}"']
    if held == declared and held in ("raw", study):
        assert plan(path, *sets)
        return
    found = problem(path, *sets)
    advice = re.findall(r'((?:dataset|distilled\.x)\.space) = "(\w+)"', found.help)
    assert advice, found.help
    corrected = dict(one.split("=") for one in sets) | {key: f'"{value}"' for key, value in advice}
    assert plan(path, *(f"{key}={value}" for key, value in corrected.items()))


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((3, 1, *[2] * 8), "2 of each, but 3 of class 0 and 1 of class 1"),
        ((2,) * 10, None),
        ((4, 0, *[2] * 8), "4 of class 0 and 0 of class 1"),
    ],
)
def test_ipc_is_held_against_every_class(tmp_path, images, sizes, said):
    """The sum is twice the number of classes in all of these."""
    labels = torch.repeat_interleave(torch.arange(10), torch.tensor(sizes))
    torch.save([images[: len(labels)], labels], tmp_path / "set.pt")
    if said is None:
        assert plan(tmp_path / "set.pt", "distilled.x.ipc=2")
        return
    found = problem(tmp_path / "set.pt", "distilled.x.ipc=2")
    assert (found.code, found.path) == ("E404", "distilled.x.ipc")
    assert said in found.message
