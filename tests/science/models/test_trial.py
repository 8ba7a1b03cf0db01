"""Models of somebody's, tried on two images: each works, or ends in a sentence with what to write."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from lmcspec.catalog import Named
from lmcspec.science.dropout import Dropout
from lmcspec.science.models import construct
from lmcspec.science.models.suited import ModelError
from lmcspec.science.models.trial import built_without_values, tried


class Small(nn.Module):
    def __init__(self, middle=None, outputs=3, give=lambda logits: logits, **held):
        super().__init__()
        self.first, self.middle, self.head = nn.Linear(16, 4), middle or nn.Identity(), nn.Linear(4, outputs)
        self.give = give
        for name, tensor in held.items():
            self.register_parameter(name, nn.Parameter(tensor))

    def forward(self, x):
        return self.give(self.head(self.middle(self.first(x.flatten(1)))))


class Recurrent(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.layer(x[:, 0])[0][:, -1])


class TwoInTraining(Small):
    def forward(self, x):
        logits = super().forward(x)
        return (logits, logits) if self.training else logits


class Failing(nn.Module):
    def __init__(self):
        raise RuntimeError("no such backbone")


def buffered():
    module = Small(scale=torch.tensor(1.0))
    module.register_buffer("seen", torch.tensor(2.0), persistent=False)
    return module


def with_first(wrap):
    module = Small()
    wrap(module.first)
    return module


def try_out(make):
    return tried(lambda: construct(lambda *_: make(), Named(name="x"), (1, 4, 4), 3), (1, 4, 4), 3)


@pytest.mark.parametrize(
    "make",
    [
        Small,
        TwoInTraining,
        buffered,
        lambda: Recurrent(nn.GRU),
        lambda: Recurrent(nn.LSTM),
        lambda: Small(nn.BatchNorm1d(4, affine=False)),
        lambda: with_first(parametrizations.weight_norm),
        lambda: with_first(parametrizations.spectral_norm),
        pytest.param(
            lambda: with_first(nn.utils.weight_norm),
            marks=pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning"),
        ),
    ],
)
def test_works_and_stays_as_it_was(make):
    torch.manual_seed(0)
    module = try_out(make)
    torch.manual_seed(0)
    other = construct(lambda *_: make(), Named(name="x"), (1, 4, 4), 3)
    assert module.training and all(parameter.grad is None for parameter in module.parameters())
    assert {name: value.shape for name, value in module.state_dict().items()} == {
        name: value.shape for name, value in other.state_dict().items()
    }


@pytest.mark.parametrize(
    ("make", "words", "help"),
    [
        (Failing, "can't be built: RuntimeError: no such backbone (test_trial.py:", "`build(config"),
        (lambda: Small, "gives the class Small", "torch.nn.Module"),
        (lambda: None, "gives a NoneType", "torch.nn.Module"),
        (lambda: Small(torch.jit.ScriptModule()), "'middle' is compiled", "torch.jit"),
        (nn.Flatten, "no parameters to train", "attributes"),
        (lambda: Small(nn.LazyLinear(4)), "'middle'", "`build`"),
        (lambda: Small(nn.BatchNorm1d(4, track_running_stats=False)), "'middle' has no running", "nn.GroupNorm"),
        (
            lambda: Small(phase=torch.ones(2, dtype=torch.complex64)),
            "'phase' of the model is complex64",
            "torch.complex",
        ),
        (lambda: Small(fine=torch.ones(2, dtype=torch.float64)), "'fine' of the model is float64", "float32"),
        (lambda: nn.Sequential(nn.Conv2d(3, 3, 4), nn.Flatten()), "takes no images of 1x4x4", "another study's"),
        (lambda: Small(outputs=5), "tensor (2, 3), and gives (2, 5)", "`classes`"),
        (lambda: Small(give=lambda logits: (logits, 1)), "and gives a tuple", "logits alone"),
        (lambda: Small(give=lambda logits: {"logits": logits}), "and gives a dict", "logits alone"),
        (lambda: Small(give=lambda logits: logits.detach()), "has no gradient", "differentiable"),
        (lambda: Small(nn.Dropout(0.5)), "'middle' draws", "lmcspec.science.dropout.Dropout"),
        (lambda: Small(give=lambda x: x + torch.rand(1)), "draws from torch's global", "science.dropout.Dropout"),
    ],
)
def test_ends_in_a_sentence(make, words, help):
    with pytest.raises(ModelError) as error:
        try_out(make)
    assert words in str(error.value) and help in f"{error.value} {error.value.help}"


OWN = torch.Generator()


class Counting(Small):
    """What it does hangs on how often it was called; `where` says whether as a buffer."""

    def __init__(self, where, training=True):
        super().__init__()
        self.seen, self.only = 0, training
        if where == "buffer":
            del self.seen
            self.register_buffer("seen", torch.tensor(0.0))

    def forward(self, x):
        if self.training or not self.only:
            self.seen += 1
        return super().forward(x) * self.seen


def drawing(draw, training=False):
    module = Small()
    module.give = lambda x: x * draw() if module.training or not training else x
    return module


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (random.random, "draws from Python's `random`"),
        (lambda: random.choice([0.5, 0.5]), "draws from Python's `random`"),
        (lambda: float(np.random.rand()), "draws from numpy's global generator"),
        (lambda: float(np.random.normal()), "draws from numpy's global generator"),
        (lambda: float(torch.rand(1)), "draws from torch's global generator"),
        (random.Random().random, "other logits for the same images"),
        (random.SystemRandom().random, "other logits for the same images"),
        (lambda: np.random.default_rng().random(), "other logits for the same images"),
        (np.random.default_rng(0).random, "other logits for the same images"),
        (lambda: float(torch.rand(1, generator=OWN)), "other logits for the same images"),
    ],
)
@pytest.mark.parametrize("training", [False, True])
def test_what_draws_in_forward_is_refused(draw, words, training):
    with pytest.raises(ModelError, match=words) as error:
        try_out(lambda: drawing(draw, training))
    assert "let it draw nothing" in error.value.help


def test_what_counts_its_calls_counts_them_in_a_buffer():
    try_out(lambda: Counting("buffer"))
    with pytest.raises(ModelError, match="other logits") as error:
        try_out(lambda: Counting("attribute"))
    assert "a buffer" in error.value.help
    with pytest.raises(ModelError, match="other logits"):
        try_out(lambda: Counting("buffer", training=False))


def test_dropout_by_its_own_stream_works():
    assert try_out(lambda: Small(Dropout(0.5))).training


@pytest.mark.slow
def test_a_compiled_model_is_refused():
    with pytest.raises(ModelError, match="the model is compiled"):
        try_out(lambda: torch.compile(Small()))


def test_what_looks_at_values_as_it_is_built_is_refused():
    def scaled():
        module = Small()
        module.head.weight.data /= module.head.weight.abs().max().item()
        return module

    try_out(scaled)

    def without_values():
        with torch.device("meta"):
            return scaled()

    with pytest.raises(ModelError, match=r"`meta`.*test_trial.py") as error:
        built_without_values(without_values)
    assert "look at no values" in error.value.help
