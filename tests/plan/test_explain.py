"""What is said of one task of a plan, whether it has run or not."""

import json
import shutil

import pytest
from specs_for_tests import FIG7, TINY, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.base.ids import digest, task_id
from lmcspec.engine.execute import execute
from lmcspec.plan.explain import TaskExplanation, explain_task, task_called
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

REWOUND = TINY.replace("rounds = 2", 'rounds = 1, rewind = "2it"')
"""The dense training passes the state to which the level rewinds."""


def explained(name: str, *sets: str, text: str = TINY, store: Store | None = None, case: str = "") -> TaskExplanation:
    plan = plan_of(text, *sets)
    return explain_task(outlook(plan, store), *task_called(plan, name, case))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Store:
    """A store in which the rewound study has run."""
    store = Store.open(tmp_path_factory.mktemp("rewound") / "store")
    summary = execute(outlook(plan_of(REWOUND), store), store, InlineRunner())
    assert not summary.failed
    return store


@pytest.fixture
def store(finished, tmp_path) -> Store:
    """A copy of it of one's own."""
    shutil.copytree(finished.root, tmp_path / "store")
    return Store.open(tmp_path / "store")


@pytest.mark.parametrize("name", ["imp/s0/l2/train", "imp/s0/l1/mask"])
def test_what_is_said_is_what_the_id_is_made_of(name):
    found = explained(name).document()
    params = {key: digest(value) if isinstance(value, dict) else value for key, value in found["params"].items()}
    parts = {
        "kind": found["kind"],
        "version": found["version"],
        "params": params,
        "inputs": {one["name"]: one["id"] for one in found["inputs"]},
        "seeds": found["seeds"],
    }
    assert task_id(parts) == found["id"]


def test_a_task_that_has_not_run():
    found = explained("imp/s0/l2/train", "replicates=2")
    assert (found.kind, found.state, found.reason.code, found.kept) == ("train", "run", "never-run", None)
    assert [(one.name, one.label) for one in found.inputs] == [("mask", "imp/s0/l2/mask")]
    assert found.seeds == {"copy": 0, "level": 2, "replicate": 0}
    # 1,437 images in batches of 256 are six updates, the last a partial one.
    assert (found.cost.work.images, found.cost.work.updates, found.cost.seconds) == (1437, 6, None)
    assert (found.params["begin"], found.params["until"]) == (0, 6)
    assert found.params["recipe"]["optimiser"] == {
        "name": "sgd",
        "lr": 0.1,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "nesterov": False,
    }
    lines = str(found).splitlines()
    assert lines[0] == "imp/s0/l2/train"
    assert lines[1] == f"id      {found.id}"
    assert lines[2:5] == ["kind    train, version 1", "state   run", "        never-run: nothing like it has run"]
    assert lines[5] == f"inputs  mask  {found.inputs[0].id[:10]}  imp/s0/l2/mask"
    assert lines[6] == "seeds   copy 0, level 2, replicate 0"
    assert "        recipe.optimiser.lr            0.1" in lines
    assert lines[-1].startswith("cost    1,437 training images in 6 updates, seconds unknown")


def test_all_places_of_a_task_the_asked_one_first():
    found = explained("imp/s0/l0/train")
    assert (found.label, found.also) == ("imp/s0/l0/train", ("dense/s0/l0/train",))
    assert explained("dense/s0/l0/train").also == ("imp/s0/l0/train",)
    assert explained("dense/s0/l0/train").id == found.id


def test_by_the_first_digits_of_its_id():
    whole = explained("imp/s0/l1/mask")
    assert explained(whole.id) == explained(whole.id[:8]) == whole


def test_digits_that_several_ids_share():
    plan = plan_of(FIG7)
    shared = next(one[:4] for one in plan.tasks if sum(other.startswith(one[:4]) for other in plan.tasks) > 1)
    with pytest.raises(UsageError, match=rf"\d tasks have an id that starts with {shared}: {shared}"):
        task_called(plan, shared)


def test_a_task_that_is_stored(store):
    found = explained("imp/s0/l1/train", text=REWOUND, store=store)
    stored = store.find(found.id)
    assert (found.state, found.reason) == ("reuse", None)
    assert (found.kept.path, found.kept.outcome) == (str(stored.path), stored.outcome)
    assert found.kept.bytes == sum(path.stat().st_size for path in stored.out.iterdir())
    assert found.cost.seconds > 0
    assert f"stored  in {stored.path}" in str(found)
    store.drop_outputs(found.id)
    assert "its files are used up, numbers stay" in str(explained("imp/s0/l1/train", text=REWOUND, store=store))


