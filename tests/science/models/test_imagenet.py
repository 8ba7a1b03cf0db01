"""torchvision's models as ours: counts, names, small images, the auxiliary classifier."""

import numpy as np
import pytest
import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.models.imagenet_resnet import ImageNetResNet
from lmcspec.catalog.models.inception import InceptionV3
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import masks, paths
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, imagenet_resnet, inception
from lmcspec.science.summary import model_facts
from lmcspec.science.train import train

IMAGENET = (3, 224, 224)


def meta(build, config, shape=IMAGENET, classes=1000):
    with torch.device("meta"):
        return construct(build, config, shape, classes)


@pytest.mark.parametrize(
    ("depth", "parameters", "weights"), [(18, 11_689_512, 11_678_912), (50, 25_557_032, 25_502_912)]
)
def test_resnets_have_the_published_counts(depth, parameters, weights):
    facts = model_facts(meta(imagenet_resnet.build, ImageNetResNet(depth=depth)), IMAGENET)
    assert (facts.parameters, sum(size for _, size in facts.sizes)) == (parameters, weights)


@pytest.mark.parametrize(("depth", "gmacs"), [(18, 1.81), (34, 3.66), (50, 4.09), (101, 7.80), (152, 11.51)])
def test_resnets_have_torchvisions_arithmetic(depth, gmacs):
    facts = model_facts(meta(imagenet_resnet.build, ImageNetResNet(depth=depth)), IMAGENET)
    assert facts.macs / 1e9 == pytest.approx(gmacs, abs=0.006)


@pytest.mark.parametrize(
    ("auxiliary", "parameters", "weights", "tensors"),
    [(True, 27_161_264, 27_123_040, 98), (False, 23_834_568, 23_799_136, 95)],
)
def test_inception_has_27_million_parameters_with_its_auxiliary_classifier(auxiliary, parameters, weights, tensors):
    shape = (3, 299, 299)
    facts = model_facts(meta(inception.build, InceptionV3(auxiliary=auxiliary), shape), shape)
    assert (facts.parameters, sum(size for _, size in facts.sizes), len(facts.prunable)) == (
        parameters,
        weights,
        tensors,
    )
    assert facts.macs / 1e9 == pytest.approx(5.71, abs=0.006)


def test_names_and_numbers_are_torchvisions():
    from torchvision.models import inception_v3, resnet18

    for ours, theirs in (
        (meta(imagenet_resnet.build, ImageNetResNet(depth=18)), resnet18),
        (meta(inception.build, InceptionV3(), (3, 299, 299)), lambda: inception_v3(init_weights=False)),
    ):
        with torch.device("meta"):
            other = theirs()
        shapes = [{name: t.shape for name, t in module.state_dict().items()} for module in (ours, other)]
        assert shapes[0] == shapes[1]
        assert list(shapes[0]) == list(shapes[1])


def test_pinned_names():
    resnet = list(meta(imagenet_resnet.build, ImageNetResNet(depth=50)).state_dict())
    assert resnet[0] == "conv1.weight"
    assert {"layer1.0.conv3.weight", "layer1.0.downsample.0.weight", "layer4.2.bn3.running_var"} < set(resnet)
    assert resnet[-2:] == ["fc.weight", "fc.bias"]
    names = list(meta(inception.build, InceptionV3(), (3, 299, 299)).state_dict())
    assert names[0] == "Conv2d_1a_3x3.conv.weight"
    assert {"Mixed_6e.branch7x7_2.conv.weight", "AuxLogits.fc.weight"} < set(names)
    assert names[-2:] == ["fc.weight", "fc.bias"]


@pytest.mark.parametrize("channels", [1, 3])
def test_other_channels(channels):
    module = construct(imagenet_resnet.build, ImageNetResNet(depth=18), (channels, 32, 32), 7).eval()
    with torch.no_grad():
        assert module(torch.zeros(2, channels, 32, 32)).shape == (2, 7)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match=r"32x32 pixels; resnet20"):
        meta(imagenet_resnet.build, ImageNetResNet(depth=18), (3, 31, 40))
    with pytest.raises(ValueError, match=r"299x299.*auxiliary = false.*75x75"):
        meta(inception.build, InceptionV3(), (3, 299, 298))
    with pytest.raises(ValueError, match="75x75"):
        meta(inception.build, InceptionV3(auxiliary=False), (3, 74, 75))


