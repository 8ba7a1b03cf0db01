"""What `explain` says of values, and of tasks that have run and that are only planned."""

import json
import re
import shutil
from pathlib import Path

import pytest
from specs_for_tests import SEVEN_UPDATES, STABILITY

from lmcspec.spec.explain import Explanation, Setter
from lmcspec.store import Store, open_attempt


@pytest.fixture
def store(place, finished) -> Store:
    """A store of one's own in which the study has run: the one that commands here use."""
    shutil.copytree(finished, place / ".lmcspec")
    return Store.open(place / ".lmcspec")


@pytest.fixture
def ids(place, lmcspec) -> dict[str, str]:
    """The study's tasks by label."""
    tasks = lmcspec("plan", "study.toml", "--format", "json", "--store", "none").data["tasks"]
    return {task["label"]: task["id"] for task in tasks}


def test_a_table_with_who_set_each_leaf(place, lmcspec):
    said = lmcspec("explain", "study.toml", "recipes.real.optimiser", "--set", "recipes.real.optimiser.lr=0.2")
    assert said.code == 0
    assert said.out.splitlines() == [
        'recipes.real.optimiser = { name = "sgd", lr = 0.2, momentum = 0.9, weight_decay = 0.0, nesterov = false }',
        "  set by file study.toml:8:13",
        '  name          "sgd"  study.toml:8',
        "  lr            0.2    --set",
        "  momentum      0.9    study.toml:8",
        "  weight_decay  0.0    default",
        "  nesterov      false  default",
        "  By what weights are updated, with its learning rate.",
        "  takes    a table",
        '  such as  { name = "sgd", lr = 0.1, momentum = 0.9 }',
    ]
    data = lmcspec("explain", "study.toml", "networks", "--format", "json").data
    assert data["value"]["imp"][0]["fraction"] == 0.5
    assert {leaf["path"]: leaf["setter"]["source"] for leaf in data["leaves"]}["imp[0].scope"] == "default"
    Path(".lmcspec").write_text("no store")
    assert lmcspec("explain", "study.toml", "networks").code == 0, "it needs none"


def test_a_planned_task_by_label_and_by_id(place, lmcspec, ids):
    task = ids["imp/s0/l1/train"]
    said = lmcspec("explain", "study.toml", "imp/s0/l1/train")
    assert said.code == 0
    assert f"id      {task}" in said.out.splitlines()
    assert "        never-run: nothing like it has run" in said.out.splitlines()
    assert lmcspec("explain", "study.toml", task[:6]).out == said.out
    data = lmcspec("explain", "study.toml", "imp/s0/l1/train", "--format", "json").data
    assert (data["id"], data["state"], data["cost"]["updates"]) == (task, "run", 6)
    assert data["inputs"] == [{"name": "mask", "id": ids["imp/s0/l1/mask"], "label": "imp/s0/l1/mask"}]
    assert not Path(".lmcspec").exists()


def test_a_planned_task_held_against_the_store(store, lmcspec, ids):
    data = lmcspec("explain", "study.toml", "imp/s0/l1/train", "--format", "json").data
    assert data["state"] == "reuse"
    assert data["stored"]["path"] == str(store.find(ids["imp/s0/l1/train"]).path)
    changed = lmcspec("explain", "study.toml", "imp/s0/l1/train", "--set", "recipes.real.batch=128")
    assert "          recipe.batch 256 -> 128" in changed.out.splitlines()


def test_a_task_of_a_saved_plan(place, lmcspec, ids):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    Path("study.toml").unlink()
    assert ids["imp/s0/l1/mask"] in lmcspec("explain", "plan.json", "imp/s0/l1/mask").out
    said = lmcspec("explain", "plan.json", "recipes.real.batch")
    assert (said.code, said.out) == (2, "")


def test_a_key_of_the_spec_wins_over_the_digits_of_an_id(place, lmcspec, monkeypatch):
    """No key is made of four hex digits now, so one is made up; the plan is not even looked at."""

    def explain_path(loaded, path, case):
        return Explanation(path, case, 1, Setter(1, "default"))

    def compile_study(*_, **__):
        raise AssertionError("the plan was made")

    monkeypatch.setattr("lmcspec.plan.planned_study.compile_study", compile_study)
    assert lmcspec("explain", "study.toml", "networks.imp[0].rounds").out.startswith("networks.imp[0].rounds = 1\n")
    monkeypatch.setattr("lmcspec.plan.named.explain_path", explain_path)
    assert lmcspec("explain", "study.toml", "feed").out == "feed = 1\n  set by default\n"


