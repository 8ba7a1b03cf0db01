"""Trainings as one program: how many it pays for, and results as of each alone, from whatever each starts and stops."""

import pytest
from context_for_tests import CONVNET, MLP, SEEDS, TestContext, do, neutral, recipe, training
from safetensors.torch import load_file

from lmcspec.science import stacking
from lmcspec.science.trial import Trial
from lmcspec.tasks import Interrupted, Part, together, ways
from lmcspec.tasks.kind import Member
from lmcspec.tasks.params import encode
from lmcspec.tasks.read import OPTIMISER, STATE
from lmcspec.tasks.train import run

COPIES = [dict(SEEDS), SEEDS | {"copy": 1}, SEEDS | {"replicate": 1}]


def members(root, params=None, **more):
    params = params or training(CONVNET)
    return [
        Member(TestContext(root / str(place), neutral=neutral(params), **more), params, seeds)
        for place, seeds in enumerate(COPIES)
    ]


def assert_as_alone(several, finished, root):
    import torch

    for place, (member, ours) in enumerate(zip(several, finished, strict=True)):
        theirs = do(run, root / f"alone{place}", member.params, member.seeds)
        assert ours.outcome == theirs.outcome and ours.scalars.keys() == theirs.scalars.keys()
        assert ours.scalars["test_loss"] == pytest.approx(theirs.scalars["test_loss"], rel=1e-3)
        for file in sorted(path.name for path in theirs.out.iterdir()):
            held, wanted = load_file(member.ctx.out / file), load_file(theirs.out / file)
            assert held.keys() == wanted.keys()
            for name in wanted:
                torch.testing.assert_close(held[name], wanted[name], rtol=1e-3, atol=1e-4)


def test_each_result_is_that_of_the_task_alone(tmp_path):
    several = members(tmp_path, training(CONVNET, until=4))
    finished = together.run(several)
    assert all((member.ctx.out / STATE).exists() and (member.ctx.out / OPTIMISER).exists() for member in several)
    assert all(member.ctx.numerics["together"] == 3 for member in several)
    assert_as_alone(several, finished, tmp_path)


def test_states_on_the_way_are_each_tasks_own(tmp_path):
    params = training(MLP)
    passed = [(("a", encode(training(MLP, until=3))), ("b", encode(training(MLP, until=6)))), (), ()]
    several = [
        Member(TestContext(tmp_path / str(place), neutral=neutral(params), passed=passed[place]), params, seeds)
        for place, seeds in enumerate(COPIES)
    ]
    together.run(several)
    assert {name: done.scalars["update"] for name, done in several[0].ctx.committed.items()} == {"a": 3, "b": 6}
    assert not several[1].ctx.committed


def test_a_stop_leaves_each_a_checkpoint_from_which_it_goes_on_together_or_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    params = training(MLP, until=40, how=recipe(length=40))
    with pytest.raises(Interrupted, match="stopped after update"):
        together.run(members(tmp_path, params, stop=lambda: True))
    lines = [TestContext(tmp_path / str(place), neutral=neutral(params)) for place in range(3)]
    one = run(lines[0], params, COPIES[0])
    assert any("goes on from its checkpoint after update" in line for line in lines[0].lines)
    rest = [Member(lines[place], params, COPIES[place]) for place in (1, 2)]
    finished = [one, *together.run(rest)]
    assert any("goes on from its checkpoint after update" in line for line in lines[2].lines)
    assert_as_alone(members(tmp_path, params), finished, tmp_path)


def test_those_at_another_update_run_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0")
    params = training(MLP, until=40, how=recipe(length=40))
    with pytest.raises(Interrupted):
        do(run, tmp_path / "1", params, COPIES[1], stop=lambda: True)
    several = members(tmp_path, params)
    finished = together.run(several)
    assert [member.ctx.numerics["together"] for member in several] == [2, 1, 2]
    assert_as_alone(several, finished, tmp_path)


def test_what_differs_in_more_than_start_and_mask_is_not_alike():
    base = training(MLP, until=8)
    assert together.alike(base) == together.alike(training(MLP, until=8, start="reinit"))
    for other in (
        training(CONVNET, until=8),
        training(MLP, until=9),
        training(MLP, until=8, begin=1),
        training(MLP, until=8, how=recipe(batch=64)),
        training(MLP, until=8, train_on=Part.of({"digest": "x"})),
    ):
        assert together.alike(base) != together.alike(other)


LONG = recipe(length=ways.LEAST_TOGETHER, batch=4)


@pytest.fixture
def measured(monkeypatch):
    """As if two were quicker by a half, and eight slower than four; how often that was measured."""
    asked = []

    def gains(network, trial, room=None):
        asked.append((trial, room))
        return {2: 1.5, 4: 2.0, 8: 1.0}

    monkeypatch.setattr(stacking, "gains", gains)
    return asked


def size_of(ctx, offered, part=MLP, how=LONG, until=ways.LEAST_TOGETHER):
    return together.size(Member(ctx, training(part, until=until, how=how), dict(SEEDS)), offered)


