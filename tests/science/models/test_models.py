import pytest
import torch
from torch.nn.functional import conv2d, max_pool2d

from lmcspec.catalog.models.alexnet import AlexNet
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.masks import prunable
from lmcspec.science.models import alexnet, construct, convnet, mlp
from lmcspec.science.summary import model_facts


def test_lenet_has_the_published_counts_and_pinned_names():
    module = construct(mlp.build, Mlp(widths=(300, 100)), (1, 28, 28), 10)
    facts = model_facts(module, (1, 28, 28))
    assert (facts.parameters, facts.macs) == (266_610, 266_200)
    assert sum(torch.Size(shape).numel() for _, shape in facts.prunable) == 266_200
    assert list(module.state_dict()) == [
        f"{layer}.{own}" for layer in ("layers.0", "layers.1", "classifier") for own in ("weight", "bias")
    ]


@pytest.mark.parametrize(("classes", "parameters"), [(10, 320_010), (100, 504_420)])
def test_convnet3_has_the_published_counts(classes, parameters):
    module = construct(convnet.build, ConvNet(depth=3), (3, 32, 32), classes)
    facts = model_facts(module, (3, 32, 32))
    assert facts.parameters == parameters
    if classes == 10:
        assert sum(torch.Size(shape).numel() for _, shape in facts.prunable) == 318_848
    assert not facts.has_batch_norm
    assert module(torch.zeros(2, 3, 32, 32)).shape == (2, classes)


@pytest.mark.parametrize(
    ("depth", "size", "classes", "parameters", "weights"),
    [(4, 64, 200, 857_160, 855_424), (5, 128, 10, 615_690, 613_760)],
)
def test_deeper_convnets_have_the_published_counts(depth, size, classes, parameters, weights):
    with torch.device("meta"):
        facts = model_facts(construct(convnet.build, ConvNet(depth=depth), (3, size, size), classes), (3, size, size))
    assert facts.parameters == parameters
    assert sum(torch.Size(shape).numel() for _, shape in facts.prunable) == weights


@pytest.mark.parametrize(
    ("classes", "parameters", "weights"), [(10, 1_872_202, 1_871_232), (100, 2_148_772, 2_147_712)]
)
def test_alexnet_has_the_published_counts(classes, parameters, weights):
    with torch.device("meta"):
        facts = model_facts(construct(alexnet.build, AlexNet(), (3, 32, 32), classes), (3, 32, 32))
    assert facts.parameters == parameters
    assert sum(torch.Size(shape).numel() for _, shape in facts.prunable) == weights


def test_alexnet_is_the_sum_of_its_description():
    module = construct(alexnet.build, AlexNet(), (3, 16, 24), 7)
    state = module.state_dict()
    x = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    out = x
    for place, padding in enumerate((2, 2, 1, 1, 1)):
        out = conv2d(out, state[f"convs.{place}.weight"], state[f"convs.{place}.bias"], padding=padding).clamp(min=0)
        if place in (0, 1, 4):
            out = max_pool2d(out, 2)
    expected = out.reshape(2, -1) @ state["classifier.weight"].T + state["classifier.bias"]
    torch.testing.assert_close(module(x), expected)


def test_alexnet_pads_mnist_to_32_pixels():
    module = construct(alexnet.build, AlexNet(), (1, 28, 28), 10)
    assert module.classifier.in_features == 192 * 4 * 4
    assert module(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
    with pytest.raises(ValueError, match="8x8"):
        construct(alexnet.build, AlexNet(), (1, 4, 4), 10)


def test_convnet_names_are_pinned():
    module = construct(convnet.build, ConvNet(depth=2, width=4, norm="batch"), (1, 8, 8), 10)
    block = ["conv.weight", "conv.bias", "norm.weight", "norm.bias"]
    block += ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"]
    names = [f"blocks.{place}.{own}" for place in (0, 1) for own in block]
    assert list(module.state_dict()) == [*names, "classifier.weight", "classifier.bias"]
    assert prunable(module) == ("blocks.0.conv.weight", "blocks.1.conv.weight", "classifier.weight")


def test_convnet_pads_mnist_to_32_pixels():
    module = construct(convnet.build, ConvNet(depth=3, width=8), (1, 28, 28), 10)
    assert module.classifier.in_features == 8 * 4 * 4
    assert module(torch.zeros(1, 1, 28, 28)).shape == (1, 10)


@pytest.mark.parametrize("norm", ["instance", "batch", "layer", "group", "none"])
def test_every_norm_runs_on_digits(norm):
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm=norm), (1, 8, 8), 10)
    assert module.classifier.in_features == 8 * 2 * 2
    assert module(torch.rand(3, 1, 8, 8)).isfinite().all()
    assert model_facts(module, (1, 8, 8)).has_batch_norm == (norm == "batch")


def test_too_deep_a_convnet_says_how_deep_it_can_be():
    construct(convnet.build, ConvNet(depth=3, width=4), (1, 8, 8), 10)
    with pytest.raises(ValueError, match="depth can be 3 at most"):
        construct(convnet.build, ConvNet(depth=4, width=4), (1, 8, 8), 10)


def test_a_group_norm_that_does_not_fit_says_so():
    with pytest.raises(ValueError, match="32 groups"):
        construct(convnet.build, ConvNet(depth=1, width=48, norm="group"), (1, 8, 8), 10)


def test_outputs_follow_the_classes():
    for build, config in ((mlp.build, Mlp(widths=(5,))), (convnet.build, ConvNet(depth=1, width=2))):
        assert construct(build, config, (1, 8, 8), 100).classifier.out_features == 100


def test_construction_leaves_the_global_generator_alone_and_does_not_depend_on_it():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = construct(mlp.build, Mlp(widths=(5,)), (1, 8, 8), 10).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    two = construct(mlp.build, Mlp(widths=(5,)), (1, 8, 8), 10).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
