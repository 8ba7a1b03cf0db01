"""Where the slots of a cluster are, and what is refused before the start: a stand-in for Ray, and nodes in numbers."""

from pathlib import Path

import pytest
from fake_ray_for_tests import FakeRay, runner
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.engine.execute import execute
from lmcspec.engine.placement import Demand
from lmcspec.engine.planned import PlannedTask
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Index
from lmcspec_runners.exchanging import ExchangingRunner
from lmcspec_runners.ray_cluster import Node
from lmcspec_runners.ray_places import places


@pytest.mark.parametrize(
    ("nodes", "workers", "says"),
    [
        (({"CPU": 0.0}, {"CPU": 0.5}), None, "a slot takes 1 CPU, and no node of the cluster has that"),
        (({"CPU": 2.0},), 5, "5 slots of 1 CPU each are more than the cluster can hold, which is 2"),
        (({"CPU": 4.0, "GPU": 1.0},), 2, "2 slots of 1 GPU and 1 CPU each are more"),
        (({},), None, "no node of the cluster has that"),
    ],
)
def test_what_no_cluster_can_hold_is_refused_before_the_start(slots, nodes, workers, says):
    ray = FakeRay(*nodes)
    with pytest.raises(BlockedError, match=says) as caught:
        runner(ray, workers=workers)
    assert "node0" in str(caught.value) and caught.value.exit_code == 5
    assert not ray.actors and ray.down


def nodes(*resources):
    return [Node(str(number), f"n{number}", cpus, gpus) for number, (cpus, gpus) in enumerate(resources)]


def where(found):
    return [f"{place.node.name} {'cpu' if place.gpu is None else f'gpu {place.gpu}'}" for place in found]


def test_slots_of_gpus_and_of_cpus_side_by_side():
    cluster = nodes((4, 2), (3, 0), (1, 4))
    assert where(places(cluster)) == [
        *("n0 gpu 0", "n2 gpu 0", "n0 gpu 1"),
        *("n1 cpu", "n0 cpu", "n1 cpu"),
    ], "as many on CPUs as on GPUs, first where no GPU needs them"
    assert where(places(cluster, workers=2)) == ["n0 gpu 0", "n2 gpu 0", "n1 cpu", "n0 cpu"]
    assert where(places(cluster, devices="gpu")) == ["n0 gpu 0", "n2 gpu 0", "n0 gpu 1"]
    assert where(places(cluster, devices="cpu")).count("n2 cpu") == 1 and len(places(cluster, devices="cpu")) == 8
    assert where(places(cluster, devices="1 x gpu, 2 x cpu")) == ["n0 gpu 0", "n1 cpu", "n2 cpu"]
    assert where(places(nodes((2, 0), (1, 0)))) == ["n0 cpu", "n1 cpu", "n0 cpu"]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=5),
    st.sampled_from(
        [(None, ""), (1, ""), (3, ""), (None, "gpu"), (None, "cpu"), (None, "gpu, cpu"), (None, "2 x cpu")]
    ),
)
def test_no_cpu_and_no_gpu_of_a_node_is_given_out_twice(resources, asked):
    cluster = nodes(*resources)
    try:
        found = places(cluster, *asked)
    except BlockedError:
        # No room: by a count of our own.
        gpus = sum(min(cpus, gpus) for cpus, gpus in resources)
        cpus = sum(cpus for cpus, _ in resources)
        wanted = {"": gpus or cpus, "gpu": gpus, "gpu, cpu": gpus, "cpu": cpus, "2 x cpu": cpus}[asked[1]]
        assert wanted < (asked[0] or (2 if "2" in asked[1] else 1))
        return
    assert found
    for node in cluster:
        here = [place for place in found if place.node is node]
        assert len(here) <= node.cpus
        on_gpus = [place.gpu for place in here if place.gpu is not None]
        assert sorted(on_gpus) == [*range(len(on_gpus))] and len(on_gpus) <= node.gpus


@pytest.mark.parametrize(
    ("devices", "says"),
    [
        ("gpu/2", "Ray chooses the GPU of each slot"),
        ("0,1", "'0' can't be said of a cluster"),
        ("GPU-5c1", "can't be said of a cluster"),
        ("gpu, 2 x gpu", "says gpu twice"),
        ("0 x cpu", "leaves no slot"),
        (",", "leaves no slot"),
        ("2 x", "names|can't be said"),
    ],
)
def test_what_can_not_be_said_of_a_cluster(devices, says):
    with pytest.raises(UsageError, match=says) as caught:
        runner(FakeRay(), devices=devices)
    assert "2 x gpu, 8 x cpu" in caught.value.help


def test_workers_and_devices_together_are_refused():
    with pytest.raises(UsageError, match="--workers and --devices both"):
        runner(FakeRay(), devices="cpu", workers=2)


