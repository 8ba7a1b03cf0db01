"""Precisions of training: bfloat16 near float32, float16's loss scale against torch's GradScaler, what a CPU refuses."""

import math

import pytest
import torch
from torch import nn

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import precision
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import evaluate
from lmcspec.science.precision import LossScale, computing_in
from lmcspec.science.train import Callbacks, Segment, TrainingStopped, train

OPTIMISER = Sgd(lr=0.05, momentum=0.9)


def network():
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return module


def trained(few, numbers, length=60, device="cpu"):
    module = network().to(device)
    end = train(module, few[0], Recipe(length, 32, OPTIMISER, precision=numbers), SgdNoise(0))
    return module, end


def test_bfloat16_is_near_float32_and_something_else(few):
    (exact, one), (near, other) = (trained(few, name) for name in ("float32", "bf16"))
    assert {tensor.dtype for tensor in [*other.state.values(), *other.optimiser.values()]} == {torch.float32}
    moved = sum((one.state[name] - value).square().sum() for name, value in network().state_dict().items())
    apart = sum((one.state[name] - other.state[name]).square().sum() for name in one.state)
    assert 0 < apart < 0.02 * moved
    assert evaluate(near, few[1]).error == pytest.approx(evaluate(exact, few[1]).error, abs=0.03)


def test_the_first_bfloat16_update_is_that_of_products_rounded_by_hand(few):
    """The linear layers take bfloat16 inputs and weights, and so do their gradients."""
    module = nn.Linear(64, 10, bias=False)
    start = 0.1 * torch.randn(10, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        module.weight.copy_(start)
    flat = Split(few[0].images.flatten(1)[:, :, None, None], few[0].labels)

    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = module

        def forward(self, x):
            return self.inner(x.flatten(1))

    train(Flat(), flat, Recipe(1, 300, Sgd(lr=1.0), precision="bf16"), SgdNoise(0))
    x = few[0].images.flatten(1).bfloat16().float()
    logits = (x @ start.bfloat16().float().T).bfloat16().float()
    probabilities = logits.softmax(1)
    probabilities[range(300), few[0].labels] -= 1
    gradient = (probabilities / 300).bfloat16().float().T @ x
    assert torch.allclose(start - module.weight, gradient.bfloat16().float(), atol=2e-4)
    assert not torch.allclose(start - module.weight, torch.zeros(1), atol=1e-2)


def test_a_bfloat16_training_goes_on_bitwise(few):
    recipe = Recipe(40, 32, OPTIMISER, precision="bf16")
    module = network()
    whole = train(module, few[0], recipe, SgdNoise(0))
    half = network()
    with pytest.raises(TrainingStopped) as stopped:
        train(half, few[0], recipe, SgdNoise(0), callbacks=Callbacks(pulse=lambda update, loss: update >= 16))
    middle = stopped.value.snapshot
    half.load_state_dict(middle.state)
    end = train(half, few[0], recipe, SgdNoise(0), segment=Segment(middle.update, optimiser=middle.optimiser))
    assert all(torch.equal(end.state[name], value) for name, value in whole.state.items())


@pytest.mark.parametrize("name", ["fp16", "tf32"])
def test_a_cpu_refuses_what_it_can_not_compute(few, name):
    with pytest.raises(ValueError, match=f"{name} is computed on GPUs only"):
        trained(few, name, 1)


def test_flags_are_put_back():
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    with computing_in("tf32", torch.device("cuda")):
        assert torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cudnn.allow_tf32
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before


def test_the_loss_scale_follows_the_rule_of_grad_scaler(monkeypatch):
    monkeypatch.setattr(LossScale, "EVERY", 3)
    theirs = torch.amp.GradScaler("cpu", init_scale=2.0**16, growth_interval=3)
    weight = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=0.0)
    own = LossScale()
    for bad in (0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0):
        gradient = torch.tensor([1.0, math.inf if bad else 2.0])
        theirs.scale(torch.zeros(()))  # makes its tensors
        weight.grad = gradient * own.scale
        theirs.step(optimiser)
        theirs.update()
        found = own.unscale([gradient * own.scale])
        assert (found is None) == bool(bad)
        assert found is None or torch.equal(found[0], gradient)
        assert own.scale == theirs.get_scale()
        assert own.since == theirs.state_dict()["_growth_tracker"]