def test_paths_are_told_from_labels_whatever_is_in_them(place, lmcspec):
    text = STABILITY.replace("rounds = 1", "rounds = { each = [1, 2] }").replace("dense", '"dense.1"')
    Path("study.toml").write_text(text)
    value = lmcspec("explain", "study.toml", "networks.imp[rounds=1][0].rounds")
    assert value.out.startswith("networks.imp[rounds=1][0].rounds = 1\n")
    task = lmcspec("explain", "study.toml", "imp[rounds=2]/s0/l2/train")
    assert task.out.startswith("imp[rounds=2]/s0/l2/train\n")
    assert lmcspec("explain", "study.toml", "dense.1/s0/l0/train").out.startswith("dense.1/s0/l0/train\n")
    assert lmcspec("explain", "study.toml", 'networks."dense.1"').out.startswith('networks."dense.1" = []\n')


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("imp/s0/l1/trian", "did you mean `imp/s0/l1/train`?"),
        ("imp/s0", "is no task, but holds 5"),
        ("0000", "no task of tiny has an id that starts with 0000"),
        ("networks.inp", "did you mean `imp`?"),
        ("networks.imp[recipe=a/b][0]", "`networks` has no `imp[recipe=a/b]`"),
        ("recipes.real/x", "`recipes` has no `real/x`"),
    ],
)
def test_what_neither_the_spec_nor_its_plan_has(place, lmcspec, name, says):
    said = lmcspec("explain", "study.toml", name)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_an_id_that_is_planned_and_has_not_run(store, lmcspec, ids):
    task = ids["imp/s0/l1/train"]
    store.discard(task)
    said = lmcspec("explain", task[:8])
    assert said.code == 0
    assert said.out.splitlines()[:4] == [
        "train  imp/s0/l1/train",
        f"id {task}",
        "planned in the study tiny, at imp/s0/l1/train",
        "it has not run",
    ]
    data = lmcspec("explain", task[:8], "--format", "json").data
    assert (data["id"], data["state"], data["result"]) == (task, "to do", None)
    assert data["planned"] == [{"study": "tiny", "id": task, "label": "imp/s0/l1/train", "kind": "train"}]


def test_an_id_that_is_planned_and_failed(store, lmcspec, ids):
    task = ids["imp/s0/l1/train"]
    store.discard(task)
    open_attempt(store, task).fail({"message": "it had no luck"})
    said = lmcspec("explain", task[:8])
    assert "its last attempt failed: it had no luck (log: " in said.out
    assert lmcspec("explain", task[:8], "--format", "json").data["state"] == "failed"


def test_a_label_alone_is_looked_up_in_recorded_plans(store, lmcspec, ids):
    said = lmcspec("explain", "imp/s0/l1/mask")
    assert f"in {store.find(ids['imp/s0/l1/mask']).path}" in said.out
    store.discard(ids["imp/s0/l1/mask"])
    assert "it has not run" in lmcspec("explain", "imp/s0/l1/mask").out


def test_what_no_store_has(store, lmcspec, ids):
    said = lmcspec("explain", "imp/s0/l1/maks")
    assert (said.code, "did you mean imp/s0/l1/mask?" in said.err) == (2, True)
    assert lmcspec("explain", "ffffff").code == 2
    assert "is not the beginning of an id" in lmcspec("explain", "nothing").err


def test_one_label_of_two_studies_that_mean_two_tasks(store, lmcspec, ids):
    from lmcspec.store import record_plan

    lmcspec("plan", "study.toml", "--set", "recipes.real.batch=128", "--set", "study=other", "-o", "other.json")
    record_plan(store, "other", json.loads(Path("other.json").read_text()))
    lmcspec("plan", "study.toml", "--set", "study=same", "-o", "same.json")
    record_plan(store, "same", json.loads(Path("same.json").read_text()))
    said = lmcspec("explain", "imp/s0/l1/train")
    assert said.code == 2
    assert "several tasks may be meant by imp/s0/l1/train" in said.err
    store.discard(ids["imp/s0/l1/train"])
    data = lmcspec("explain", ids["imp/s0/l1/train"][:10], "--format", "json").data
    assert [one["study"] for one in data["planned"]] == ["same", "tiny"]


def test_a_stored_task_whose_numbers_are_not_finite_is_json_all_the_same(place, lmcspec):
    store = Store.open(".lmcspec")
    attempt = open_attempt(store, "ab" * 32)
    attempt.commit(
        {"kind": "train"}, {"scalars": {"test_error": 0.9, "test_loss": float("nan")}, "outcome": "diverged"}, {}
    )

    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    said = lmcspec("explain", "abababab", "--format", "json")
    assert json.loads(said.out, parse_constant=refuse)["data"]["result"]["scalars"]["test_loss"] == {"nonfinite": "nan"}


