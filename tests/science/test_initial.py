import math

import numpy as np
import pytest
import torch
from torch import nn

from lmcspec.base import streams
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.initial import Initial, initial_state, scheme_of
from lmcspec.science.models import construct, convnet, mlp
from lmcspec.science.models.norms import make_norm


@pytest.fixture
def lenet():
    return construct(mlp.build, Mlp(widths=(300, 100)), (1, 8, 8), 10)


@pytest.mark.parametrize("fan_in", [64, 300])
def test_default_is_uniform_within_one_over_root_fan_in(lenet, fan_in):
    state = initial_state(lenet, "default", ("init", 0))
    layer = "layers.0" if fan_in == 64 else "layers.1"
    for own in ("weight", "bias"):
        values = state[f"{layer}.{own}"].double() * math.sqrt(fan_in)
        assert values.abs().max() <= 1
        assert values.var() == pytest.approx(1 / 3, rel=0.25)


def test_default_has_the_distribution_of_torchs_own(lenet):
    torch_weight = nn.Linear(64, 300).weight
    ours = initial_state(lenet, "default", ("init", 0))["layers.0.weight"]
    bins = np.linspace(-0.125, 0.125, 11)
    assert np.allclose(
        *(np.histogram(w.detach().numpy(), bins)[0] / w.numel() for w in (torch_weight, ours)), atol=0.015
    )


def test_kaiming_normal_has_variance_two_over_fan_in():
    module = construct(convnet.build, ConvNet(depth=2, width=32, init="kaiming-normal"), (3, 8, 8), 10)
    state = initial_state(module, "kaiming-normal", ("init", 0))
    assert state["blocks.1.conv.weight"].var().item() == pytest.approx(2 / (32 * 9), rel=0.05)
    assert state["blocks.1.conv.bias"].abs().max() <= 1 / math.sqrt(32 * 9)


def test_draws_are_the_named_streams(lenet):
    bias = initial_state(lenet, "default", ("reinit", 3, 1))["classifier.bias"]
    expected = (2 * streams.uniforms(10, "reinit", 3, 1, "classifier.bias") - 1) / 10
    assert torch.equal(bias, torch.tensor(expected, dtype=torch.float32))


def test_norms_start_neutral_whatever_the_module_holds():
    module = construct(convnet.build, ConvNet(depth=1, width=4, norm="batch"), (1, 8, 8), 10)
    module(torch.rand(5, 1, 8, 8))
    module.blocks[0].norm.weight.data.uniform_()
    state = initial_state(module, "default", ("init", 0))
    assert state["blocks.0.norm.weight"].eq(1).all() and state["blocks.0.norm.bias"].eq(0).all()
    assert state["blocks.0.norm.running_mean"].eq(0).all() and state["blocks.0.norm.running_var"].eq(1).all()
    assert state["blocks.0.norm.num_batches_tracked"] == 0
    module.load_state_dict(state)


def test_replicates_and_parameters_differ_and_nothing_global_is_read(lenet):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, again, other = (initial_state(lenet, "default", ("init", replicate)) for replicate in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], again[name]) and not torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["layers.0.weight"].view(-1)[:100], one["layers.1.weight"].view(-1)[:100])


def test_a_parameter_without_a_rule_is_named():
    module = nn.Sequential(nn.PReLU())
    with pytest.raises(TypeError, match=r"0\.weight.*PReLU"):
        initial_state(module, "default", ("init", 0))


def test_an_unknown_scheme_is_an_error(lenet):
    with pytest.raises(ValueError, match="glorot"):
        initial_state(lenet, "glorot", ("init", 0))


def test_an_unknown_scheme_of_norms_is_an_error():
    with pytest.raises(ValueError, match="norms 'zeros'"):
        initial_state(nn.BatchNorm2d(2), Initial("default", "zeros"), ("init", 0))


