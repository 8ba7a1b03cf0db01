# pyright: reportMissingImports=false, reportArgumentType=false, reportAttributeAccessIssue=false
"""Nodes that take the place of others in mid-run: of another kind, or ones that had slots before."""

import pytest
from fake_ray_for_tests import Died, FakeRay, Slot, run, runner
from jobs_for_tests import Plan

from lmcspec.base.errors import BlockedError
from lmcspec.engine.devices import Device, Host
from lmcspec.engine.runner import Moved, Ready
from lmcspec.store import layout
from lmcspec_runners.ray_facts import node_facts

OTHER = "another processor"


@pytest.fixture
def replaced(slots):
    """A node that dies with its first task, whose place one with another processor takes."""
    begun = []

    def begin(self):
        begun.append(self)
        return layout.text({**node_facts(), "host": "node0", **({"cpu": OTHER} if begun.index(self) else {})})

    def work(self, order, seconds):
        raise Died("The node has died")

    slots.begin, slots.work = begin, work
    return FakeRay({"CPU": 1.0})


def test_a_run_whose_every_slot_is_closed_ends_with_the_reason(store, replaced):
    plan = Plan()
    plan.add()
    with pytest.raises(
        BlockedError, match=rf"no slot is left for the rest: node0 .* not alike: its processor is {OTHER}"
    ) as caught:
        run(plan, store, runner(replaced))
    assert "--allow-skew" in caught.value.help and replaced.down


def test_slots_of_cpus_that_are_left_keep_no_run_waiting_for_gpus(store, slots):
    """What gains from a GPU runs on those only, and the only one is of another kind now."""
    slots.begin = lambda self: layout.text({**node_facts(), "host": "node0", "gpu": self.device})
    plan = Plan()
    plan.add()
    ray = FakeRay({"CPU": 2.0, "GPU": 1.0}, facts={0: {"gpu": "H200", "gpu_memory": 2**30}})
    with pytest.raises(BlockedError, match="its GPU is gpu, those of the others H200"):
        run(plan, store, runner(ray))


def test_what_other_slots_can_do_is_done_before_the_run_ends(store, slots):
    begun = []

    def begin(self):
        begun.append(self)
        return layout.text({**node_facts(), "host": "node0", **({"cpu": OTHER} if begun.index(self) else {})})

    slots.begin = begin
    plan = Plan()
    tasks = [plan.add(value=value) for value in range(4)]
    summary, _ = run(plan, store, runner(FakeRay({"CPU": 2.0})))
    assert set(summary.done) == set(tasks) and len(begun) == 2


def test_a_slot_that_ray_puts_on_another_node_counts_there(slots):
    """Two nodes of which one is full, or gone: both slots are on the other."""
    there = f"{1:056x}"
    slots.facts = {"node": there, "host": "node1", "memory": 1000}
    placing = runner(FakeRay({"CPU": 1.0}, {"CPU": 3.0}), workers=2)
    assert [slot.device.host.name for slot in placing.slots] == [f"{0:056x}", there]
    placing.start()
    happened = []
    while len([event for event in happened if isinstance(event, Ready)]) < 2:
        happened += placing.poll(0.05)
    device = Device("cpu", host=Host(there, 1000, 3))
    assert [event for event in happened if isinstance(event, Moved)] == [Moved(0, device)]
    assert happened.index(Moved(0, device)) < happened.index(Ready(0, 0))
    assert placing.slots[0].device == device, "a run that mends damage begins with what there is"
    placing.close()


def test_gpus_of_two_slots_on_one_node_are_two(slots):
    """Ray gives each slot a GPU of its own; counted as one they would share its memory."""
    there = f"{1:056x}"
    slots.facts = {"node": there, "gpu": "H200", "gpu_memory": 2**30}
    facts = {number: {"gpu": "H200", "gpu_memory": 2**30} for number in (0, 1)}
    placing = runner(FakeRay({"CPU": 1.0, "GPU": 1.0}, {"CPU": 2.0, "GPU": 2.0}, facts=facts), devices="2 x gpu")
    placing.start()
    ready = []
    while len(ready) < 2:
        ready += [event for event in placing.poll(0.05) if isinstance(event, Ready)]
    assert {(slot.device.host.name, slot.device.name) for slot in placing.slots} == {(there, "gpu 0"), (there, "gpu 1")}
    placing.close()


def test_a_node_that_is_not_listed_yet_has_its_own_facts(slots):
    slots.facts = {"node": "f" * 56, "host": "new", "memory": 7}
    placing = runner(FakeRay({"CPU": 1.0}))
    placing.start()
    while not (happened := placing.poll(0.05)):
        pass
    assert happened[0] == Moved(0, Device("cpu", host=Host("f" * 56, 7, 0)))
    placing.close()


def test_an_actor_that_knows_no_node_is_where_it_was_meant_to_be(slots):
    assert "node" not in Slot.facts
    placing = runner(FakeRay({"CPU": 1.0}))
    placing.start()
    while not (happened := placing.poll(0.05)):
        pass
    assert happened == [Ready(0, 0)]
    placing.close()