def test_a_permutation_with_the_groups_that_it_moves(place, lmcspec):
    Path("partners.toml").write_text(
        f"replicates = 2\npartners = 2\n{SEVEN_UPDATES}"
        '[networks]\ndense = []\n[permutations]\nwm = { method = "weights", network = "dense" }\n'
        '[measures]\nconn = { kind = "connectivity", levels = ["dense"], under = ["wm"] }\n'
    )
    answer = lmcspec("explain", "partners.toml", "permutations.wm").out
    assert 'method         "weights"' in answer
    assert "1 group, 16 units" in answer
    assert "classifier.weight axis 1" in answer
    assert lmcspec("explain", "partners.toml", "permutations.wm", "--format", "json").data["groups"][1:2] == [
        "  layers.0: 16 units in 3 places"
    ]
    assert "groups" not in lmcspec("explain", "partners.toml", "permutations.wm.method", "--format", "json").data


def test_a_permutation_with_the_layers_that_are_rewound_for_it(place, lmcspec):
    rewound = (
        'rewind_layers = { how = "bottom-up", layers = { each = ["layers.0", "layers.1", "classifier"] }, step = 0 }'
    )
    Path("partners.toml").write_text(
        f"replicates = 2\npartners = 2\n{SEVEN_UPDATES.replace('[16]', '[16, 8]')}"
        f'[networks]\ndense = []\n[permutations]\nup = {{ method = "weights", network = "dense", {rewound} }}\n'
        '[measures]\nconn = { kind = "connectivity", levels = ["dense"], under = ["up"] }\n'
    )
    early = {"layers.0": ["  nothing"], "layers.1": ["  layers.0"], "classifier": ["  layers.0", "  layers.1"]}
    for layer, modules in early.items():
        groups = lmcspec("explain", "partners.toml", f"permutations.up[layers={layer}]", "--format", "json").data[
            "groups"
        ]
        head = groups.index(f"from the earlier step (bottom-up {layer})")
        assert groups[head + 1 :] == modules
    assert "from the earlier step" not in lmcspec("explain", "partners.toml", "permutations.up").out


def test_a_spec_in_words(store, lmcspec):
    said = lmcspec("explain", "study.toml")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "tiny"
    sentence = (
        "mlp on digits: one-shot magnitude pruning to 50.0% sparsity (imp), beside dense; stability at k = rewind"
    )
    assert said.out.splitlines()[1].startswith(sentence)
    assert "7 of them are in the store .lmcspec (" in said.out
    data = lmcspec("explain", "study.toml", "--format", "json").data
    assert (data["cost"]["tasks"], data["cost"]["there"]) == (7, 7)
    assert [network["name"] for network in data["networks"]] == ["dense", "imp"]
    assert lmcspec("explain", "quickstart").out.startswith("quickstart: ")


def test_a_case_of_a_sweep_in_words(place, lmcspec):
    Path("study.toml").write_text(STABILITY + '[sweep]\ngrid = { "replicates" = [1, 2] }\n')
    assert "What follows is told of replicates=2" in lmcspec("explain", "study.toml", "--case", "replicates=2").out
    assert lmcspec("explain", "study.toml", "--case", "nothing").code == 2


def test_what_has_no_words(place, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    said = lmcspec("explain", "plan.json")
    assert (said.code, "lmcspec explain plan.json TASK" in said.err) == (2, True)
    assert lmcspec("explain", "nowhere.toml").code == 2


def test_numbers_of_a_task_and_who_needs_it(store, lmcspec, ids):
    by_label = lmcspec("explain", "study.toml", "dense/s0/l0/train").out
    by_id = lmcspec("explain", ids["dense/s0/l0/train"][:10]).out
    for said in (by_label, by_id):
        assert re.search(r"test/accuracy +[\d.]+ %", said)
        assert re.search(r"on cpu of \S+ \(.*1 thread\), torch ", said)
        assert "read by imp/s0/l1/mask (state)" in said
        assert re.search(r"on it rests: \d tasks; networks dense, imp; measures accuracy, stability", said)
    data = lmcspec("explain", "study.toml", "dense/s0/l0/train", "--format", "json").data
    assert data["stored"]["scalars"]["test_error"] >= 0
    assert data["needed_by"][0]["networks"] == ["dense", "imp"]


def test_other_studies_that_need_a_task(store, lmcspec, ids):
    from lmcspec.store import record_plan

    lmcspec("plan", "study.toml", "--set", "study=other", "-o", "other.json")
    record_plan(store, "other", json.loads(Path("other.json").read_text()))
    said = lmcspec("explain", "study.toml", "dense/s0/l0/train").out
    assert "needed by the study other, too:" in said
    needed = lmcspec("explain", ids["dense/s0/l0/train"][:10], "--format", "json").data["needed_by"]
    assert [need["study"] for need in needed] == ["other", "tiny"]