DEVIATIONS = {
    "default": lambda fan_in, fan_out: 1 / math.sqrt(3 * fan_in),
    "kaiming-normal": lambda fan_in, fan_out: math.sqrt(2 / fan_in),
    "kaiming-uniform": lambda fan_in, fan_out: math.sqrt(2 / fan_in),
    "xavier-normal": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
}
FOURTH = {"default": 1.8, "kaiming-uniform": 1.8, "kaiming-normal": 3.0, "xavier-normal": 3.0}
"""Fourth moment over squared variance: of a uniform distribution and of a normal one."""
LAYERS = {"linear": (nn.Linear(200, 300), 200, 300), "conv": (nn.Conv2d(20, 60, 5), 20 * 25, 60 * 25)}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("scheme", DEVIATIONS)
def test_moments_are_those_of_the_formulas(scheme, layer):
    """Within five standard errors of the mean, the variance and the fourth moment of so many draws."""
    module, fan_in, fan_out = LAYERS[layer]
    weight = initial_state(module, scheme, ("init", 0))["weight"].double() / DEVIATIONS[scheme](fan_in, fan_out)
    n, fourth = weight.numel(), FOURTH[scheme]
    assert abs(weight.mean()) < 5 / math.sqrt(n)
    assert weight.square().mean() == pytest.approx(1, abs=5 * math.sqrt((fourth - 1) / n))
    eighth = 105 if fourth == 3 else 9
    assert weight.pow(4).mean() == pytest.approx(fourth, abs=5 * math.sqrt((eighth - fourth**2) / n))
    if fourth == 1.8:
        assert weight.abs().max() <= math.sqrt(3)
        assert weight.abs().max() > math.sqrt(3) * 0.999


@pytest.mark.parametrize("scheme", ["kaiming-normal", "kaiming-uniform", "xavier-normal"])
def test_deviations_are_those_of_torch(scheme):
    torchs = {
        "kaiming-normal": nn.init.kaiming_normal_,
        "kaiming-uniform": nn.init.kaiming_uniform_,
        "xavier-normal": nn.init.xavier_normal_,
    }
    module = nn.Conv2d(20, 60, 5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = torchs[scheme](torch.empty_like(module.weight))
    ours = initial_state(module, scheme, ("init", 0))["weight"]
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.03)


def test_fan_out_is_torchs_for_convolutions_and_the_default_for_linear_layers():
    """What torchvision's and IDC's ResNets are drawn from."""
    conv, _, fan_out = LAYERS["conv"]
    weight = initial_state(conv, "kaiming-fan-out", ("init", 0))["weight"].double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = nn.init.kaiming_normal_(torch.empty_like(conv.weight), mode="fan_out", nonlinearity="relu")
    assert weight.std().item() == pytest.approx(theirs.std().item(), rel=0.03)
    assert weight.square().mean() == pytest.approx(2 / fan_out, rel=5 * math.sqrt(2 / weight.numel()))
    linear, _, _ = LAYERS["linear"]
    one, other = (initial_state(linear, scheme, ("init", 0)) for scheme in ("kaiming-fan-out", "default"))
    assert torch.equal(one["weight"], other["weight"])


@pytest.mark.parametrize("layer", [nn.Linear(40, 25), nn.Linear(25, 40), nn.Conv2d(3, 12, 3), nn.Conv2d(2, 30, 3)])
def test_orthogonal_weights_have_orthonormal_rows_or_columns(layer):
    weight = initial_state(layer, "orthogonal", ("init", 0))["weight"].double().flatten(1)
    rows, columns = weight.shape
    product = weight @ weight.T if rows <= columns else weight.T @ weight
    torch.testing.assert_close(product, torch.eye(min(rows, columns), dtype=torch.float64), rtol=0, atol=1e-6)


def test_orthogonal_weights_are_uniform():
    """Gram-Schmidt of the same normals, written out; without the fix of signs it would differ in half the rows."""
    normals = streams.normals(12, "init", 5, "weight").reshape(3, 4)
    rows = []
    for row in normals:
        rest = row - sum((row @ one) * one for one in rows)
        rows.append(rest / np.sqrt(rest @ rest))
    found = initial_state(nn.Linear(4, 3), "orthogonal", ("init", 5))["weight"]
    torch.testing.assert_close(found, torch.tensor(np.array(rows), dtype=torch.float32), rtol=0, atol=1e-6)


