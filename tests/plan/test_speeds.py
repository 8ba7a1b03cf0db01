# pyright: reportOptionalMemberAccess=false, reportOptionalCall=false, reportOperatorIssue=false
# pyright: reportGeneralTypeIssues=false, reportArgumentType=false
"""First estimates: what the table and a measurement make of a task's work."""

import json
from dataclasses import replace

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.base.facts import ModelFacts
from lmcspec.engine.measuring import Point, fitted, keep, measure
from lmcspec.engine.simulated_plan import answer, fleet, lines
from lmcspec.plan import speeds
from lmcspec.plan.cost import Pace
from lmcspec.plan.outlook import outlook
from lmcspec.plan.simulate import Slots
from lmcspec.tasks import Work

SPEC = SEVEN_UPDATES.replace('model = { name = "mlp", widths = [16] }', 'model = "lenet-300-100"') + (
    '[networks]\nimp = [{ data = "real", rounds = 2 }]\n[measures]\naccuracy = {}\n'
    'stability = { levels = ["last"], points = 3 }\n'
)
FACTS = ModelFacts(parameters=1000, prunable=(("a", (10, 10)), ("b", (10, 10))), macs=5000, has_batch_norm=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(speeds, "folder", lambda: tmp_path / "speeds")
    return tmp_path / "speeds"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("NVIDIA H200", "h200"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("NVIDIA GeForce RTX 4090", "rtx4090"),
        ("Tesla T4", "t4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA L4", "l4"),
        ("cpu", "cpu"),
        ("NVIDIA Unheard-of 9", "unheardof9"),
        ("rtx 4090", "rtx4090"),
        ("NVIDIA A100 80GB PCIe", "a100"),
        ("NVIDIA L40", "l40"),
        ("NVIDIA A10G", "a10g"),
        ("NVIDIA T400", "t400"),
        ("NVIDIA GH200 480GB", "gh200480gb"),
        ("NVIDIA GeForce RTX 3090 Ti", "rtx3090ti"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "rtx4090laptopgpu"),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "a100sxm440gbmig1g5gb"),
        ("cpu 4", "cpu4"),
        ("Tesla", ""),
        ("", ""),
    ],
)
def test_models_by_short_names(model, name):
    assert speeds.short_name(model) == name


def test_every_device_of_the_table_has_a_source_and_a_range():
    assert {"h200", "h100", "a100", "cpu"} <= set(speeds.names())
    for name in speeds.names():
        known = speeds.speed(name)
        assert known.source and not known.measured
        assert known.layer[0] < known.layer[1] < known.layer[2] and known.flops[0] > known.flops[1] > known.flops[2]
    assert speeds.speed("abacus") is None


@pytest.mark.parametrize("name", ["", "nvidia", "tesla", "l40", "a100sxm440gbmig1g5gb"])
def test_of_a_device_without_a_known_name_nothing_is_known(folder, name):
    (folder / ".json").parent.mkdir()
    (folder / ".json").write_text(json.dumps({"layer": [1, 2, 3], "flops": [1, 2, 3]}))
    assert speeds.speed(name) is None


def train_of(plan):
    return next(task for task in plan.tasks.values() if task.trains)


def test_seconds_follow_from_updates_and_operations():
    even = speeds.Speed("x", "gpu", (1e-3, 1e-3, 1e-3), (1e9, 1e9, 1e9), 0, "a sheet")
    work = Work(units=1.0, images=1000, updates=100, forward=3000)
    low, middle, high = speeds.estimate(even)(train_of(plan_of(SPEC)), work, FACTS)
    # 100 updates of 2 layers at 1 ms, and 2 x 5,000 x 3,000 operations at 10^9 a second.
    assert middle == pytest.approx(speeds.SHORT[1] + 0.2 + 0.03)
    assert low == pytest.approx(speeds.SHORT[0] + 0.23)
    assert high == pytest.approx(speeds.BEYOND * (speeds.SHORT[2] + 0.23))
    assert speeds.estimate(even)(train_of(plan_of(SPEC)), work, None) is None


def test_before_anything_has_run_the_total_has_a_range():
    plan = plan_of(SPEC)
    assert outlook(plan, None).wall(Slots(2)) is None
    view = outlook(plan, None, pace=Pace("", speeds.estimate(speeds.speed("cpu"))))
    low, middle, high = (view.wall(Slots(2), which) for which in ("low", "seconds", "high"))
    assert 0 < low < middle < high and view.guessed == len(view.diff.run)


