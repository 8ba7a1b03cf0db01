"""The version of a kind of task stands for what it computes: the same version, the same numbers."""

import copy
import json

import pytest

from lmcspec.catalog import built_in
from lmcspec.tasks import kind, kinds
from tests.versions import accept, closure, compare, golden, lock
from tests.versions.golden_studies import LOOKED_AT

LOCK = lock.read()
FIRST_KINDS = {"distance", "distill", "expert", "hessian", "landscape", "overlap", "path", "prune", "shuffle", "train"}
"""Those whose inputs are listed here; one that came later has what its measure's targets say."""


def test_every_kind_is_locked():
    assert sorted(LOCK) == list(kinds())


@pytest.mark.parametrize("name", kinds())
def test_version_and_sources_are_the_locked_ones(name):
    assert kind(name).version == LOCK[name]["version"], f"type: {lock.COMMAND}"
    found, locked = lock.hashes(name), LOCK[name]["sources"]
    changed = sorted({module for module, _ in found.items() ^ locked.items()})
    assert not changed, f"{name} was locked with another text of {', '.join(changed)}. Type: {lock.COMMAND}"


def test_golden_values():
    found = golden.run()
    for name in kinds():
        lines = lock.changes(LOCK[name], {"golden": found[name]})
        assert not lines, f"{name} computes something else under version {LOCK[name]['version']}: {lines[:20]}"
        assert found[name].keys() == LOCK[name]["golden"].keys(), f"other golden tasks of {name}. Type: {lock.COMMAND}"


def test_golden_run_takes_every_branch():
    """Of the options of each kind that a study can ask for, every value is in some golden task."""
    tasks = [task for plan in golden.plans() for task in plan.tasks.values()]

    def values(name, field):
        return {getattr(task.params, field) for task in tasks if task.kind == name}

    assert values("train", "start") == {"init", "reinit", "given"}
    assert values("train", "restore") == {"all", "prunable"}
    assert values("prune", "scope") == {"global", "layer"}
    assert values("shuffle", "mode") == {"shuffled", "shuffled-global", "even"}
    assert len(values("shuffle", "exclude")) > 1
    assert max(values("prune", "rounds")) > 1
    assert len(values("prune", "exclude")) > 1
    assert len(values("prune", "sparsity")) > 1
    assert values("prune", "start") == {"given", "init"}
    criteria = {task.params.criterion.value["name"] for task in tasks if task.kind == "prune"}
    assert criteria == set(built_in("criterion"))
    looked_at = {dict(task.inputs).keys() >= {"data"} for task in tasks if task.kind == "prune" and task.params.data}
    assert looked_at == {True, False}
    recipes = [task.params.recipe.value for task in tasks if task.kind == "train"]
    assert {recipe["optimiser_state"] for recipe in recipes} == {"fresh", "carry"}
    assert {recipe["optimiser"]["name"] for recipe in recipes} == {"sgd", "adam", "adamw"}
    assert {recipe["schedule"].get("name", "steps") for recipe in recipes} == {"steps", "cosine", "linear"}
    assert {recipe["augment"].get("dsa_style", "dc") for recipe in recipes} == {"dc", "mtt", "idc"}
    assert any(recipe["optimiser"].get("nesterov") for recipe in recipes)
    assert values("landscape", "plane") == {"orthonormal", "as-released"}
    assert values("landscape", "bn") == {"average", "recompute"}
    assert {
        kind: {task.params.decay is None for task in tasks if task.kind == kind} for kind in ("path", "landscape")
    } == {
        "path": {True, False},
        "landscape": {True, False},
    }
    assert {bool(probes) for probes in values("hessian", "probes")} == {True, False}
    assert {bool(count) for count in values("hessian", "eigenvalues")} == {True}
    inputs = {"start", "last", "mask", "state", "data", "a", "b", "expert-0", "expert-1"}
    inputs |= {"anchor-0", "anchor-1", "anchor-2", "other-0", "other", "permutation", "permutation-anchor-1"}
    inputs |= {"mask-a", "mask-b"}
    inputs |= {f"way-{anchor}-{place}" for anchor in range(3) for place in range(3)}
    assert {name for task in tasks if task.kind in FIRST_KINDS for name, _ in task.inputs} == inputs
    methods = {task.params.method.value["method"] for task in tasks if task.kind == "distill"}
    assert methods == set(built_in("distiller"))
    assert any(plan.byproducts for plan in golden.plans())


def test_a_method_that_no_study_names_has_a_set_and_a_network(monkeypatch):
    monkeypatch.setattr(golden, "STUDIES", (LOOKED_AT,))
    _, plan = golden.plans()
    made = {task.id: task.params.method.value["method"] for task in plan.tasks.values() if task.kind == "distill"}
    assert sorted(made.values()) == sorted(built_in("distiller"))
    assert made.keys() <= {source for task in plan.tasks.values() if task.trains for _, source in task.inputs}


def test_exemptions_are_of_modules_that_exist():
    assert all(closure.source(module).is_file() for module in closure.EXEMPT)


class TestClosure:
    def test_imports_in_functions_and_through_names_that_a_package_forwards(self):
        reached = closure.reached("train")
        assert "lmcspec.science.data.space" in reached  # read.space: `from lmcspec.science.data import Space`
        assert "lmcspec.science.masks" in reached

    def test_implementations_of_cards(self):
        assert "lmcspec.science.models.convnet" in closure.reached("prune")
        assert "lmcspec.science.criteria.random" in closure.reached("prune")
        assert "lmcspec.science.criteria.random" not in closure.reached("train")
        assert "lmcspec.science.distill.dm" in closure.reached("distill")

    def test_of_read_only_what_is_used(self):
        assert "lmcspec.science.data.distilled.distilled_set" in closure.reached("train")
        assert "lmcspec.science.data.distilled.distilled_set" not in closure.reached("shuffle")


