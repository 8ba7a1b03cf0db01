"""An optimiser that breaks a law of all optimisers ends in a sentence with its name, its package and the tensor."""

import pytest
import torch
from torch import nn

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data.resident import Split
from lmcspec.science.optimisers.laws import BrokenLaw
from lmcspec.science.optimisers.sgd import SgdSteps
from lmcspec.science.train import Segment, train

DATA = Split(torch.randn(16, 1, 2, 3, generator=torch.Generator().manual_seed(0)), torch.arange(16) % 3)
MASK = {"1.weight": torch.arange(18).view(3, 6) % 2 == 0}
RECIPE = Recipe(6, 8, Sgd(lr=0.1, momentum=0.5))
step, state, load = SgdSteps.step, SgdSteps.state, SgdSteps.load


def network():
    module = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    with torch.no_grad():
        module[1].weight.copy_(torch.linspace(-1, 1, 18).view(3, 6))
        module[1].bias.zero_()
    return module


def then(change):
    """A step, and then what a careless one does besides."""

    def stepped(self, gradients, lr):
        step(self, gradients, lr)
        change(self)

    return stepped


def elsewhere(self, gradients, lr):
    self._parameters = [w - lr * g for w, g in zip(self._parameters, gradients, strict=True)]


def late(self):
    self.steps = getattr(self, "steps", 0) + 1
    if self.steps == 3:
        self._parameters[0].add_(1e-3)


BROKEN = {
    "moves pruned weights": (
        "step",
        then(lambda self: self._parameters[0].add_(1e-3)),
        "after its first step 9 masked",
    ),
    "moves them later": ("step", then(late), "after update 6 9 masked weights of '1.weight'"),
    "makes them no numbers": (
        "step",
        then(lambda self: self._parameters[0][0, 1].fill_(torch.nan)),
        "1 masked weights",
    ),
    "moves their moments": ("step", then(lambda self: self._momenta[0].add_(1)), "weights of 'momentum/1.weight'"),
    "makes new tensors": ("step", elsewhere, "has moved no weight with its first step, not of '1.weight' either"),
    "puts others in their place": (
        "step",
        then(lambda self: setattr(self._parameters[1], "data", torch.ones(3))),
        "puts another tensor in the place of '1.bias'",
    ),
    "forgets its moments": ("state", lambda self: {}, "leaves its moment 'momentum/1.bias' out of its state"),
    "keeps a number": ("state", lambda self: {**self.moments, "t": 3}, "keeps 't' as int, no tensor"),
    "has no moments": (
        "moments",
        property(lambda self: None, lambda *_: None),
        "has NoneType for its moments, no dict",
    ),
    "keeps more than its card says": (
        "moments",
        property(lambda self: {f"{what}/1.bias": torch.zeros(3) for what in "ab"}, lambda *_: None),
        "keeps 2 moments of each weight, more than its card says",
    ),
    "has moments of another shape": (
        "state",
        lambda self: {name: moment.flatten() for name, moment in self.moments.items()},
        r"keeps 'momentum/1.weight' in the shape \(18,\), where its parameter has \(3, 6\)",
    ),
}
RESUMED = {
    "goes on with other moments": (
        "load",
        lambda self, told: load(self, {name: moment * 2 for name, moment in told.items()}),
        "has another 'momentum/1.bias' after it has loaded",
    ),
    "can't load what it stored": ("load", lambda self, told: told["velocity"], "stored: KeyError: 'velocity'"),
    "loads another shape": (
        "load",
        lambda self, told: load(self, {name: moment.flatten() for name, moment in told.items()}),
        "stored: ValueError: this state is of another optimiser or model",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_it_is_said_what_a_run_of_it_breaks(case, monkeypatch):
    method, broken, said = BROKEN[case]
    monkeypatch.setattr(SgdSteps, method, broken, raising=False)
    with pytest.raises(BrokenLaw, match=f"^the optimiser 'sgd' of lmcspec .*{said}") as caught:
        train(network(), DATA, RECIPE, SgdNoise(0), mask=MASK)
    assert caught.value.help.startswith("mend its package: ")


@pytest.mark.parametrize("case", RESUMED)
def test_it_is_said_what_going_on_with_it_breaks(case, monkeypatch):
    method, broken, said = RESUMED[case]
    short = train(network(), DATA, RECIPE, SgdNoise(0), mask=MASK, segment=Segment(until=3))
    assert all(moment.any() for moment in short.optimiser.values())
    monkeypatch.setattr(SgdSteps, method, broken)
    with pytest.raises(BrokenLaw, match=f"^the optimiser 'sgd' of lmcspec .*{said}"):
        train(network(), DATA, RECIPE, SgdNoise(0), mask=MASK, segment=Segment(3, optimiser=short.optimiser))
