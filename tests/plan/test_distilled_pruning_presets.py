"""The presets of "Distilled Pruning: Using Synthetic Data to Win the Lottery", from its released code, row by row.

Lengths in updates and rates at chosen updates are worked out by hand: batches of 256 real images are 196 an epoch, those
of 512 distilled ones are 1 of 500 and 10 of 5,000.
"""

from pathlib import Path

import pytest
from specs_for_tests import TINY

from lmcspec.catalog.optimisers.adam import Adam
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.plan.settings import resolve_recipe
from lmcspec.spec import load, presets

ADAM, SGD = Adam(lr=8e-4, weight_decay=8e-4), Sgd(lr=0.01, momentum=0.9, weight_decay=5e-4)
THREE_DROPS = {0: 1, 9_799: 1, 9_800: 0.15, 12_739: 0.15, 12_740: 0.15**2, 15_680: 0.15**3, 23_519: 0.15**3}
ROWS = {
    "cifar10-real": (50_000, 256, 60 * 196, ADAM, {0: 1, 9_799: 1, 9_800: 0.15, 11_759: 0.15}),
    "cifar100-real": (50_000, 256, 120 * 196, ADAM, THREE_DROPS),
    "cifar10-distilled": (500, 512, 1_001, SGD, {0: 1, 501: 1, 502: 0.1, 1_000: 0.1}),
    "cifar100-distilled": (5_000, 512, 13_010, SGD, {0: 1, 6_519: 1, 6_520: 0.1, 13_009: 0.1}),
}
"""Images, batch, updates, optimiser, and the rate's multiplier at some updates."""


@pytest.mark.parametrize("name", ROWS)
def test_a_recipe_is_that_of_the_code(name):
    images, batch, length, optimiser, multipliers = ROWS[name]
    text = TINY + f'[recipes.preset]\nextends = "distilled-pruning/{name}"\n'
    written = load(Path("study.toml"), (), text=text).cases[0].study.recipes["preset"]
    recipe = resolve_recipe(written, images).recipe
    assert (recipe.batch, recipe.length, recipe.optimiser) == (batch, length, optimiser)
    for update, multiplier in multipliers.items():
        assert recipe.schedule.multiplier(update, recipe.length) == pytest.approx(multiplier, rel=1e-12)
    augmented = (recipe.augment.dsa, recipe.augment.flip, recipe.augment.crop)
    real = ("", False, 0)  # no augmentation at all
    assert augmented == (real if name.endswith("real") else ("color_crop_cutout_flip_rotate_scale", False, 0))


def test_every_preset_of_the_family_has_a_row():
    found = {name.partition("/")[2] for name in presets() if name.startswith("distilled-pruning/")}
    assert found == set(ROWS)