def test_more_devices_than_there_are(slots):
    with pytest.raises(BlockedError, match=r"3 slots of 1 GPU and 1 CPU each are more .* which is 2") as caught:
        runner(FakeRay({"CPU": 8.0, "GPU": 2.0}), devices="3 x gpu")
    assert caught.value.help == 'say --devices "2 x gpu"'


def test_actors_ask_for_their_node_and_for_what_their_slot_is(slots):
    ray = FakeRay({"CPU": 4.0, "GPU": 1.0}, {"CPU": 1.0})
    placing = runner(ray, devices="gpu, 2 x cpu")
    assert [slot.device.kind for slot in placing.slots] == ["gpu", "cpu", "cpu"]
    placing.start()
    asked = [(options["num_gpus"], int(options["scheduling_strategy"].node_id, 16)) for options in ray.asked]
    assert asked == [(1, 0), (0, 1), (0, 0)]
    assert all(options["scheduling_strategy"].soft for options in ray.asked), "elsewhere, if that node is gone"
    placing.close()


def test_memory_of_nodes_and_gpus_is_what_they_say(slots):
    facts = {0: {"memory": 64, "gpu_memory": 16, "gpu": "H200"}, 1: {"memory": 32}}
    first, second = (slot.device for slot in runner(FakeRay({"CPU": 1.0, "GPU": 1.0}, {"CPU": 1.0}, facts=facts)).slots)
    assert (first.kind, first.memory, first.model, first.host.memory) == ("gpu", 16, "H200", 64)
    assert (second.kind, second.host.memory) == ("cpu", 32) and first.host.name != second.host.name


def tasks(*seen, gains=True):
    demand = Demand(gains=gains)
    return [
        PlannedTask(str(number), "train", f"imp/s0/l{number}/train", demand=demand, seen=pair)
        for number, pair in enumerate(seen)
    ]


def test_tasks_that_want_a_gpu_where_there_is_none_are_named(slots):
    ray = FakeRay({"CPU": 4.0})
    placing = runner(ray, devices="2 x gpu, 1 x cpu")
    asked = [*tasks((None, None)), *tasks((None, None), gains=False)]
    with pytest.raises(
        BlockedError, match=r"asks for GPUs, and no node .* node0 .*; imp/s0/l0/train would run there"
    ) as caught:
        placing.refuse(asked)
    assert "--devices cpu" in caught.value.help and caught.value.exit_code == 5
    with pytest.raises(BlockedError, match="asks for GPUs"):
        placing.start()
    assert not ray.actors


def test_tasks_of_more_memory_than_any_node_or_gpu_has_are_named(slots):
    gb = 10**9
    facts = {0: {"memory": 64 * gb, "gpu_memory": 16 * gb}, 1: {"memory": 32 * gb}}
    placing = runner(FakeRay({"CPU": 1.0, "GPU": 1.0}, {"CPU": 1.0}, facts=facts))
    placing.refuse(tasks((60 * gb, 15 * gb), (None, None)))
    placing.refuse(tasks((30 * gb, 99 * gb), gains=False))
    with pytest.raises(BlockedError, match=r"can't do imp/s0/l1/train: .* up to 65 GB .* of a node, .* has 64 GB"):
        placing.refuse(tasks((1, 1), (65 * gb, None)))
    with pytest.raises(BlockedError, match=r"up to 17 GB of the memory of a GPU, .* 16 GB") as caught:
        placing.refuse(tasks(*[(1, 17 * gb)] * 5))
    assert "imp/s0/l2/train and 2 more tasks" in str(caught.value) and "--only" in caught.value.help
    with pytest.raises(BlockedError, match=r"up to 33 GB .* 32 GB"):
        placing.refuse(tasks((33 * gb, None), gains=False))  # there is one CPU slot, on the smaller node
    unknown = runner(FakeRay({"CPU": 1.0}, facts={0: {"memory": 0}}))
    unknown.refuse(tasks((10**15, None)))


def test_a_run_is_refused_before_anything_starts_by_what_such_tasks_took(slots, store, tmp_path, monkeypatch):
    plan = compile_study(load(Path(__file__).parents[1] / "kill" / "study.toml", []))
    monkeypatch.setattr(Index, "peaks", lambda self, kind, model="": (2 * 10**9 if kind == "path" else 1, None))
    ray = FakeRay({"CPU": 1.0}, facts={0: {"memory": 10**9}})
    placing = ExchangingRunner(runner(ray), f"file://{tmp_path}/url")
    with pytest.raises(BlockedError, match=r"the cluster can't do [\w/]+path.* up to 2 GB .* has 1 GB"):
        execute(outlook(plan, store), store, placing)
    assert not ray.actors and ray.down and not list(store.root.glob("studies/*"))
