"""Instance norm, ReLU and pooling image by image: the three operations of torch, to rounding."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from lmcspec.science.models import by_image
from lmcspec.science.models.by_image import pooled


def last(tensor):
    return tensor.contiguous(memory_format=torch.channels_last)


def drawn(shape, dtype=torch.float64, offset=0.0):
    draws = torch.Generator().manual_seed(0)
    norm = nn.GroupNorm(shape[1], shape[1]).to(dtype)
    for parameter in norm.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=draws))
    return last(torch.randn(shape, generator=draws, dtype=dtype) * 3 + offset), norm


def by_torch(x, norm):
    return functional.avg_pool2d(norm(x).relu(), 2)


@pytest.fixture
def used(monkeypatch):
    """How often images were taken one by one."""
    times, apply = [], by_image._ByImage.apply
    monkeypatch.setattr(by_image._ByImage, "apply", lambda *given: (times.append(1), apply(*given))[1])
    return times


def gradients(way, x, norm):
    x = x.detach().requires_grad_()
    answer = way(x, norm)
    weights = torch.sin(torch.arange(answer.numel(), dtype=x.dtype)).view(answer.shape)
    return [answer.detach(), *torch.autograd.grad((answer * weights).sum(), [x, norm.weight, norm.bias])]


@given(st.tuples(st.integers(1, 3), st.integers(2, 5), st.integers(2, 7), st.integers(2, 7)), st.floats(-100, 100))
def test_it_is_the_three_operations(shape, offset):
    x, norm = drawn(shape, offset=offset)
    x[0, 0] = 3.0  # a channel without variance
    for ours, theirs in zip(gradients(pooled, x, norm), gradients(by_torch, x.contiguous(), norm), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_in_float32_it_is_as_close_to_the_truth_as_torch(used):
    x, norm = drawn((4, 16, 12, 12), torch.float32, offset=30.0)
    truth = gradients(by_torch, x.double().contiguous(), drawn((4, 16, 12, 12), offset=30.0)[1].float().double())
    for ours, theirs, true in zip(
        gradients(pooled, x, norm), gradients(by_torch, x.contiguous(), norm), truth, strict=True
    ):
        assert (ours - true).abs().max() <= 4 * (theirs - true).abs().max() + 1e-6 * true.abs().max()
    assert used


@pytest.mark.parametrize("frozen", [(), (0,), (1, 2)])
def test_it_can_be_differentiated_twice(used, frozen):
    x, norm = drawn((2, 3, 4, 5))
    inputs = (x.requires_grad_(), norm.weight, norm.bias)
    for place in frozen:
        inputs[place].requires_grad_(False)
    assert torch.autograd.gradgradcheck(lambda *inputs: by_image._ByImage.apply(*inputs, norm.eps), inputs)
    assert used


def test_images_do_not_see_each_other(used):
    x, norm = drawn((5, 4, 6, 6), torch.float32)
    assert torch.equal(pooled(x, norm)[2:3], pooled(last(x[2:3]), norm)) and len(used) == 2


def test_an_input_that_was_changed_since_is_not_differentiated(used):
    x, norm = drawn((2, 4, 6, 6))
    before = x.clone()
    answer = pooled(x.requires_grad_(), norm)
    assert torch.equal(x, before) and answer.is_contiguous(memory_format=torch.channels_last) and used
    with torch.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        answer.sum().backward()


class Hooked(nn.GroupNorm):
    """One that somebody listens to."""

    def __init__(self, channels):
        super().__init__(channels, channels)
        self.register_forward_hook(lambda *_: None)


@pytest.mark.parametrize(
    ("norm", "change"),
    [
        (nn.GroupNorm(4, 4), torch.Tensor.contiguous),
        (nn.GroupNorm(2, 4), last),
        (nn.GroupNorm(4, 4, affine=False), last),
        (nn.BatchNorm2d(4), last),
        (nn.Identity(), last),
        (Hooked(4), last),
        (nn.GroupNorm(4, 4).double(), lambda x: last(x.double())[..., :1, :].expand(-1, -1, 4, -1)),
    ],
)
def test_elsewhere_it_is_torch_to_the_bit(used, norm, change):
    x = change(drawn((2, 4, 6, 6), torch.float32)[0])
    assert torch.equal(pooled(x, norm), by_torch(x, norm)) and not used


def test_transforms_of_functions_go_through(used):
    x, norm = drawn((3, 4, 6, 6))
    scales = torch.tensor([1.0, 2.0], dtype=torch.float64)
    many = torch.vmap(lambda scale: pooled(x * scale, norm))(scales)
    one = torch.stack([by_torch(x * scale, norm) for scale in scales])
    torch.testing.assert_close(many, one)
    slope = torch.func.grad(lambda scale: pooled(x * scale, norm).sum())(scales[0])
    apart = (by_torch(x * 1.00001, norm) - by_torch(x * 0.99999, norm)).sum() / 2e-5
    torch.testing.assert_close(slope, apart, rtol=1e-3, atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        pooled(x, norm)
    assert not used