def test_as_many_as_pay_and_no_more(tmp_path, measured):
    ctx = TestContext(tmp_path, room=10**9)
    assert [size_of(ctx, offered) for offered in (1, 2, 3, 4, 7, 8, 20)] == [1, 2, 2, 4, 4, 4, 4]
    assert len(measured) == 1 and measured[0][1] == 10**9
    assert "2 of it 1.50 x, 4 of it 2.00 x" in ctx.lines[-1] and "layout" not in ctx.numerics
    again = TestContext(tmp_path, facts=ctx.facts)
    assert size_of(again, 8, until=1) == 4 and len(measured) == 1
    assert size_of(again, 8, how=recipe(length=ways.LEAST_TOGETHER, batch=8)) == 4 and len(measured) == 2


def test_short_trainings_measure_nothing_and_run_alone(tmp_path, measured):
    assert size_of(TestContext(tmp_path), 8, until=ways.LEAST_TOGETHER - 1) == 1 and not measured


def test_what_can_not_be_stacked_runs_alone(tmp_path, measured, monkeypatch):
    half = recipe(length=ways.LEAST_TOGETHER, precision="fp16")
    assert size_of(TestContext(tmp_path), 8, how=half) == 1 and not measured

    def fails(network, trial, room=None):
        raise RuntimeError("vmap: data-dependent control flow\nand more")

    monkeypatch.setattr(stacking, "gains", fails)
    ctx = TestContext(tmp_path)
    assert size_of(ctx, 8) == 1 and "none, for RuntimeError: vmap: data-dependent control flow" in ctx.lines[-1]
    assert size_of(ctx, 8) == 1 and len(ctx.lines) == 1


@pytest.mark.parametrize("kept", [{}, {"gains": 3}, {"gains": {"many": 2.0, "4": "x", "-2": 3.0, "1": 9.0}}])
def test_a_fact_of_anybodys_is_no_reason_to_fail(tmp_path, measured, kept):
    ctx = TestContext(tmp_path)
    size_of(ctx, 8)
    key = next(name for name, fact in ctx.facts.items() if "gains" in fact)
    assert size_of(TestContext(tmp_path, facts={**ctx.facts, key: kept}), 8) == 1


@pytest.fixture
def measured_of_looks(monkeypatch):
    """As if four networks that look at the same images were quicker than two, and eight slower."""
    asked = []

    def gains(module, trial, sizes, room):
        asked.append((trial, list(sizes), room))
        return {2: 1.5, 4: 2.0, 8: 1.04}

    monkeypatch.setattr(stacking, "gains_of_looks", gains)
    return asked


def looks_of(ctx, points, images=1000 * ways.LEAST_LOOKS, part=MLP):
    from lmcspec.tasks import read

    return ways.looks_together(ctx, part, read.module(part), points, images)


def test_points_of_a_gpu_are_one_program_where_that_is_quicker(tmp_path, measured_of_looks, monkeypatch):
    ctx = TestContext(tmp_path, device="cuda", room=10**9)
    assert [looks_of(ctx, points) for points in (1, 2, 3, 30)] == [1, 2, 2, 4] and len(measured_of_looks) == 1
    trial, sizes, room = measured_of_looks[0]
    assert (trial.batch, trial.shape, trial.precision, sizes, room) == (1000, (1, 8, 8), "float32", [2, 4, 8], 10**9)
    assert ctx.numerics["stacked"] == 4 and "2 of it 1.50 x, 4 of it 2.00 x" in ctx.lines[-1]
    again = TestContext(tmp_path, device="cuda", facts=ctx.facts)
    assert looks_of(again, 30, images=1) == 4 and len(measured_of_looks) == 1, "what is kept holds for few images, too"
    monkeypatch.setattr("lmcspec.science.several.GROUP", 1)
    assert looks_of(again, 30) == 1, "a group has no room for it"


def test_points_of_a_cpu_or_of_little_work_are_computed_one_by_one(tmp_path, measured_of_looks):
    there = TestContext(tmp_path, device="cuda")
    assert looks_of(there, 30, images=1000 * ways.LEAST_LOOKS // 30 - 1000) == 1
    assert looks_of(TestContext(tmp_path), 30) == 1
    assert not measured_of_looks and not there.facts and "stacked" not in there.numerics


def test_gains_of_looks_leave_no_trace():
    import torch

    from lmcspec.tasks import read

    module = read.module(CONVNET).train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    quicker = stacking.gains_of_looks(module, Trial(4, (1, 8, 8), 10, "float32"), sizes=(2, 3))
    assert set(quicker) <= {2, 3} and 2 in quicker and all(gain > 0 for gain in quicker.values()) and module.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_gains_are_measured_and_leave_no_trace():
    import torch

    from lmcspec.science.computed import Computed
    from lmcspec.tasks import read

    module = read.module(CONVNET)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    quicker = stacking.gains(Computed.by(module), Trial(4, (1, 8, 8), 10, "float32"), sizes=(2, 3))
    assert set(quicker) <= {2, 3} and 2 in quicker and all(gain > 0 for gain in quicker.values())
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
