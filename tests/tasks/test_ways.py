"""Which way a task takes: measured by the first long training of a model, kept, and said in the record."""

import pytest
import torch
from context_for_tests import CONVNET, MLP, SEEDS, Done, TestContext, neutral, recipe, training

from lmcspec.science import compiled as compiling
from lmcspec.science import layout as measuring
from lmcspec.science.computed import Computed
from lmcspec.tasks import ways
from lmcspec.tasks.train import run

LONG = recipe(length=ways.LEAST, batch=4)


@pytest.fixture
def measured(monkeypatch):
    """Layouts as if channels last were twice as quick; how often that was measured."""
    times = []

    def seconds(module, trial):
        times.append(trial)
        return {"channels-first": 2.0, "channels-last": 1.0}

    monkeypatch.setattr(measuring, "seconds_by_layout", seconds)
    return times


def module_of(ctx, part=CONVNET, how=LONG, updates=ways.LEAST):
    from lmcspec.tasks import read
    from lmcspec.tasks.training import recipe_of

    return ways.trained_in(ctx, part, read.module(part), recipe_of(how), updates).module


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
    assert ctx.numerics["layout"] == "channels-last" and "channels-last 1 s" in ctx.lines[-1]
    again = TestContext(tmp_path, facts=ctx.facts)
    assert is_last(module_of(again, wide, updates=1)) and is_last(ways.network(again, wide)) and len(measured) == 1
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
    assert not is_last(module_of(ctx, updates=ways.LEAST - 1))
    module_of(ctx, MLP)
    assert not measured and not ctx.facts and "layout" not in ctx.numerics


@pytest.mark.parametrize("kept", [{}, {"layout": "sideways"}, {"layout": ["channels-last"]}, {"layout": None}])
def test_what_is_no_layout_counts_as_nothing(tmp_path, measured, kept):
    ctx = TestContext(tmp_path)
    module_of(ctx)
    (key,) = ctx.facts
    other = TestContext(tmp_path, facts={key: kept})
    assert not is_last(ways.network(other, CONVNET))


def test_a_long_training_says_in_which_layout_it_was_computed(tmp_path):
    params = training(CONVNET, until=ways.LEAST, how=LONG)
    ctx = TestContext(tmp_path, neutral=neutral(params))
    assert run(ctx, params, dict(SEEDS)).scalars["update"] == ways.LEAST
    assert ctx.numerics["layout"] in measuring.LAYOUTS and any("layout" in fact for fact in ctx.facts.values())


@pytest.fixture
def compiler(monkeypatch):
    """A compiler that takes a third of the time off; how often it was asked."""
    asked = []

    def compiled(module):
        asked.append(module)
        return Computed(module, lambda images: module(images))

    monkeypatch.setattr(compiling, "compiled", compiled)
    monkeypatch.setattr(compiling, "seconds_as_made", lambda network, trial: {"eager": 1.0, "compiled": 0.7})
    return asked


def computed_of(ctx, part=CONVNET):
    from lmcspec.tasks import read
    from lmcspec.tasks.training import recipe_of

    return ways.trained_in(ctx, part, read.module(part), recipe_of(LONG), ways.LEAST)


def test_the_compiler_is_for_trainings_that_take_long(tmp_path, measured, compiler, monkeypatch):
    monkeypatch.setattr(ways, "COMPILING", 1.0 * ways.LEAST)
    ctx = TestContext(tmp_path)
    ctx.memory = {}
    made = computed_of(ctx)
    assert made.forward is not made.module and len(compiler) == 1
    assert ctx.numerics["compiled"] is True and "compiled 0.7 s" in ctx.lines[-1]
    again = TestContext(tmp_path, facts=ctx.facts)
    again.memory = ctx.memory
    other = computed_of(again)
    assert other is made and len(compiler) == 1 and again.numerics["compiled"] is True
    elsewhere = TestContext(tmp_path, facts=ctx.facts)
    elsewhere.memory = {}
    assert computed_of(elsewhere).module is not made.module and len(compiler) == 2


def test_a_compiled_network_takes_the_state_of_each_task(tmp_path, measured, compiler, monkeypatch):
    monkeypatch.setattr(ways, "COMPILING", 1.0 * ways.LEAST)
    ctx = TestContext(tmp_path)
    ctx.memory = {}
    first = computed_of(ctx)
    with torch.no_grad():
        for tensor in first.module.state_dict().values():
            tensor.fill_(7)
    from lmcspec.tasks import read
    from lmcspec.tasks.training import recipe_of

    module = read.module(CONVNET)
    expected = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    second = ways.trained_in(ctx, CONVNET, module, recipe_of(LONG), ways.LEAST)
    assert second.module is first.module
    assert all(torch.equal(tensor, expected[name]) for name, tensor in second.module.state_dict().items())


def test_what_is_ahead_on_a_slot_counts(tmp_path, measured, compiler):
    short = TestContext(tmp_path)
    short.memory = {}
    assert computed_of(short).forward is not None and not compiler and "compiled" not in short.numerics
    ahead = TestContext(tmp_path, ahead=3 * 4 * ways.COMPILING)
    ahead.memory = {}
    assert computed_of(ahead) and len(compiler) == 1


