"""Scores of criteria that run the network, against naive ones written out for two small networks."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lmcspec.base import streams
from lmcspec.catalog.criteria.grasp import Grasp
from lmcspec.catalog.criteria.snip import Snip
from lmcspec.catalog.criteria.synflow import Synflow
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science import masks
from lmcspec.science.criteria import grasp, masked, snip, synflow
from lmcspec.science.data.resident import Split
from lmcspec.science.dropout import Dropout
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp

SHAPE = (1, 6, 6)
LARGE = 1000
"""A batch that holds all images."""


def images(count: int = 12) -> Split:
    """Noise of three classes, float64, in which the references are computed too."""
    x = torch.from_numpy(streams.normals(count * 36, "init", 5, "images")).view(count, *SHAPE)
    return Split(x, torch.arange(count) % 3)


def small_mlp() -> nn.Module:
    module = construct(mlp.build, Mlp(widths=(5, 4)), SHAPE, 3).double()
    module.load_state_dict(initial_state(module, "default", ("init", 3)))
    return module


def small_convnet() -> nn.Module:
    """With batch norm that has seen images: statistics, scale and shift are no round numbers, some are negative."""
    module = construct(convnet.build, ConvNet(depth=1, width=3, norm="batch"), SHAPE, 3).double()
    state = initial_state(module, "default", ("init", 4))
    draws = torch.from_numpy(streams.normals(12, "init", 6, "norm")).view(4, 3)
    state |= {f"blocks.0.norm.{name}": draws[row] for row, name in enumerate(("weight", "bias", "running_mean"))}
    state["blocks.0.norm.running_var"] = draws[3].square() + 0.5
    module.load_state_dict(state)
    return module


def forward_mlp(state, x):
    x = F.linear(x.flatten(1), state["layers.0.weight"], state["layers.0.bias"]).relu()
    x = F.linear(x, state["layers.1.weight"], state["layers.1.bias"]).relu()
    return F.linear(x, state["classifier.weight"], state["classifier.bias"])


def forward_convnet(state, x, training=True):
    x = F.conv2d(x, state["blocks.0.conv.weight"], state["blocks.0.conv.bias"], padding=1)
    own = {name: state[f"blocks.0.norm.{name}"] for name in ("weight", "bias", "running_mean", "running_var")}
    axes = (0, 2, 3)
    mean, variance = (
        (x.mean(axes), x.var(axes, unbiased=False)) if training else (own["running_mean"], own["running_var"])
    )
    x = (x - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt()
    x = F.avg_pool2d((x * own["weight"][:, None, None] + own["bias"][:, None, None]).relu(), 2)
    return F.linear(x.flatten(1), state["classifier.weight"], state["classifier.bias"])


NETWORKS = {"mlp": (small_mlp, forward_mlp), "convnet": (small_convnet, forward_convnet)}


@pytest.fixture(params=list(NETWORKS))
def network(request):
    """(module, its forward pass as a function of a state and images)."""
    build, forward = NETWORKS[request.param]
    return build(), forward


@pytest.fixture(params=["dense", "sparse"])
def mask(request, network):
    """Everything, or two of three weights."""
    dense = masks.dense(network[0])
    if request.param == "dense":
        return dense
    return {name: (torch.arange(keep.numel()) % 3 != 1).view(keep.shape) for name, keep in dense.items()}


def close(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert value.abs().max() > 1e-12
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-14)


def applied(module, mask):
    return masks.apply(mask, {name: tensor.clone() for name, tensor in module.state_dict().items()})


def test_snip_is_the_gradient_for_a_mask_that_multiplies(network, mask):
    module, forward = network
    state, data = applied(module, mask), images()
    c = {name: torch.ones_like(state[name], requires_grad=True) for name in mask}
    loss = F.cross_entropy(forward(state | {name: c[name] * state[name] for name in c}, data.images), data.labels)
    loss.backward()
    close(snip.scores(module, mask, Snip(batch=LARGE), SHAPE, data), {name: c[name].grad.abs() for name in c})


@pytest.mark.parametrize(("score", "config"), [(snip, Snip), (grasp, Grasp)])
def test_in_evaluation_mode_batch_norm_has_its_running_statistics(score, config):
    """So images are scored one by one: batches do not matter, and the reference has fixed statistics."""
    module, data = small_convnet(), images()
    mask = masks.dense(module)
    found = score.scores(module, mask, config(mode="eval", batch=LARGE), SHAPE, data)
    close(score.scores(module, mask, config(mode="eval", batch=5), SHAPE, data), found)
    assert not torch.allclose(
        found["classifier.weight"], score.scores(module, mask, config(), SHAPE, data)["classifier.weight"]
    )
    if score is snip:
        state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        leaves = [state[name].requires_grad_() for name in mask]
        loss = F.cross_entropy(forward_convnet(state, data.images, training=False), data.labels)
        gradients = torch.autograd.grad(loss, leaves)
        close(found, {n: (g * w).abs().detach() for n, g, w in zip(mask, gradients, leaves, strict=True)})


def hessian_and_gradient(forward, state, names, data, temperature):
    """(H, g) of the loss with respect to all prunable weights, as one vector."""
    sizes = [state[name].numel() for name in names]

    def loss(flat):
        parts = {n: part.view_as(state[n]) for n, part in zip(names, flat.split(sizes), strict=True)}
        return F.cross_entropy(forward(state | parts, data.images) / temperature, data.labels)

    flat = torch.cat([state[name].flatten() for name in names])
    hessian = torch.autograd.functional.hessian(loss, flat)
    return hessian, torch.autograd.functional.jacobian(loss, flat), flat, sizes


@pytest.mark.parametrize("temperature", [200.0, 1.0])
def test_grasp_is_the_weight_times_the_dense_hessian_times_the_gradient(network, mask, temperature):
    module, forward = network
    state, data = applied(module, mask), images()
    hessian, gradient, flat, sizes = hessian_and_gradient(forward, state, list(mask), data, temperature)
    alive = torch.cat([keep.flatten() for keep in mask.values()])
    product = flat * (hessian @ (gradient * alive))
    parts = zip(mask, product.split(sizes), strict=True)
    expected = {name: part.view_as(mask[name]) for name, part in parts}
    close(grasp.scores(module, mask, Grasp(batch=LARGE, temperature=temperature), SHAPE, data), expected)


def test_a_small_grasp_score_is_a_weight_whose_removal_raises_the_gradient_norm():
    """The derivative of |g|^2 / 2 as a weight shrinks is minus its score: the smallest are those to prune."""
    module, data = small_mlp(), images()
    dense = masks.dense(module)
    found = grasp.scores(module, dense, Grasp(batch=LARGE, temperature=2.0), SHAPE, data)
    state = module.state_dict()
    name, step = "classifier.weight", 1e-5

    def half_square(scale, place):
        changed = state | {name: state[name].clone()}
        changed[name].view(-1)[place] *= scale
        _, gradient, *_ = hessian_and_gradient(forward_mlp, changed, list(dense), data, 2.0)
        return gradient.square().sum().item() / 2

    scores = found[name].flatten()
    for place in (int(scores.argmin()), int(scores.argmax())):
        slope = (half_square(1 - step, place) - half_square(1 + step, place)) / (2 * step)
        assert slope == pytest.approx(-float(scores[place]), rel=1e-4)
    assert scores.min() < 0 < scores.max()


def two_of_three(module):
    return {name: (torch.arange(m.numel()) % 3 != 1).view(m.shape) for name, m in masks.dense(module).items()}


@pytest.mark.parametrize("choose", [masks.dense, two_of_three])
def test_synflow_is_what_reaches_a_weight_times_it_times_what_its_unit_passes_on(choose):
    """A closed form for an MLP of absolute values, in which every ReLU is open."""
    module = small_mlp()
    mask = choose(module)
    names, state = list(mask), applied(module, mask)
    w = [state[name].abs() for name in names]
    b = [state[name.replace("weight", "bias")].abs() for name in names]
    reaching, passing = [torch.ones(36, dtype=torch.float64)], [torch.ones(3, dtype=torch.float64)]
    for weight, bias in zip(w[:-1], b[:-1], strict=True):
        reaching.append(weight @ reaching[-1] + bias)
    for weight in reversed(w[1:]):
        passing.insert(0, weight.T @ passing[0])
    expected = {n: p[:, None] * v * r for n, v, p, r in zip(names, w, passing, reaching, strict=True)}
    close(synflow.scores(module, mask, Synflow(), SHAPE), expected)


def test_synflow_takes_the_absolute_value_of_everything_that_batch_norm_holds():
    module = small_convnet()
    mask = two_of_three(module)
    state = {name: tensor.abs() for name, tensor in applied(module, mask).items()}
    leaves = {name: state[name].requires_grad_() for name in mask}
    forward_convnet(state, torch.ones(1, *SHAPE, dtype=torch.float64), training=False).sum().backward()
    expected = {name: (leaf.grad * leaf).abs().detach() for name, leaf in leaves.items()}
    close(synflow.scores(module, mask, Synflow(), SHAPE), expected)


def test_synflow_needs_no_small_numbers():
    """The flow of this network is over float32's largest number, its ranking is not disturbed."""
    module = small_mlp().float()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1e14)
    found = synflow.scores(module, masks.dense(module), Synflow(), SHAPE)
    assert all(value.dtype == torch.float64 and value.isfinite().all() for value in found.values())
    assert max(float(value.max()) for value in found.values()) > 1e39