def test_the_loss_scale_goes_on_from_its_state():
    own = LossScale()
    for bad in (1, 0, 1, 0, 0):
        own.unscale([torch.tensor([math.nan if bad else 1.0])])
    again = LossScale()
    again.load(own.state() | {"momentum/w": torch.zeros(1)})
    assert (again.scale, again.since) == (2.0**14, 2)
    fresh = LossScale()
    fresh.load({"momentum/w": torch.zeros(1)})
    assert (fresh.scale, fresh.since) == (2.0**16, 0)


@pytest.fixture
def half_on_cpu(monkeypatch):
    """torch computes float16 on a CPU too, only slowly: enough to go through the steps."""
    monkeypatch.setattr(precision, "ON_GPUS_ONLY", ())


def test_float16_updates_are_scaled_and_near_float32(few, half_on_cpu):
    (exact, one), (near, other) = (trained(few, name) for name in ("float32", "fp16"))
    apart = sum((one.state[name] - other.state[name]).square().sum() for name in one.state)
    assert 0 < apart < 0.02 * sum(value.square().sum() for value in one.state.values())
    assert evaluate(near, few[1]).error == pytest.approx(evaluate(exact, few[1]).error, abs=0.03)
    assert float(other.optimiser["loss scale"]) == 2.0**16
    assert int(other.optimiser["updates at this loss scale"]) == 60


def test_updates_that_overflow_are_left_out_and_count(few, half_on_cpu, monkeypatch):
    """At such a scale no float16 gradient is finite: the scale falls by a half at each update until one is."""
    monkeypatch.setattr(LossScale, "FIRST", 2.0**40)
    module = network()
    ends = [
        train(
            module if until == 3 else network(),
            few[0],
            Recipe(60, 32, OPTIMISER, precision="fp16"),
            SgdNoise(0),
            segment=Segment(until=until),
        )
        for until in (3, 60)
    ]
    assert all(torch.equal(ends[0].state[name], value) for name, value in network().state_dict().items())
    assert float(ends[0].optimiser["loss scale"]) == 2.0**37
    assert ends[0].update == 3
    assert not ends[1].diverged
    left_out = 40 - int(math.log2(float(ends[1].optimiser["loss scale"])))
    assert int(ends[1].optimiser["updates at this loss scale"]) <= 60 - left_out < 60
    assert not torch.equal(ends[1].state["1.weight"], network().state_dict()["1.weight"])


def test_a_float16_training_goes_on_bitwise(few, half_on_cpu, monkeypatch):
    monkeypatch.setattr(LossScale, "EVERY", 12)
    recipe = Recipe(40, 32, OPTIMISER, precision="fp16")
    whole = train(network(), few[0], recipe, SgdNoise(0))
    half = network()
    middle = train(half, few[0], recipe, SgdNoise(0), segment=Segment(until=17))
    assert int(middle.optimiser["updates at this loss scale"]) == 5
    end = train(half, few[0], recipe, SgdNoise(0), segment=Segment(17, optimiser=middle.optimiser))
    assert all(torch.equal(end.state[name], value) for name, value in whole.state.items())
    assert all(torch.equal(end.optimiser[name], value) for name, value in whole.optimiser.items())


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["bf16", "fp16", "tf32"])
def test_a_gpu_trains_near_float32(cuda, few, few_on_gpu, name):
    exact, _ = trained(few, "float32")
    near, end = trained(few_on_gpu, name, device=cuda)
    assert not end.diverged
    assert evaluate(near, few_on_gpu[1]).error == pytest.approx(evaluate(exact, few[1]).error, abs=0.03)
    if name == "fp16":
        assert float(end.optimiser["loss scale"]) <= 2.0**16


@pytest.mark.gpu
def test_a_float16_training_goes_on_bitwise_with_its_loss_scale(cuda, few_on_gpu):
    recipe = Recipe(40, 32, OPTIMISER, precision="fp16")
    whole = train(network().to(cuda), few_on_gpu[0], recipe, SgdNoise(0))
    half = network().to(cuda)
    middle = train(half, few_on_gpu[0], recipe, SgdNoise(0), segment=Segment(until=17))
    end = train(half, few_on_gpu[0], recipe, SgdNoise(0), segment=Segment(17, optimiser=middle.optimiser))
    assert all(torch.equal(end.state[name], value) for name, value in whole.state.items())
    assert torch.equal(end.optimiser["loss scale"], whole.optimiser["loss scale"])