def test_binary_weights_are_the_signs_of_a_kaiming_draw_times_its_deviation(lenet):
    binary, normal = (
        initial_state(lenet, scheme, ("init", 0))["layers.1.weight"] for scheme in ("binary", "kaiming-normal")
    )
    assert torch.equal(binary.sign(), normal.sign())
    assert len(binary.abs().unique()) == 1
    assert binary.abs().max() == pytest.approx(normal.std().item(), rel=1e-5)
    alone = initial_state(nn.Linear(1, 1), "binary", ("init", 0))["weight"]
    assert alone.abs().item() == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("scheme", [*DEVIATIONS, "kaiming-fan-out", "orthogonal", "binary"])
def test_biases_are_the_same_under_every_scheme(lenet, scheme):
    one, other = (initial_state(lenet, which, ("init", 0)) for which in (scheme, "default"))
    assert all(torch.equal(one[name], other[name]) for name in one if name.endswith("bias"))


GOLDEN = {
    "default": [-0.35000807, 0.4058896, 0.51274252, -0.41021436, 0.43659526, 0.42914057],
    "kaiming-normal": [-0.69631124, 0.85155249, 1.2979792, -0.86487049, 0.95167083, 0.92607808],
    "kaiming-uniform": [-0.85734123, 0.9942224, 1.2559575, -1.0048158, 1.0694356, 1.0511755],
    "xavier-normal": [-0.53936034, 0.65960974, 1.0054103, -0.66992581, 0.73716104, 0.71733701],
    "orthogonal": [-0.40925929, 0.50050288, 0.76289165, -0.60990238, 0.47180921, -0.63672221],
    "binary": [-0.93727612, 0.93727612, 0.93727612, -0.93727612, 0.93727612, 0.93727612],
}


@pytest.mark.parametrize("scheme", GOLDEN)
def test_golden_values(scheme):
    weight = initial_state(nn.Linear(3, 2), scheme, ("init", 0))["weight"]
    assert weight.flatten().tolist() == pytest.approx(GOLDEN[scheme], rel=1e-6)


class TestNorms:
    @pytest.fixture(params=["batch", "layer", "group"])
    def norm(self, request):
        return make_norm(request.param, 4096)

    @pytest.mark.parametrize(("scheme", "scale", "shift"), [("ones", 1, 0), ("one-one", 1, 1)])
    def test_constant(self, norm, scheme, scale, shift):
        state = initial_state(norm, Initial("default", scheme), ("init", 0))
        assert state["weight"].eq(scale).all() and state["bias"].eq(shift).all()

    @pytest.mark.parametrize(("scheme", "low"), [("uniform", 0), ("positive-negative", -1)])
    def test_uniform(self, norm, scheme, low):
        state = initial_state(norm, Initial("default", scheme), ("init", 0))
        scale = state["weight"].double()
        assert low <= scale.min() < low + 0.01 and 0.99 < scale.max() < 1
        deviation = (1 - low) / math.sqrt(12)
        assert scale.mean() == pytest.approx((1 + low) / 2, abs=5 * deviation / 64)
        assert scale.std() == pytest.approx(deviation, rel=5 * math.sqrt(0.8 / 4 / 4096))
        assert state["bias"].eq(0).all()

    def test_draws_are_the_named_streams(self):
        module = nn.Sequential(nn.BatchNorm2d(5))
        state = initial_state(module, Initial("default", "uniform"), ("reinit", 3, 1))
        expected = torch.tensor(streams.uniforms(5, "reinit", 3, 1, "0.weight"), dtype=torch.float32)
        assert torch.equal(state["0.weight"], expected)

    def test_a_name_alone_leaves_norms_neutral(self):
        assert initial_state(nn.BatchNorm2d(5), "binary", ("init", 0))["weight"].eq(1).all()


def test_settings_of_models_say_the_scheme():
    assert scheme_of({"name": "mlp", "init": "binary"}) == Initial("binary", "ones")
    assert scheme_of({"norm_init": "uniform"}) == Initial("default", "uniform")


@pytest.mark.gpu
@pytest.mark.parametrize("scheme", ["default", "kaiming-normal", "orthogonal", "binary"])
def test_a_network_on_a_gpu_gets_the_same_bits(cuda, scheme):
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), (3, 8, 8), 10)
    expected = initial_state(module, scheme, ("init", 0))
    found = initial_state(module.to(cuda), scheme, ("init", 0))
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    module.load_state_dict(found)
    for name, tensor in module.state_dict().items():
        assert tensor.device.type == "cuda" and torch.equal(tensor.cpu(), expected[name])