def test_a_measurement_is_recovered_and_takes_the_place_of_the_table(folder):
    points = [Point(layers, flops, 2e-4 * layers + flops / 5e9) for layers, flops in [(3, 1e7), (3, 1e9), (20, 1e8)]]
    assert fitted(points)["layer"][1] == pytest.approx(2e-4)
    assert fitted(points)["flops"][1] == pytest.approx(5e9)
    noisy = [point._replace(seconds=point.seconds * factor) for point, factor in zip(points, (0.5, 1, 2), strict=True)]
    document = fitted(noisy)
    for point in noisy:
        ends = [
            layer * point.layers + point.flops / flops
            for layer, flops in zip(document["layer"], reversed(document["flops"]), strict=True)
        ]
        assert ends[0] <= point.seconds <= ends[2]
    known = keep("NVIDIA H200", points)
    assert known.measured and known.layer[1] == pytest.approx(2e-4) and known.memory == 141 * 10**9
    assert speeds.speed("h200") == known
    assert keep("NVIDIA A100-SXM4-80GB", points, 80 * 2**30).memory == 80 * 2**30, "the table has the smaller one"
    assert {device.memory for device in fleet("2 x a100").slots} == {80 * 2**30}
    for memory in (-1, 1e30, "80", None, True):
        speeds.remember("a100", {**fitted(points), "memory": memory})
        assert speeds.speed("a100").measured and speeds.speed("a100").memory == 40 * 10**9
    (folder / "h200.json").write_text(json.dumps({"layer": [1, 2], "flops": "no"}))
    assert not speeds.speed("h200").measured, "what can't be read is not believed"


def test_this_machine_is_measured(folder):
    known = keep("cpu", measure("cpu", 0.4))
    assert known.measured and 1e-8 < known.layer[1] < 1 and 1e7 < known.flops[1] < 1e16


def test_a_plan_on_devices_that_are_not_here():
    plan = plan_of(SPEC)
    asked = fleet("2 x h200, 1 x cpu")
    view = outlook(plan, None, pace=asked.pace)
    outcome = answer(view, asked)
    assert outcome.low.wall < outcome.middle.wall < outcome.high.wall
    told = "\n".join(lines(outcome))
    for word in ("simulated on 2 h200 and 1 cpu", "first estimate", "h200-0", "critical path", "would help by less"):
        assert word in told, told
    document = outcome.document()
    assert document["path"][0]["label"] == plan.tasks[outcome.middle.path[0]].label
    assert document["slots"] == 3 and document["unknown"] == {}


def test_what_nobody_can_time_leaves_open_how_many_devices_are_enough():
    plan = plan_of(SPEC)
    asked = fleet("2 x h200, 1 x cpu")
    timed = asked.pace.estimate
    pace = Pace("h200", lambda task, work, facts: None if task.trains else timed(task, work, facts))
    outcome = answer(outlook(plan, None, pace=pace), asked)
    told = lines(outcome)
    assert "simulated on 2 h200 and 1 cpu: at least" in told[0] and "train of unknown length" in told[0]
    (curve,) = (line for line in told if "by number of h200" in line)
    (path,) = (line for line in told if "critical path" in line)
    assert curve.startswith("  by number of h200, at least: 1: ") and ", at least " in path
    assert not any("would help" in line for line in told)
    assert outcome.document()["enough"] is None and outcome.document()["unknown"]


def test_with_nothing_to_run_nothing_is_claimed():
    plan = plan_of(SPEC)
    asked = fleet("2 x h200")
    view = outlook(plan, None, pace=asked.pace)
    nothing = replace(view, diff=view.diff._replace(run=(), passing={}), costs={})
    outcome = answer(nothing, asked)
    assert lines(outcome) == ["simulated on 2 h200: nothing to run"]
    document = outcome.document()
    assert document["seconds"] == [0.0, 0.0, 0.0] and document["enough"] is None and not document["curve"]
    assert nothing.wall(Slots(2)) == 0.0


@pytest.mark.parametrize(
    ("text", "said", "help"),
    [
        ("8 x h20", "nothing is known of a device 'h20'", "h200"),
        ("a100, h200", "two models", ""),
        ("0 x cpu", "names no device", "8 x h200"),
        ("8 h200", "nothing is known", ""),
        ("8 x l40", "nothing is known of a device 'l40'", "l40s"),
        ("8 x tesla", "nothing is known of a device 'tesla'", ""),
        ("8 x nvidia", "nothing is known of a device 'nvidia'", ""),
        ("8 x", "nothing is known", ""),
        ("0 x h200, 4 x cpu", "0 x h200 names no device", "8 x h200"),
        ("8 x h200/0", "h200/0 has no slot", "h200/2"),
        ("cpu/4", "a cpu has one slot", "4 x cpu"),
        ("3 x cpu/1", "a cpu has one slot", "3 x cpu"),
        ("4 x a100/2, 4 x a100", "two numbers of slots on a100", "8 x a100/2"),
        ("h200/2, 2 x h200", "two numbers of slots on h200", "3 x h200/2"),
        ("1000000000 x cpu", "more than can be simulated", "65,536"),
        ("9" * 5000 + " x cpu", "more than can be simulated", "65,536"),
        ("65536 x h200, 1 x cpu", "more than can be simulated", "65,536"),
        ("2 x h200/65", "more than can be simulated", "64"),
        ("h200/" + "9" * 5000, "more than can be simulated", "64"),
        ("", "names no device", "8 x h200"),
        (" , ", "names no device", "8 x h200"),
    ],
)
def test_devices_that_cannot_be_simulated(text, said, help):
    with pytest.raises(UsageError, match=said) as caught:
        fleet(text)
    assert help in caught.value.help


def test_slots_of_a_fleet():
    assert len(fleet("2 x h200/3, 4 x cpu").slots) == 10
    assert len(fleet("h200/2, 2 x h200/2").slots) == 6
    assert len(fleet("cpu, 3 x cpu").slots) == 4
    assert {device.memory for device in fleet("a100").slots} == {40 * 10**9}
