"""At what size networks see images, where the images lie, and what a study of ImageNet plans without having it."""

import numpy as np
import pytest
from PIL import Image
from specs_for_tests import TINY, plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.science.data import mapped
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

PARTS = "recipes.real.augment={flip=true,random_resized_crop={size=6,scale=[0.1,1],ratio=[0.8,1.25]}}"
IMAGENET = """
study = "imagenet"
dataset = "imagenet"
model = { name = "convnet", depth = 2, width = 4 }
[recipes]
real = "frankle/resnet50-imagenet"
[networks]
dense = []
[measures]
accuracy = {}
"""


def train_of(*sets, text=TINY):
    plan = plan_of(text, *sets)
    return plan, plan.tasks[plan.roles["dense/s0/l0/train"]]


def test_a_crop_is_the_models_shape_and_part_of_the_data():
    plan, task = train_of("dataset.crop=6", PARTS)
    assert task.params.model.value["shape"] == [1, 6, 6]
    assert task.params.data.value["crop"] == 6
    assert plan.facts[task.params.data.digest].shape == (1, 6, 6)
    assert task.params.recipe.value["augment"] == {
        "flip": True,
        "crop": 0,
        "random_resized_crop": {"size": 6, "scale": [0.1, 1.0], "ratio": [0.8, 1.25]},
    }


def test_parts_have_torchvisions_defaults():
    (one, _), (other, _) = (
        train_of("dataset.crop=6", f"recipes.real.augment={{random_resized_crop={{size=6{more}}}}}")
        for more in ("", ",scale=[0.08,1.0],ratio=[0.75,1.3333333333333333]")
    )
    assert set(one.tasks) == set(other.tasks)


def test_where_images_lie_enters_no_id_and_reaches_the_worker():
    plain, task = train_of()
    assert "resident" not in plain.neutral[task.params.data.digest]
    for resident in ("true", "false"):
        plan, task = train_of(f"dataset.resident={resident}")
        assert set(plan.tasks) == set(plain.tasks)
        assert plan.neutral[task.params.data.digest]["resident"] is (resident == "true")
    assert set(plan_of(TINY, "dataset.resident='auto'").tasks) == set(plain.tasks)


def test_imagenet_is_planned_before_it_is_there():
    plan, task = train_of(text=IMAGENET)
    assert task.params.model.value["shape"] == [3, 224, 224] and task.params.model.value["classes"] == 1000
    assert task.params.until == 90 * 1252
    facts = plan.facts[task.params.data.digest]
    assert (facts.train, facts.test, facts.known) == (1_281_167, 50_000, False)
    assert task.params.data.value["space"]["mean"] == [0.485, 0.456, 0.406]
    assert plan.missing


def test_imagenet_may_be_kept_smaller():
    parts = "recipes.real.augment={random_resized_crop={size=112}}"
    _, task = train_of("dataset.resize=128", "dataset.crop=112", parts, text=IMAGENET)
    assert task.params.model.value["shape"] == [3, 112, 112]


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Three classes of images of 10x10 pixels, forty to train and six to test."""
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    draw = np.random.default_rng(0)
    for split, count in (("train", 40), ("val", 6)):
        for label in range(3):
            folder = tmp_path / "images" / split / f"class{label}"
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(0, 100 + 70 * label, (10, 10, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return tmp_path / "images"


FOLDER = """
study = "parts"
model = { name = "convnet", depth = 1, width = 4, norm = "batch" }
[dataset]
name = "folder"
crop = 8
split = { validation = 12, train = 90 }
[recipes.real]
length = "3ep"
batch = 16
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
augment = { flip = true, random_resized_crop = { size = 8, scale = [0.3, 1] } }
[recipes.distilled]
extends = "real"
length = "4ep"
augment = { flip = true }
[distilled]
dm = { method = "dm", ipc = 2, iterations = 3, batch = 8 }
[networks]
dense = []
imp = [{ data = "dm", rounds = 1, fraction = 0.5 }, { data = "real", rounds = 1 }]
[measures]
accuracy = {}
stability = { levels = ["last"], points = 3, images = 30, bn_images = 20, split = ["train", "test", "validation"] }
"""


def test_a_whole_study_on_mapped_images_is_bitwise_the_one_on_resident_images(images, tmp_path, monkeypatch):
    """Trainings, masks, a distilled set, paths with recomputed batch norm, and images set aside."""
    honest, gathered, results = mapped._take, [], []
    monkeypatch.setattr(mapped, "_take", lambda *arguments: gathered.append(1) or honest(*arguments))
    for resident in ("true", "false"):
        plan = plan_of(FOLDER, f"dataset.root='{images}'", f"dataset.resident={resident}")
        store = Store.open(tmp_path / resident)
        assert not execute(outlook(plan, store), store, InlineRunner()).failed
        assert bool(gathered) is (resident == "false")
        assert {task.kind for task in plan.tasks.values()} == {"train", "prune", "distill", "path"}
        results.append(
            {
                identifier: (stored.scalars, {file.name: file.read_bytes() for file in stored.out.glob("*")})
                for identifier in plan.tasks
                if (stored := store.find(identifier)) is not None
            }
        )
    assert results[0] == results[1]
    assert len(results[0]) == len(plan.tasks)
