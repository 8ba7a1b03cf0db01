"""Every model through the whole of a study: pruning, rewinding, redrawn weights, paths under both batch-norm policies."""

import math
from pathlib import Path

import pytest

from lmcspec.engine.execute import execute
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec.tasks import read
from lmcspec_runners.inline import InlineRunner

STUDY = """
study = "every-model"
dataset = {{ name = "digits", resize = {size}, split = {{ train = 48 }} }}
model = {model}
[recipes.real]
length = "3it"
batch = 16
optimiser = {{ name = "sgd", lr = 0.01, momentum = 0.9 }}
[networks]
imp = [{{ data = "real", rounds = 1, fraction = 0.5, rewind = "1it" }}]
reinit = {{ like = "imp", weights = "reinitialised" }}
[measures]
stability = {{ networks = ["imp"], levels = ["dense", "last"], at = ["1it"], points = 3, images = 40, bn_images = 32 }}
accuracy = {{ networks = ["reinit"], levels = ["last"] }}
"""

SMALL = [
    ('{ name = "resnet20", width = 2 }', 8, True),
    ('{ name = "cifar-resnet", depth = 8, width = 4, norm = "layer", init = "orthogonal" }', 8, False),
    ('{ name = "cifar-resnet", depth = 8, width = 4, norm = "group", norm_init = "uniform" }', 8, False),
    ('{ name = "cifar-resnet", depth = 8, width = 4, norm = "none", init = "binary" }', 8, False),
    ('{ name = "vgg16", width = 2, init = "kaiming-uniform", norm_init = "positive-negative" }', 32, True),
    ('{ name = "vgg11", width = 2, norm = "layer", init = "xavier-normal", norm_init = "one-one" }', 32, False),
]


def run(model, size, batch_norm, folder):
    """Compare each path's ends with the trainings that they are, and the policies with each other."""
    plan = compile_study(load(Path("study.toml"), [], text=STUDY.format(model=model, size=size)))
    store = Store.open(folder / "store")
    summary = execute(outlook(plan, store), store, InlineRunner())
    assert not summary.failed
    results = {identifier: dict(store.find(identifier).scalars) for identifier in plan.tasks}
    paths = [task for task in plan.tasks.values() if task.kind == "path"]
    assert len(paths) == 2
    for task in paths:
        found, inputs = results[task.id], dict(task.inputs)
        average, recompute = found["paths"]["average"], found["paths"]["recompute"]
        ends = [results[inputs[slot]] for slot in "ab"]
        assert found["distance"] > 0
        assert [average["test_error"][0], average["test_error"][-1]] == [end["test_error"] for end in ends]
        assert [average["test_loss"][0], average["test_loss"][-1]] == pytest.approx(
            [end["test_loss"] for end in ends], rel=1e-5
        )
        assert (average["test_loss"] != recompute["test_loss"]) == batch_norm
    (mask,) = (task for task in plan.tasks.values() if task.kind == "prune")
    parameters = dict(read.module(mask.params.model).named_parameters())
    kept = read.tensors(store.find(mask.id).out / read.MASK)
    assert kept.keys() == {name for name, tensor in parameters.items() if tensor.dim() > 1}
    weights = sum(parameters[name].numel() for name in kept)
    assert sum(int(tensor.sum()) for tensor in kept.values()) == weights - math.floor(weights / 2 + 0.5)


@pytest.mark.parametrize(("model", "size", "batch_norm"), SMALL)
def test_models_of_any_width(model, size, batch_norm, tmp_path):
    run(model, size, batch_norm, tmp_path)


@pytest.mark.slow
def test_an_imagenet_model(tmp_path):
    run('"imagenet-resnet18"', 32, True, tmp_path)