def test_masked_weights_score_nothing_and_survivors_are_scored_under_the_mask(network):
    module, _ = network
    mask = two_of_three(module)
    for score, config in ((snip, Snip()), (grasp, Grasp()), (synflow, Synflow())):
        found = score.scores(module, mask, config, SHAPE, images())
        dense = score.scores(module, masks.dense(module), config, SHAPE, images())
        masks.assert_masked(found, mask)
        name = "classifier.weight"
        assert not torch.equal(found[name][mask[name]], dense[name][mask[name]])


@pytest.mark.parametrize("training", [True, False])
def test_the_module_stays_as_it_is(network, training):
    module = network[0].train(training)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    for score, config in ((snip, Snip()), (grasp, Grasp()), (synflow, Synflow())):
        score.scores(module, two_of_three(module), config, SHAPE, images())
        assert module.training is training
        assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
        assert all(parameter.grad is None for parameter in module.parameters())


class Fancy(nn.Module):
    """A layer seen through buffers of each kind of number, which together leave its logits as they are."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("order", torch.tensor([-1, 1, -3]))  # the outputs 2, 1 and 0, twice
        self.register_buffer("use", torch.ones(36, dtype=torch.bool))
        self.register_buffer("whole", torch.ones(3, dtype=torch.uint8), persistent=False)
        self.register_buffer("turn", torch.tensor(1j))
        self.fixed = nn.Parameter(torch.tensor([2, 1, 0], dtype=torch.int16), requires_grad=False)

    def forward(self, x):
        x = torch.where(self.use.view(1, *SHAPE), x, 7.0)
        logits = self.inner(x)[:, self.order][:, self.fixed.long()] * self.whole
        return (logits * self.turn).imag


@pytest.mark.parametrize(("score", "config"), [(snip, Snip()), (grasp, Grasp()), (synflow, Synflow())])
def test_buffers_of_whole_truth_and_complex_numbers_stay(score, config):
    module = small_mlp()
    wanted = score.scores(module, two_of_three(module), config, SHAPE, images())
    found = score.scores(Fancy(module), two_of_three(Fancy(module)), config, SHAPE, images())
    close({name.removeprefix("inner."): value for name, value in found.items()}, wanted)


@pytest.mark.parametrize(("score", "config"), [(snip, Snip), (grasp, Grasp)])
def test_without_batch_norm_the_size_of_batches_does_not_matter(score, config):
    module = small_mlp()
    mask = two_of_three(module)
    whole = score.scores(module, mask, config(batch=LARGE), SHAPE, images(11))
    close(score.scores(module, mask, config(batch=4), SHAPE, images(11)), whole)


def test_batches_hold_every_class_even_where_images_are_sorted():
    sorted_ = Split(torch.zeros(31, *SHAPE), torch.arange(31) * 3 // 31)
    found = list(masked.batches(sorted_, 10))
    assert [len(y) for _, y, _ in found] == [8, 8, 8, 7]
    assert all(set(y.tolist()) == {0, 1, 2} for _, y, _ in found)
    assert sum(share for *_, share in found) == pytest.approx(1)
    assert sorted(int(label) for _, y, _ in found for label in y) == sorted_.labels.tolist()


def test_the_real_thing_is_float32_and_agrees(network):
    module, data = network[0], images()
    mask = masks.dense(module)
    wide = grasp.scores(module, mask, Grasp(), SHAPE, data)
    narrow = Split(data.images.float(), data.labels)
    found = grasp.scores(module.float(), mask, Grasp(), SHAPE, narrow)
    for name, value in wide.items():
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name].double(), value, rtol=1e-3, atol=float(value.abs().max()) * 1e-4)


class Twofold(nn.Module):
    """Dropout, and a second classifier in training."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.fc, self.auxiliary = nn.Linear(36, 5), nn.Linear(5, 3), nn.Linear(5, 3)
        self.dropout = Dropout(0.5)

    def forward(self, x):
        hidden = self.body(x.flatten(1)).tanh()
        logits = self.fc(self.dropout(hidden))
        return (logits, self.auxiliary(hidden)) if self.training else logits


