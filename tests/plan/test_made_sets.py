"""Which set of a plan is meant by a name and a case."""

import pytest
from specs_for_tests import SEVEN_UPDATES

from lmcspec.base.errors import BlockedError, StoreError, UsageError
from lmcspec.plan import compile_study
from lmcspec.plan.made_sets import chosen_set, made_sets, stored_set
from lmcspec.spec import load
from lmcspec.store import Store

SETS = (
    SEVEN_UPDATES
    + """
[distilled]
chance = { method = "random-images", ipc = 2 }
mean = { method = "dm", ipc = 1, iterations = 2 }
far = { dataset = "digits" }
[networks]
dense = []
[measures]
chance = { kind = "set-accuracy", set = "chance", evaluate = "real" }
mean = { kind = "set-accuracy", set = "mean", evaluate = "real" }
"""
).replace('{ name = "mlp", widths = [16] }', '{ name = "convnet2", width = 4 }')
SWEEP = 'sweep.grid={"distilled.mean.ipc"=[1,2]}'


@pytest.fixture
def planned(tmp_path):
    """A function that reads and plans the study with what is set."""

    def plan(*sets: str):
        (tmp_path / "study.toml").write_text(SETS)
        loaded = load(tmp_path / "study.toml", list(sets))
        return compile_study(loaded), loaded

    return plan


def test_the_sets_that_tasks_make_by_case_and_name(planned):
    plan, _ = planned()
    assert [(one.case, one.name, one.role) for one in made_sets(plan)] == [
        ("", "chance", "distilled/chance"),
        ("", "mean", "distilled/mean"),
    ]
    swept = {(one.case, one.name): one.task.id for one in made_sets(planned(SWEEP)[0])}
    assert set(swept) == {(f"ipc={ipc}", name) for ipc in (1, 2) for name in ("chance", "mean")}
    assert swept["ipc=1", "chance"] == swept["ipc=2", "chance"]
    assert swept["ipc=1", "mean"] != swept["ipc=2", "mean"]


def test_a_case_is_asked_for_only_where_the_sets_differ(planned):
    swept = planned(SWEEP)
    assert chosen_set(*swept, "chance", "").task.params.method.value["ipc"] == 2
    assert chosen_set(*swept, "mean", "ipc=2").task.params.method.value["ipc"] == 2
    with pytest.raises(UsageError, match="not the same in the cases ipc=1, ipc=2") as raised:
        chosen_set(*swept, "mean", "")
    assert raised.value.help == "choose one: --case ipc=1"


@pytest.mark.parametrize(
    ("sets", "name", "case", "says", "help"),
    [
        ((), "maen", "", "makes no distilled set 'maen'", "did you mean mean?"),
        ((), "zzzzz", "", "makes no distilled set", "there are: chance, mean"),
        ((), "far", "", "the images of the data set 'digits'", "take it from there"),
        ((), "mean", "slow", "not a sweep", "leave out --case"),
        ((SWEEP,), "mean", "icp=2", "no case 'icp=2'", "did you mean ipc=2?"),
    ],
)
def test_what_is_not_there(planned, sets, name, case, says, help):
    with pytest.raises(UsageError, match=says) as raised:
        chosen_set(*planned(*sets), name, case)
    assert raised.value.help == help


def test_a_set_that_was_never_made_is_not_in_the_store(planned, tmp_path):
    plan, loaded = planned()
    store = Store.open(tmp_path / "store")
    with pytest.raises(StoreError, match="'mean' is not in the store") as raised:
        stored_set(store, plan, chosen_set(plan, loaded, "mean", ""), "lmcspec run study.toml")
    assert raised.value.help == "lmcspec run study.toml makes it"
    away, loaded = planned("dataset={name='folder',root='nowhere'}")
    with pytest.raises(BlockedError, match="nowhere"):
        stored_set(store, away, chosen_set(away, loaded, "mean", ""), "lmcspec run study.toml")
