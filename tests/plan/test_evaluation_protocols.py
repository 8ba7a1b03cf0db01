"""How the released code of DC, DSA, DM, MTT and IDC finds what a distilled set is worth, row by row.

Lengths in updates and the rate at chosen updates are worked out by hand. That of DC, DSA, DM and MTT makes E + 1 passes
and drops the rate after pass E / 2 + 2; 100 images are one batch of 256. Batches of 64 are 7 of 400 unpacked images, 63
of 4,000, 15 of 900, 782 of 50,000 and 204 of 13,000; epochs of IDC's milestones, 2 E / 3 and 5 E / 6, are rounded down.
"""

from pathlib import Path

import pytest
from specs_for_tests import TINY

from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.augmentations.random_resized_crop import ResizedCrop
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.plan.settings import resolve_recipe
from lmcspec.spec import load, presets

ALL = "color_crop_cutout_flip_rotate_scale"
DSA_DC, DSA_MTT = Augment(dsa=ALL, dsa_style="dc"), Augment(dsa=ALL, dsa_style="mtt")
CIFAR = Augment(dsa="color_crop_flip_rotate_scale", dsa_style="idc", cutmix=0.5)
IMAGENET = Augment(
    flip=True, random_resized_crop=ResizedCrop(size=224, scale=(0.5, 1.0)), jitter=0.4, lighting=0.1, cutmix=1.0
)
DROPS_300 = {0: 1, 151: 1, 152: 0.1, 300: 0.1}
DROPS_1000 = {0: 1, 501: 1, 502: 0.1, 1_000: 0.1}


def drops(first: int, second: int, per_epoch: int) -> dict[int, float]:
    """A fifth of the rate from each of two epochs on."""
    first, second = first * per_epoch, second * per_epoch
    return {0: 1, first - 1: 1, first: 0.2, second - 1: 0.2, second: 0.04}


ROWS = {
    "dc/evaluate": (100, 256, 301, DROPS_300, Augment()),
    "dsa/evaluate": (100, 256, 1_001, DROPS_1000, DSA_DC),
    "dm/evaluate": (100, 256, 1_001, DROPS_1000, DSA_DC),
    "mtt/evaluate": (100, 256, 1_001, DROPS_1000, DSA_MTT),
    "idc/cifar10-real": (50_000, 64, 300 * 782, drops(200, 250, 782), CIFAR),
    "idc/cifar10-distilled": (400, 64, 1000 * 7, drops(666, 833, 7), CIFAR),
    "idc/cifar100-real": (50_000, 64, 300 * 782, drops(200, 250, 782), CIFAR),
    "idc/cifar100-distilled": (4_000, 64, 1000 * 63, drops(666, 833, 63), CIFAR),
    "idc/imagenet10-real": (13_000, 64, 300 * 204, drops(200, 250, 204), IMAGENET),
    "idc/imagenet10-distilled": (900, 64, 1000 * 15, drops(666, 833, 15), IMAGENET),
}
"""Images, batch, updates, the rate's multiplier at some updates, and augmentation."""


def recipe(name: str) -> Recipe:
    text = TINY + f'[recipes.preset]\nextends = "{name}"\n'
    written = load(Path("study.toml"), (), text=text).cases[0].study.recipes["preset"]
    return resolve_recipe(written, ROWS[name][0]).recipe


@pytest.mark.parametrize("name", ROWS)
def test_a_protocol_is_that_of_the_code(name):
    _, batch, length, multipliers, augment = ROWS[name]
    found = recipe(name)
    assert (found.batch, found.length) == (batch, length)
    assert found.optimiser == Sgd(lr=0.01, momentum=0.9, weight_decay=5e-4)
    for update, multiplier in multipliers.items():
        assert found.schedule.multiplier(update, found.length) == pytest.approx(multiplier, rel=1e-12)
    assert found.augment == augment


@pytest.mark.parametrize("name", ROWS)
def test_only_mtt_trains_at_the_rate_that_was_distilled(name):
    assert recipe(name).learned_rate is (name == "mtt/evaluate")


def test_every_preset_of_these_families_has_a_row():
    assert {name for name in presets() if name.startswith(("dc/", "dsa/", "dm/", "mtt/", "idc/"))} == set(ROWS)
