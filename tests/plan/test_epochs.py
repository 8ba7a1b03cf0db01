"""Epochs in a plan are the loader's: whatever is set aside, left out or trained on, and with any batch."""

import numpy as np
import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.recipe import from_document
from lmcspec.science.data import Selection, load
from lmcspec.science.train import batches
from lmcspec.tasks import read


@pytest.mark.parametrize("train", [10, 17, 255, 256, 257, 999, 1433])
@pytest.mark.parametrize("batch", [1, 64, 256])
def test_a_plans_updates_are_the_batches_of_the_training_images(train, batch):
    """A count that is rounded in one place and not in the other differs by one now and then."""
    plan = plan_of(TINY, f"dataset.split={{validation=4,train={train}}}", f"recipes.real.batch={batch}")
    task = plan.tasks[plan.roles["dense/s0/l0/train"]]
    split = load("digits", select=Selection(validation=4, train=train)).train
    recipe = from_document(task.params.recipe.value)
    sizes = [len(y) for _, y in batches(split, recipe, SgdNoise(0), 0, task.params.until)]
    assert sum(sizes) == train == plan.facts[task.params.data.digest].train
    assert len(sizes) == task.params.until == int(np.ceil(train / batch))


def test_epochs_of_a_step_are_those_of_the_recipe_that_takes_it():
    """Two epochs of the distilled set and two of real images are different numbers of updates."""
    recipe = '[recipes.distilled]\nextends = "real"\nlength = "9ep"\nbatch = 15\n'
    text = TINY.replace("[networks]", recipe + '[distilled]\ndm = { method = "dm", ipc = 10 }\n[networks]')
    text = text.replace(
        'imp = [{ data = "real", rounds = 2, fraction = 0.5 }]',
        'imp = [{ data = "dm", rounds = 2, rewind = 2 }, { data = "real", rounds = 1, rewind = 2 }]',
    )
    plan = plan_of(text, "recipes.real.length='3ep'", "recipes.real.batch=128")
    begins = {task.params.begin for task in plan.tasks.values() if task.kind == "train"}
    assert begins == {0, 2 * 7, 2 * 12}  # 100 distilled images by 15, 1,437 real ones by 128


@pytest.mark.parametrize(("name", "classes"), [("cifar100", 100), ("cifar10", 10), ("imagenet", 1000)])
def test_a_network_has_an_output_for_every_class(name, classes):
    """A default of ten would fail in the loss, or not at all where there are fewer."""
    plan = plan_of(TINY, f"dataset='{name}'", "model={name='convnet',depth=2,width=4}")
    params = plan.tasks[plan.roles["dense/s0/l0/train"]].params
    outputs = dict(read.module(params.model, "meta").named_parameters())["classifier.bias"]
    assert len(outputs) == classes == params.model.value["classes"]