def twofold() -> nn.Module:
    module = Twofold().double()
    module.load_state_dict(initial_state(module, "default", ("init", 8)))
    return module


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_snip_knows_an_auxiliary_classifier_and_no_dropout(mode):
    module, split = twofold().train(), images()
    found = snip.scores(module, masks.dense(module), Snip(mode=mode, batch=LARGE), SHAPE, split)
    again = snip.scores(module, masks.dense(module), Snip(mode=mode, batch=LARGE), SHAPE, split)
    x, y = split.batch(torch.arange(12))
    hidden = module.body(x.flatten(1)).tanh()
    loss = F.cross_entropy(module.fc(hidden), y)
    if mode == "train":
        loss = loss + 0.4 * F.cross_entropy(module.auxiliary(hidden), y)
    loss.backward()
    for name in ("body.weight", "fc.weight", "auxiliary.weight"):
        weight = module.get_parameter(name)
        gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
        torch.testing.assert_close(found[name], (gradient * weight).abs().detach())
        assert torch.equal(found[name], again[name])
    assert (found["auxiliary.weight"].abs().max() > 0) == (mode == "train")
    assert all(part.training for part in module.modules())


def test_other_criteria_score_what_they_do_not_use_as_nothing():
    module, split = twofold(), images()
    for found in (
        grasp.scores(module, masks.dense(module), Grasp(mode="eval", batch=LARGE), SHAPE, split),
        synflow.scores(module, masks.dense(module), Synflow(), SHAPE),
    ):
        assert found["auxiliary.weight"].eq(0).all()
        assert found["fc.weight"].abs().min() > 0
    trained = grasp.scores(module, masks.dense(module), Grasp(mode="train", batch=LARGE), SHAPE, split)
    assert trained["auxiliary.weight"].abs().min() > 0