def test_a_changed_setting_with_field_old_and_new(store):
    found = explained("dense/s0/l0/train", "recipes.real.optimiser.lr=0.2", text=REWOUND, store=store)
    document = found.document()
    assert (document["state"], document["reason"]) == ("changed", "params-changed")
    assert document["changes"] == [{"field": "recipe.optimiser.lr", "old": 0.1, "new": 0.2}]
    assert "          recipe.optimiser.lr 0.1 -> 0.2" in str(found).splitlines()
    assert found.kept is None


def test_what_follows_from_a_change_names_its_root(store):
    found = explained("imp/s0/l1/mask", "recipes.real.optimiser.lr=0.2", text=REWOUND, store=store)
    assert (found.reason.code, found.follows) == ("input-changed", "dense/s0/l0/train")
    assert found.document()["root"] == explained("dense/s0/l0/train", "recipes.real.optimiser.lr=0.2", text=REWOUND).id
    assert "          follows from dense/s0/l0/train" in str(found).splitlines()


def test_what_a_longer_training_passes(store):
    name = "imp/s0/l0/train until 2"
    found = explained(name, text=REWOUND)
    assert (found.state, found.passed_by) == ("passing", "dense/s0/l0/train")
    assert "state   run, in passing: dense/s0/l0/train commits it on its way" in str(found).splitlines()
    assert explained(name, text=REWOUND, store=store).passed_by == ""


def test_what_goes_on_from_a_stored_state(store):
    store.discard(explained("dense/s0/l0/train", text=REWOUND).id)
    found = explained("dense/s0/l0/train", text=REWOUND, store=store)
    assert found.goes_on_from == "imp/s0/l0/train until 2"
    assert "goes on from the stored state of imp/s0/l0/train until 2" in str(found)


def test_what_nothing_needs_any_more(store):
    name = "imp/s0/l0/train until 2"
    store.discard(explained(name, text=REWOUND).id)
    found = explained(name, text=REWOUND, store=store)
    assert (found.state, found.reason) == ("unneeded", None)
    assert "state   unneeded: all that rests on it is in the store" in str(found).splitlines()


def test_data_that_are_missing(tmp_path):
    known = explained("imp/s0/l1/train", "dataset.name=mnist", f"dataset.root={tmp_path}")
    assert (known.state, len(known.id)) == ("blocked", 64)
    assert str(tmp_path) in known.blocked
    assert f"state   blocked: {known.blocked}" in str(known).splitlines()
    # A folder's images are known by looking at them only.
    unknown = explained("imp/s0/l1/train", f"dataset={{name='folder',root='{tmp_path}/none'}}")
    assert (unknown.state, unknown.id, unknown.cost) == ("blocked", None, None)
    assert [one.id for one in unknown.inputs] == [None]
    lines = str(unknown).splitlines()
    assert lines[1] == "id      ?"
    assert "inputs  mask  ?  imp/s0/l1/mask" in lines
    assert '        data.digest                    "?"' in lines
    assert lines[-1] == "cost    unknown, its data are not here"
    plan = plan_of(TINY, f"dataset={{name='folder',root='{tmp_path}/none'}}")
    with pytest.raises(UsageError, match="no task of tiny has an id that starts with"):
        task_called(plan, next(iter(plan.tasks)))


def test_a_label_in_a_case():
    swept = TINY + '[sweep]\ngrid = { "recipes.real.batch" = [128, 256] }\n'
    name = "batch=256/imp/s0/l1/train"
    assert explained(name, text=swept).params["recipe"]["batch"] == 256
    assert explained("imp/s0/l1/train", text=swept, case="batch=256") == explained(name, text=swept)
    with pytest.raises(UsageError, match=r"did you mean `batch=(128|256)/imp/s0/l1/train`"):
        explained("imp/s0/l1/train", text=swept)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imp/s0/l1/tran", "did you mean `imp/s0/l1/train`"),
        ("imp/s0/l1", "is no task, but holds 2: imp/s0/l1/mask, imp/s0/l1/train"),
        ("imp/s0/", "is no task, but holds 5: "),
        ("0000", "no task of tiny has an id that starts with 0000"),
        ("nothing/like/it", "has no task at `nothing/like/it`$"),
    ],
)
def test_what_is_not_there(name, words):
    with pytest.raises(UsageError, match=words):
        explained(name)


def test_an_explanation_is_plain_data(store):
    for text in (TINY, REWOUND):
        plan = plan_of(text)
        view = outlook(plan, store)
        for task in plan.tasks.values():
            found = explain_task(view, task.id, task.label).document()
            assert json.loads(json.dumps(found, allow_nan=False)) == found
            assert str(explain_task(view, task.id, task.label)).startswith(task.label)
