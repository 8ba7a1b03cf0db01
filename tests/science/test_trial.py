"""Which way is the quickest: the least of several rounds counts, the first is left out, and a small gain is none."""

import pytest
from torch import nn

from lmcspec.science import trial
from lmcspec.science.trial import Trial, quickest, seconds_of_update

TRIAL = Trial(4, (1, 2, 2), 10, "float32")


def test_the_least_of_all_rounds_but_the_first(monkeypatch):
    clock = {"one": iter([0.0, 5.0, 3.0, 4.0]), "other": iter([9.0, 2.9, 9.0, 2.5])}
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
    ways = {name: lambda name=name: name for name in clock}
    monkeypatch.setattr(trial, "_timed", lambda forward, *given: next(clock[forward]))
    monkeypatch.setattr(trial, "ROUNDS", 3)
    assert seconds_of_update(module, TRIAL, ways) == {"one": 3.0, "other": 2.5}


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({"first": 3.0, "other": 2.5}, "other"),
        ({"first": 3.0, "other": 2.9}, "first"),
        ({"first": 3.0, "other": 2.5, "third": 2.4}, "third"),
        ({"first": 3.0}, "first"),
    ],
)
def test_what_is_taken(seconds, best):
    assert quickest(seconds) == best


def test_all_parameters_count_and_none_has_to():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
    module.register_parameter("unused", nn.Parameter(module[1].bias.detach().clone()))
    took = seconds_of_update(module, TRIAL, {"eager": lambda: module})
    assert 0 < took["eager"] < 10
    assert all(parameter.grad is None for parameter in module.parameters())
