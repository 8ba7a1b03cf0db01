"""Which layout a task takes: measured by the first long training of a model, kept, and said in the record."""

import pytest
import torch
from context_for_tests import CONVNET, MLP, SEEDS, TestContext, neutral, recipe, training

from lmcspec.science import layout as measuring
from lmcspec.tasks import layouts
from lmcspec.tasks.train import run

LONG = recipe(length=layouts.LEAST, batch=4)


@pytest.fixture
def measured(monkeypatch):
    """The layouts as if channels last were twice as quick; how often that was measured."""
    times = []

    def seconds(module, trial):
        times.append(trial)
        return {"channels-first": 2.0, "channels-last": 1.0}

    monkeypatch.setattr(measuring, "seconds_of_update", seconds)
    return times


def module_of(ctx, part=CONVNET, how=LONG, updates=layouts.LEAST):
    from lmcspec.tasks import read
    from lmcspec.tasks.train import recipe_of

    return layouts.measured(ctx, part, read.module(part), recipe_of(how), updates)


def is_last(module):
    return any(
        parameter.ndim == 4
        and parameter.is_contiguous(memory_format=torch.channels_last)
        and not parameter.is_contiguous()
        for parameter in module.parameters()
    )


def test_the_first_answer_is_kept(tmp_path, measured):
    ctx = TestContext(tmp_path)
    wide = CONVNET.of({**CONVNET.value, "shape": [3, 8, 8]})
    assert is_last(module_of(ctx, wide)) and len(measured) == 1
    assert measured[0].batch == 4 and measured[0].shape == (3, 8, 8)
    assert ctx.numerics["layout"] == "channels-last" and "channels-last" in ctx.lines[-1]
    again = TestContext(tmp_path, facts=ctx.facts)
    assert is_last(module_of(again, wide, updates=1)) and is_last(layouts.network(again, wide)) and len(measured) == 1
    assert again.numerics["layout"] == "channels-last"


def test_others_measure_anew(tmp_path, measured):
    ctx = TestContext(tmp_path)
    module_of(ctx)
    for name, other in (("cpu", "another"), ("device", "H200"), ("threads", 2), ("torch", "3")):
        elsewhere = TestContext(tmp_path, facts=ctx.facts)
        elsewhere.numerics[name] = other
        before = len(measured)
        module_of(elsewhere)
        assert len(measured) == before + 1, name


def test_short_trainings_and_networks_without_convolutions_stay_as_they_are(tmp_path, measured):
    ctx = TestContext(tmp_path)
    assert not is_last(module_of(ctx, updates=layouts.LEAST - 1))
    module_of(ctx, MLP)
    assert not measured and not ctx.facts and "layout" not in ctx.numerics


@pytest.mark.parametrize("kept", [{}, {"layout": "sideways"}, {"layout": ["channels-last"]}, {"layout": None}])
def test_what_is_no_layout_counts_as_nothing(tmp_path, measured, kept):
    ctx = TestContext(tmp_path)
    module_of(ctx)
    (key,) = ctx.facts
    other = TestContext(tmp_path, facts={key: kept})
    assert not is_last(layouts.network(other, CONVNET))


def test_a_long_training_says_in_which_layout_it_was_computed(tmp_path):
    params = training(CONVNET, until=layouts.LEAST, how=LONG)
    ctx = TestContext(tmp_path, neutral=neutral(params))
    assert run(ctx, params, dict(SEEDS)).scalars["update"] == layouts.LEAST
    assert ctx.numerics["layout"] in measuring.LAYOUTS and any("layout" in fact for fact in ctx.facts.values())