class TestCompare:
    OLD = {"outcome": "ok", "scalars": {"loss": 2.0, "layers": {"a": [1, 2]}}, "tensors": {"state/w": [10.0, 4.0]}}

    def changed(self, **parts):
        return compare.moved(self.OLD, self.OLD | parts)

    def test_rounding_is_no_change(self):
        assert self.changed(tensors={"state/w": [10.0 + 9e-6, 4.0 - 3e-6]}) == []

    def test_each_number_is_named(self):
        assert self.changed(tensors={"state/w": [10.0, 4.1]}) == ["tensors.state/w[1]: 4 became 4.1"]
        assert self.changed(outcome="chance") == ["outcome: 'ok' became 'chance'"]
        assert self.changed(scalars={"loss": 2.0, "layers": {"a": [1, 3]}}) == ["scalars.layers.a[1]: 2 became 3"]

    def test_what_is_gone_and_what_is_new(self):
        assert self.changed(scalars={"error": 0.5, "layers": {"a": [1, 2]}}) == [
            "scalars.error: is new",
            "scalars.loss: is gone",
        ]

    def test_numbers_that_are_not_finite(self):
        assert compare.close(float("nan"), float("nan"))
        assert compare.close(float("inf"), float("inf"))
        assert not compare.close(1.0, float("nan"))
        assert not compare.close(float("inf"), 1.0)


class TestAccept:
    """On a lock of its own, with golden values made up."""

    @pytest.fixture
    def found(self):
        return {name: LOCK[name]["golden"] for name in kinds()}

    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "lock.json"
        lock.write(LOCK, path)
        return path

    def edit(self, file, name, **parts):
        edited = copy.deepcopy(LOCK)
        edited[name] |= parts
        lock.write(edited, file)
        return file.read_text()

    def test_the_first_lock(self, found, tmp_path):
        assert accept.accept(found, tmp_path / "new.json") == 0
        assert lock.read(tmp_path / "new.json") == lock.current(found)

    def test_new_sources_with_old_numbers_are_written(self, found, file, capsys):
        self.edit(file, "prune", sources=LOCK["prune"]["sources"] | {"lmcspec.science.masks": "0" * 64})
        assert accept.accept(found, file) == 0
        assert lock.read(file) == lock.current(found)
        said = capsys.readouterr().out
        assert "prune: version 1, unchanged in its numbers; sources: lmcspec.science.masks" in said

    def test_rounding_does_not_creep(self, found, file):
        near = copy.deepcopy(found)
        task, values = next(iter(near["train"].items()))
        values["scalars"]["test_loss"] += 5e-7
        assert accept.accept(near, file) == 0
        assert lock.read(file)["train"]["golden"][task] == LOCK["train"]["golden"][task]

    def test_new_numbers_under_the_old_version_are_refused(self, found, file, capsys):
        other = copy.deepcopy(found)
        task, values = next(iter(other["train"].items()))
        values["scalars"]["test_loss"] += 1e-3
        before = file.read_text()
        assert accept.accept(other, file) == 1
        assert file.read_text() == before
        said = capsys.readouterr().err
        assert "train: these values moved under version 1; raise the version in lmcspec/tasks/train.py" in said
        assert f"{LOCK['train']['golden'][task]['label']}: scalars.test_loss" in said
        assert "prune:" not in said

    def test_only_the_kind_that_moved_first_is_named(self, found, file, capsys):
        other = copy.deepcopy(found)
        mask = next(task for task, values in other["prune"].items() if values["label"].endswith("exact/s0/l1/mask"))
        after = [task for task, values in other["train"].items() if mask in values["inputs"]]
        assert after
        for kind_of, task in [("prune", mask), *(("train", task) for task in after)]:
            other[kind_of][task]["outcome"] = "diverged"
        assert accept.accept(other, file) == 1
        said = capsys.readouterr().err
        assert "prune: these values moved" in said
        assert "train:" not in said

    def test_a_raised_version_takes_all(self, found, file):
        older = {task: values | {"outcome": "diverged"} for task, values in found["train"].items()}
        self.edit(file, "train", version=0, golden=older)
        assert accept.accept(found, file) == 0
        assert lock.read(file) == lock.current(found)

    def test_what_comes_after_a_raised_kind_has_other_ids_and_may_move(self, found, file):
        after = {f"{place:064}": values for place, values in enumerate(found["prune"].values())}
        self.edit(file, "prune", golden=after)
        assert accept.accept(found, file) == 0
        assert lock.read(file)["prune"]["golden"] == found["prune"]

    def test_new_sources_that_nothing_can_vouch_for_are_refused(self, found, file, capsys):
        after = {f"{place:064}": values for place, values in enumerate(found["prune"].values())}
        before = self.edit(file, "prune", golden=after, sources={})
        assert accept.accept(found, file) == 1
        assert file.read_text() == before
        assert "one after the other" in capsys.readouterr().err

    def test_a_version_never_goes_down(self, found, file, capsys):
        now = kind("path").version
        before = self.edit(file, "path", version=now + 1)
        assert accept.accept(found, file) == 1
        assert file.read_text() == before
        assert f"path: version {now} is below the locked {now + 1}" in capsys.readouterr().err


def test_the_lock_is_written_the_way_accept_writes_it(tmp_path):
    lock.write(LOCK, tmp_path / "lock.json")
    assert (tmp_path / "lock.json").read_text() == lock.FILE.read_text()
    assert json.loads(lock.FILE.read_text()) == LOCK