@pytest.mark.parametrize(("auxiliary", "size"), [(True, 299), (False, 75)])
def test_the_smallest_images_pass(auxiliary, size):
    shape = (3, size, size)
    module = meta(inception.build, InceptionV3(auxiliary=auxiliary, dropout=0.0), shape, 7).train()
    found = module(torch.zeros(2, *shape, device="meta"))
    logits = found if not auxiliary else found[0]
    assert logits.shape == (2, 7)
    assert not auxiliary or found[1].shape == (2, 7)
    assert module.eval()(torch.zeros(2, *shape, device="meta")).shape == (2, 7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "config", "size"),
    [
        (imagenet_resnet.build, ImageNetResNet(depth=18), 32),
        (inception.build, InceptionV3(auxiliary=False), 75),
    ],
)
def test_pruning_training_and_paths(build, config, size):
    """Copies of a masked network go apart, stay masked, and the path knows its ends under both policies.

    Of batches large enough, and at a rate small enough, for running statistics to hold: of four images, which the last
    layers see as one pixel each, the loss in evaluation was infinite on some processors.
    """
    draws = torch.Generator().manual_seed(0)
    split = Split(torch.randn(16, 1, size, size, generator=draws), torch.arange(16) % 3)
    module = construct(build, config, (1, size, size), 3)
    start = initial_state(module, "kaiming-normal", ("init", 0))
    dense = masks.dense(module)
    mask = masks.prune({name: start[name].abs() for name in dense}, dense, masks.survivors(dense) // 2)
    recipe = Recipe(length=2, batch=8, optimiser=Sgd(lr=0.001, momentum=0.9))
    ends, losses = [], []
    for copy in (0, 1):
        module.load_state_dict(start)
        ends.append(train(module, split, recipe, SgdNoise(0, copy), mask=mask).state)
        masks.assert_masked(ends[-1], mask)
        losses.append(evaluate(module, split).loss)
    assert np.isfinite(losses).all()
    found = paths.curves(module, paths.Ends(*ends, mask), (0.0, 0.5, 1.0), paths.Evaluated(split, split))
    assert found["average"].distance > 0
    assert [found["average"].test[place].loss for place in (0, -1)] == pytest.approx(losses, rel=1e-5)
    assert found["average"].values("test", "loss") != found["recompute"].values("test", "loss")


def test_training_inception_moves_every_parameter():
    """The auxiliary classifier learns too, and the state is that of a plain step on loss + 0.4 auxiliary loss."""
    draws = torch.Generator().manual_seed(0)
    images, labels = torch.randn(2, 1, 299, 299, generator=draws), torch.tensor([0, 2])
    config = InceptionV3(dropout=0.0)
    module = construct(inception.build, config, (1, 299, 299), 3)
    start = initial_state(module, "kaiming-normal", ("init", 0))
    module.load_state_dict(start)
    recipe = Recipe(length=1, batch=2, optimiser=Sgd(lr=0.01))
    end = train(module, Split(images, labels), recipe, SgdNoise(0)).state

    module.load_state_dict(start)
    module.train()
    # The order of the two images in the batch changes sums by rounding only.
    logits, auxiliary = module(images)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss = loss + 0.4 * torch.nn.functional.cross_entropy(auxiliary, labels)
    loss.backward()
    for name in dict(module.named_parameters()):
        step = end[name] - start[name]
        assert step.abs().max() > 0, name
    for name in ("fc.weight", "AuxLogits.fc.weight", "AuxLogits.conv1.conv.weight"):
        gradient = module.get_parameter(name).grad
        torch.testing.assert_close(end[name] - start[name], -0.01 * gradient, rtol=1e-2, atol=1e-5)
