"""Table 1 of "Linear Mode Connectivity and the Lottery Ticket Hypothesis" and OpenLTH's defaults, row by row.

Lengths in updates and the rate at chosen updates are worked out by hand from the published numbers.
"""

from pathlib import Path

import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.catalog.optimisers.adam import Adam
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import from_document
from lmcspec.catalog.schedules.linear import Linear
from lmcspec.plan.settings import resolve_recipe
from lmcspec.spec.recipe import Recipe

MNIST, CIFAR, IMAGENET = 60_000, 50_000, 1_281_167
STANDARD = {0: 1, 31_999: 1, 32_000: 0.1, 47_999: 0.1, 48_000: 0.01, 62_999: 0.01}
WARM = {0: 0, 1: 1 / 30_000, 15_000: 0.5, 29_999: 29_999 / 30_000, 30_000: 1, 31_999: 1, 32_000: 0.1, 48_000: 0.01}
EPOCHS_90 = {
    0: 0,
    1: 1 / 6260,
    3130: 0.5,
    6259: 6259 / 6260,
    6260: 1,
    37_559: 1,
    37_560: 0.1,
    75_119: 0.1,
    75_120: 0.01,
    100_159: 0.01,
    100_160: 0.001,
    112_679: 0.001,
}
EPOCHS_160 = {0: 1, 31_279: 1, 31_280: 0.1, 46_919: 0.1, 46_920: 0.01, 62_559: 0.01}
LINEAR = {
    0: 1,
    53_523: 1 - 53_523 / 214_092 * 5 / 6,  # a quarter of the way
    107_046: 7 / 12,
    214_091: 1 - 214_091 / 214_092 * 5 / 6,
}

ROWS = {
    "frankle/lenet-mnist": (MNIST, 60, 24_000, 12e-4, {0: 1, 23_999: 1}),
    "frankle/resnet20-cifar10": (CIFAR, 128, 63_000, 0.1, STANDARD),
    "frankle/resnet20-cifar10-low": (CIFAR, 128, 63_000, 0.01, STANDARD),
    "frankle/resnet20-cifar10-warmup": (CIFAR, 128, 63_000, 0.03, WARM),
    "frankle/vgg16-cifar10": (CIFAR, 128, 63_000, 0.1, STANDARD),
    "frankle/vgg16-cifar10-low": (CIFAR, 128, 63_000, 0.01, STANDARD),
    "frankle/vgg16-cifar10-warmup": (CIFAR, 128, 63_000, 0.1, WARM),
    "frankle/resnet50-imagenet": (IMAGENET, 1024, 90 * 1252, 0.4, EPOCHS_90),
    "frankle/inception3-imagenet": (IMAGENET, 1024, 171 * 1252, 0.03, LINEAR),
    "openlth/lenet-mnist": (MNIST, 128, 40 * 469, 0.1, {0: 1, 18_759: 1}),
    "openlth/resnet-cifar10": (CIFAR, 128, 160 * 391, 0.1, EPOCHS_160),
    "openlth/vgg-cifar10": (CIFAR, 128, 160 * 391, 0.1, EPOCHS_160),
    "openlth/resnet-imagenet": (IMAGENET, 1024, 90 * 1252, 0.4, EPOCHS_90),
}
"""Preset: training images, batch, updates, base rate, and the multiplier at some updates."""


def written(name: str) -> Recipe:
    from lmcspec.spec import load

    text = TINY + f'[recipes.preset]\nextends = "{name}"\n'
    return load(Path("study.toml"), (), text=text).cases[0].study.recipes["preset"]


@pytest.mark.parametrize("name", ROWS)
def test_lengths_and_rates_are_the_published_ones(name):
    images, batch, length, lr, multipliers = ROWS[name]
    recipe = resolve_recipe(written(name), images).recipe
    assert (recipe.batch, recipe.length, recipe.optimiser.lr) == (batch, length, lr)
    for update, multiplier in multipliers.items():
        assert recipe.schedule.multiplier(update, recipe.length) == pytest.approx(multiplier, rel=1e-12, abs=0)
    optimiser = recipe.optimiser
    if name == "frankle/lenet-mnist":
        assert optimiser == Adam(lr=12e-4)
    elif name == "openlth/lenet-mnist":
        assert optimiser == Sgd(lr=0.1)
    else:
        assert optimiser == Sgd(lr=lr, momentum=0.9, weight_decay=1e-4)


def test_every_preset_of_these_families_has_a_row():
    from lmcspec.spec import presets

    assert {name for name in presets() if name.startswith(("frankle/", "openlth/"))} == set(ROWS)


def test_a_linear_decay_ends_at_its_absolute_rate():
    recipe = resolve_recipe(written("frankle/inception3-imagenet"), IMAGENET).recipe
    assert recipe.schedule == Linear(final=1 / 6)
    assert recipe.rate(recipe.length) == pytest.approx(0.005, rel=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_images_are_augmented_as_openlth_does(name):
    augment = resolve_recipe(written(name), ROWS[name][0]).recipe.augment
    assert augment.flip is ("mnist" not in name)
    assert augment.crop == (4 if "cifar10" in name else 0)
    resized = augment.random_resized_crop
    if "imagenet" in name:
        assert resized is not None
        size = 299 if "inception" in name else 224
        assert (resized.size, resized.scale, resized.ratio) == (size, (0.1, 1.0), (0.8, 1.25))
    else:
        assert resized is None


def test_what_no_source_states_is_marked_beside_its_value():
    from importlib import resources

    text = (resources.files("lmcspec.spec") / "presets" / "frankle.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "momentum =" in line or line.startswith("augment =")]
    assert len(lines) == 9
    assert all("not stated" in line.partition("#")[2] for line in lines)


def test_cifar10_may_be_standardised_with_imagenets_numbers():
    """As OpenLTH does; its weights and results are then not those of a study with CIFAR-10's own numbers."""
    space = "{name='standardised',mean=[0.485,0.456,0.406],std=[0.229,0.224,0.225]}"
    sets = ("recipes.real='frankle/resnet20-cifar10'", "networks.imp=[{rounds=1}]")
    model = "model={name='convnet',depth=2,width=4}"
    own, other = (plan_of(TINY, f"dataset={{name='cifar10'{more}}}", model, *sets) for more in ("", f",space={space}"))
    ((one,), (two,)) = (
        [task for task in plan.tasks.values() if task.id == plan.roles["dense/s0/l0/train"]] for plan in (own, other)
    )
    assert one.id != two.id
    assert one.params.data.value["space"]["mean"] == [0.4914, 0.4822, 0.4465]
    assert two.params.data.value["space"] == {
        "name": "standardised",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    assert one.params.until == two.params.until == 63_000
    assert from_document(two.params.recipe.value).augment.crop == 4