@pytest.mark.parametrize("error", [RuntimeError("no compiler\nat all"), ImportError("triton"), SystemError()])
def test_what_can_not_be_compiled_is_computed_as_it_is(tmp_path, measured, compiler, monkeypatch, error):
    def fails(network, trial):
        raise error

    monkeypatch.setattr(compiling, "seconds_as_made", fails)
    monkeypatch.setattr(ways, "COMPILING", 0.0)
    ctx = TestContext(tmp_path)
    ctx.memory = {}
    made = computed_of(ctx)
    assert made.forward is made.module and not ctx.memory and "can't be compiled" in ctx.lines[-1]
    assert "\n" not in ctx.lines[-1]
    assert computed_of(ctx).forward is not None and len(compiler) == 1, "nobody tries it twice"


@pytest.fixture
def on_gpu(monkeypatch):
    """As if the network could be captured on this device; how often it was."""
    from lmcspec.science import graphed as graphing

    asked = []

    def graphed(module, trial):
        asked.append(module)
        return Computed(module, lambda images: module(images))

    monkeypatch.setattr(graphing, "can_be_graphed", lambda module, trial: True)
    monkeypatch.setattr(graphing, "graphed", graphed)
    monkeypatch.setattr(graphing, "seconds_as_made", lambda network, trial: {"eager": 1.0, "graphed": 0.5})
    return asked


@pytest.mark.parametrize("part", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_passes_are_replayed_where_that_is_quicker_of_any_network_and_for_any_long_training(
    tmp_path, measured, on_gpu, part
):
    ctx = TestContext(tmp_path)
    ctx.memory = {}
    made = computed_of(ctx, part)
    assert made.forward is not made.module and len(on_gpu) == 1
    assert ctx.numerics["graphed"] is True and "compiled" not in ctx.numerics and "graphed 0.5 s" in ctx.lines[-1]
    again = TestContext(tmp_path, facts=ctx.facts)
    again.memory = ctx.memory
    assert computed_of(again, part) is made and len(on_gpu) == 1


def test_of_replay_and_compiler_the_quicker_is_taken_and_the_other_let_go(
    tmp_path, measured, on_gpu, compiler, monkeypatch
):
    monkeypatch.setattr(ways, "COMPILING", 1.0 * ways.LEAST)
    ctx = TestContext(tmp_path)
    ctx.memory = {}
    computed_of(ctx)
    assert ctx.numerics["graphed"] is True and "compiled" not in ctx.numerics
    assert [key[0] for key in ctx.memory] == ["graphed"]


def test_a_capture_that_fails_leaves_the_network_as_it_is(tmp_path, measured, on_gpu, monkeypatch):
    from lmcspec.science import graphed as graphing

    def fails(module, trial):
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(graphing, "graphed", fails)
    ctx = TestContext(tmp_path)
    ctx.memory = {}
    made = computed_of(ctx)
    assert made.forward is made.module and "graphed" not in ctx.numerics and not ctx.memory
    assert "it can't be graphed: RuntimeError: CUDA error: operation not permitted" in ctx.lines[-1]


def test_what_could_be_captured_once_and_not_again_is_computed_as_it_is(tmp_path, measured, on_gpu, monkeypatch):
    from lmcspec.science import graphed as graphing

    ctx = TestContext(tmp_path)
    ctx.memory = {}
    computed_of(ctx)

    def fails(module, trial):
        raise MemoryError("no room for a capture")

    monkeypatch.setattr(graphing, "graphed", fails)
    elsewhere = TestContext(tmp_path, facts=ctx.facts)
    elsewhere.memory = {}
    made = computed_of(elsewhere)
    assert made.forward is made.module and "graphed" not in elsewhere.numerics
    assert elsewhere.lines[-1] == "it can't be graphed this time: MemoryError: no room for a capture"


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_measures_are_computed_in_float32_by_the_network_itself(tmp_path, measured, compiler, monkeypatch, precision):
    """A recipe says how updates are computed; no recipe says it of evaluations, so that these are as they are."""
    from lmcspec.science import evaluate
    from lmcspec.tasks.path import Path
    from lmcspec.tasks.path import run as path

    monkeypatch.setattr(ways, "COMPILING", 1.0 * ways.LEAST)
    seen = []
    add = evaluate._Tally.add

    def watched(tally, logits, labels):
        seen.append((logits.dtype, torch.is_autocast_enabled("cpu")))
        return add(tally, logits, labels)

    monkeypatch.setattr(evaluate._Tally, "add", watched)
    params, facts, ends = (
        training(CONVNET, until=ways.LEAST, how=recipe(length=ways.LEAST, batch=4, precision=precision)),
        {},
        {},
    )
    for copy, name in enumerate("ab"):
        ctx = TestContext(tmp_path / name, neutral=neutral(params), facts=facts)
        ctx.memory = {}
        done = run(ctx, params, SEEDS | {"copy": copy})
        ends[name], facts = Done(ctx.out, dict(done.scalars), done.outcome), ctx.facts
        assert ctx.numerics["compiled"] is True
    asked = len(compiler)
    ctx = TestContext(tmp_path / "path", ends, neutral=neutral(params), facts=facts)
    path(ctx, Path(CONVNET, params.data, 3, ("test",), 0, ("average", "recompute"), 100), {})
    assert set(seen) == {(torch.float32, False)} and len(compiler) == asked and "compiled" not in ctx.numerics
