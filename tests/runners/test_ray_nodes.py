# pyright: reportArgumentType=false
"""Nodes of a cluster that differ, or can't say what they are like, are refused by name: a stand-in for Ray."""

import logging

import pytest
from fake_ray_for_tests import FakeRay, runner

from lmcspec.base.errors import BlockedError
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.runner import Closed
from lmcspec.store import layout
from lmcspec_runners.ray_cluster import Node
from lmcspec_runners.ray_facts import Facts, node_facts, read_facts
from lmcspec_runners.ray_nodes import differences


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({1: {"torch": "1.0"}}, "torch is 1.0 on node1"),
        ({0: {"python": "3.9.1"}}, "Python is 3.9.1 on node0"),
        ({1: {"lmcspec": "f" * 64}}, "source of lmcspec is ffffffffff on node1"),
        ({1: {"cpu": "another (avx2)"}}, "processor is "),
        ({0: {"numpy": "none"}, 1: {"numpy": "none"}}, r"numpy is none on node0 \(0+\), node1"),
    ],
)
def test_nodes_that_differ_are_refused_by_name(slots, facts, says):
    ray = FakeRay(facts=facts)
    with pytest.raises(BlockedError, match=says) as caught:
        runner(ray)
    assert "--allow-skew" in caught.value.help and not ray.actors
    assert len(runner(FakeRay(facts=facts), allow_skew=True).slots) == 3


def test_processors_matter_between_nodes_and_not_to_gpus(slots):
    here = node_facts()
    nodes = [Node(str(number), f"n{number}", 1, 0) for number in range(3)]
    facts = {node: {**here, "cpu": "A" if node.name != "n2" else "B"} for node in nodes}
    here = {**here, "cpu": "C", "gpu": "mine"}
    assert list(differences(facts, here, {"cpu": nodes})) == ["processor is B on n2 and A elsewhere"]
    assert list(differences(facts, here, {"cpu": nodes[:2]})) == [] == list(differences(facts, here, {}))
    facts[nodes[1]] = {**facts[nodes[1]], "gpu": "H200"}
    assert list(differences(facts, here, {"gpu": nodes})) == ["GPU is H200 on n1 and none elsewhere"]
    ray = FakeRay({"CPU": 1.0, "GPU": 1.0}, {"CPU": 1.0, "GPU": 1.0}, facts={1: {"cpu": "another"}})
    assert len(runner(ray).slots) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ModuleNotFoundError("No module named 'lmcspec_runners'"), "No module named 'lmcspec_runners'"),
        (b"{", "not JSON"),
        (b'{"host": "x"}', "another form"),
        (b"x" * 70_000, "no short text"),
    ],
)
def test_a_node_that_cannot_run_lmcspec_is_named(slots, answer, says):
    with pytest.raises(BlockedError, match=says) as caught:
        runner(FakeRay(facts={1: answer}))
    assert "1 of 2 nodes can't run lmcspec: node1" in str(caught.value)


def test_facts_are_shown_without_what_a_terminal_obeys():
    assert read_facts(layout.text({**node_facts(), "host": "\x1b[31mred"}))["host"] == "\\x1b[31mred"


def test_a_node_that_joins_later_and_differs_stays_closed(store, slots, caplog):
    placing = runner(FakeRay({"CPU": 1.0}))
    slots.facts = {"torch": "0.1", "host": "late"}
    placing.start()
    with caplog.at_level(logging.WARNING):
        happened = [event for _ in range(10) for event in placing.poll(0.02)]
    said = "late joined the cluster and is not alike: torch is 0.1 on late"
    assert said in caplog.text
    (closed,) = happened
    assert isinstance(closed, Closed) and closed.slot == 0 and said in closed.why and "--allow-skew" in closed.help
    placing.close()


def test_a_function_that_tells_facts_needs_no_torch():
    assert set(node_facts()) == set(Facts.__annotations__)


class Dying(FakeRay):
    """Its last node is said to be alive, and can't be asked; the next look finds it gone."""

    def nodes(self):
        self.looks = getattr(self, "looks", 0) + 1
        return self.cluster if self.looks == 1 else self.cluster[:-1]


def test_a_node_that_dies_before_the_start_is_left_out(slots):
    """Ray takes a moment to notice."""
    ray = Dying({"CPU": 2.0}, {"CPU": 4.0}, facts={1: RuntimeError("the node doesn't exist any more")})
    assert len(runner(ray).slots) == 2
    ray = Dying({"CPU": 2.0}, {"CPU": 4.0}, facts={1: RuntimeError("the node doesn't exist any more")})
    with pytest.raises(BlockedError, match="5 slots of 1 CPU each are more than the cluster can hold, which is 2"):
        runner(ray, workers=5)
    ray = Dying({"CPU": 2.0}, {"CPU": 4.0, "GPU": 1.0}, facts={1: RuntimeError("the node doesn't exist any more")})
    placing = runner(ray, devices="gpu")
    with pytest.raises(BlockedError, match=r"no node of the cluster has one .*; a train would run there"):
        placing.refuse([PlannedTask("0" * 64, "train", "a train")])


def test_a_node_that_answers_at_the_second_time_counts(slots):
    class Late(FakeRay):
        def nodes(self):
            self.facts = {} if getattr(self, "looked", False) else self.facts
            self.looked = True
            return self.cluster

    assert len(runner(Late(facts={1: RuntimeError("not now")})).slots) == 3
