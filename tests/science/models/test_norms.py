import pytest
import torch

from lmcspec.science.models.norms import make_norm


def test_layer_is_over_the_channels_of_each_pixel():
    norm = make_norm("layer", 6)
    x = 5 + 3 * torch.randn(2, 6, 4, 3, generator=torch.Generator().manual_seed(0))
    y = norm(x)
    torch.testing.assert_close(y.mean(1), torch.zeros(2, 4, 3), rtol=0, atol=1e-6)
    torch.testing.assert_close(y.var(1, unbiased=False), torch.ones(2, 4, 3), rtol=1e-4, atol=0)
    other = x.clone()
    other[0, :, 1, 2] += torch.arange(6.0)
    changed = (norm(other) != y).any(1)
    assert changed[0, 1, 2] and changed.sum() == 1


@pytest.mark.parametrize(("name", "equal"), [("batch", True), ("layer", True), ("group", False)])
def test_which_norms_let_channels_change_places(name, equal):
    """32 groups of two channels: a permutation that parts them is another function."""
    norm = make_norm(name, 64)
    draws = torch.Generator().manual_seed(0)
    x = torch.randn(3, 64, 2, 2, generator=draws) * torch.linspace(0.5, 5, 64).view(-1, 1, 1)
    norm.weight.data.uniform_(0.5, 2, generator=draws)
    norm.bias.data.uniform_(-1, 1, generator=draws)
    places = torch.randperm(64, generator=draws)
    y = norm(x)
    norm.weight.data, norm.bias.data = norm.weight.data[places], norm.bias.data[places]
    assert torch.allclose(norm(x[:, places]), y[:, places], atol=1e-5) == equal


def test_layer_norm_can_be_traced():
    """Permutations are found by tracing."""
    from torch import fx

    norm = make_norm("layer", 3)
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(fx.symbolic_trace(norm)(x), norm(x))


@pytest.mark.parametrize("name", ["batch", "layer", "group", "none"])
def test_norms_leave_the_layout_alone(name):
    """With channels last, gradients of narrow 1x1 convolutions with stride 2 corrupt the memory on some CPUs."""
    assert make_norm(name, 4)(torch.zeros(2, 4, 6, 6)).is_contiguous()


def test_unknown_norms_and_groups_that_do_not_divide():
    with pytest.raises(ValueError, match="weight"):
        make_norm("weight", 4)
    assert make_norm("instance", 4).num_groups == 4
    with pytest.raises(ValueError, match="32 groups"):
        make_norm("group", 48)
    assert make_norm("group", 4).num_groups == 4
