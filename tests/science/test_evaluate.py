import numpy as np
import pytest
import torch
from torch import nn

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import InOrder, evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet


@pytest.fixture
def module():
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), (1, 8, 8), 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


def test_errors_and_loss_are_those_of_the_formula(module, few):
    found = evaluate(module, few[0], batch=64)
    module.eval()
    with torch.no_grad():
        logits = module(few[0].images).double().numpy()
    rows = np.arange(300)
    loss = np.mean(np.log(np.exp(logits).sum(1)) - logits[rows, few[0].labels])
    assert found.images == 300
    assert found.errors == (logits.argmax(1) != few[0].labels.numpy()).sum()
    assert found.loss == pytest.approx(loss, abs=1e-6)
    assert found.error == found.errors / 300


@pytest.mark.parametrize("batch", [1, 7, 299, 1000])
def test_the_batch_size_does_not_matter(module, few, batch):
    found, expected = evaluate(module, few[0], batch), evaluate(module, few[0])
    assert found.errors == expected.errors
    assert found.loss == pytest.approx(expected.loss, abs=1e-6)


def test_counts_and_losses_are_exact_where_float32_has_lost_count():
    """2^24 + 1 is no float32; neither does a sum of as many losses fit there."""

    class Fixed(nn.Module):
        def forward(self, x):
            return torch.tensor([[0.0, 1.0]]).expand(len(x), 2)

    count = 2**24 + 3
    images = torch.zeros(1, dtype=torch.uint8).expand(count, 1, 1, 1)
    found = evaluate(Fixed(), Split(images, torch.zeros(1, dtype=torch.int64).expand(count)), batch=2**21)
    assert (found.images, found.errors, found.error) == (count, count, 1.0)
    each = torch.nn.functional.cross_entropy(torch.tensor([[0.0, 1.0]]), torch.tensor([0])).double().item()
    assert found.loss == pytest.approx(each, rel=1e-13)


def test_modes_statistics_and_gradients_are_left_as_they_were(module, few):
    module.train()
    module.blocks[1].eval()
    modes = [part.training for part in module.modules()]
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    evaluate(module, few[0])
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


def test_nan_is_an_error_even_for_class_zero():
    class Broken(nn.Module):
        def forward(self, x):
            return torch.full((len(x), 10), float("nan"))

    found = evaluate(Broken(), Split(torch.zeros(4, 1, 1, 1), torch.zeros(4, dtype=torch.int64)))
    assert found.errors == 4 and found.loss != found.loss


def test_held_batches_are_the_ones_made_anew(few):
    for (x, y), (u, v) in zip(InOrder(few[0], 70), InOrder(few[0], 70, hold=True), strict=True):
        assert torch.equal(x, u) and torch.equal(y, v)


@pytest.mark.gpu
def test_a_gpu_finds_the_same_errors_and_loss(cuda, module, few, few_on_gpu):
    expected = evaluate(module, few[0])
    module.to(cuda)
    found = evaluate(module, few_on_gpu[0], batch=64)
    assert found.images == expected.images
    # An image whose two best classes are equal up to rounding may go either way.
    assert abs(found.errors - expected.errors) <= 1
    assert found.loss == pytest.approx(expected.loss, rel=1e-5)
    assert evaluate(module, few_on_gpu[0], batch=64) == found
