"""Layers that a network never prunes stay whole in its baselines."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

STUDY = (
    SEVEN_UPDATES
    + """
[networks]
imp = [{ rounds = 1, fraction = 0.5, exclude = ["classifier"] }]
shuffled = { like = "imp", mask = "shuffled" }
everywhere = { like = "imp", mask = "shuffled-global" }
even = { like = "imp", mask = "even" }
random = [{ rounds = 1, fraction = 0.5, criterion = "random", exclude = ["classifier"] }]
[measures]
accuracy = { levels = ["last"] }
"""
)
TWO = """
networks.imp=[{rounds=1,fraction=0.5,exclude=["classifier"]},{rounds=1,fraction=0.5,exclude=["layers.0","classifier"]}]
"""
OTHERS = '[{rounds=1,fraction=0.5,exclude=["classifier"]},{rounds=1,fraction=0.5,exclude=["layers.0"]}]'


def layers(plan, store, network):
    (target,) = (target for target in plan.targets if target.network == network)
    return store.find(target.mask).scalars["layers"]


def test_they_stay_whole(tmp_path):
    plan, store = plan_of(STUDY), Store.open(tmp_path / "store")
    assert not execute(outlook(plan, store), store, InlineRunner()).failed
    for network in ("imp", "shuffled", "everywhere", "even", "random"):
        assert layers(plan, store, network) == {"layers.0.weight": [512, 1024], "classifier.weight": [160, 160]}


def excluded(text, network, level):
    plan = plan_of(STUDY, *text)
    return plan.tasks[plan.roles[f"{network}/s0/l{level}/mask-0"]].params.exclude


@pytest.mark.parametrize("network", ["everywhere", "even"])
def test_what_one_stage_prunes_takes_part(network):
    assert excluded([], network, 1) == ("classifier",)
    levels = 'measures.accuracy.levels="all"'
    assert excluded([levels, f"networks.imp={OTHERS}"], network, 1) == ("classifier",)
    assert excluded([levels, f"networks.imp={OTHERS}"], network, 2) == ()
    assert excluded([levels, TWO.strip()], network, 2) == ("classifier",)


def test_within_each_tensor_nothing_need_be_said():
    assert excluded([], "shuffled", 1) == ()
