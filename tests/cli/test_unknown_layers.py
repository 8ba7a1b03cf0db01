"""Layers that only the model itself can tell of, where its shapes are not known yet: said before anything runs."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from specs_for_tests import SEVEN_UPDATES

import lmcspec as package
from lmcspec.base.errors import SpecError
from lmcspec.engine import model_facts


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch, request):
    """A process of its own imports torch, which takes longest; one test has it."""
    if "child" in request.node.name:
        return

    def answered(command, input, **how):
        found = [model_facts._facts(value) for value in json.loads(input)]
        return subprocess.CompletedProcess(command, 0, "\n" + json.dumps(found))

    own = SimpleNamespace(run=answered, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr(model_facts, "subprocess", own)


def study(stage: str, sizes: str = "17") -> None:
    text = SEVEN_UPDATES.replace("[16]", f"[{sizes}]")
    text += f'[networks]\nimp = [{{ data = "real", fraction = 0.5, {stage} }}]\n[measures]\naccuracy = {{}}\n'
    Path("study.toml").write_text(text)


def objects() -> list[Path]:
    return list(Path(".lmcspec/objects").glob("*/*"))


def test_a_parameter_s_name_where_a_layer_s_belongs_by_a_child(place, lmcspec):
    study('rounds = 1, exclude = ["classifier.weight"]')
    said = lmcspec("plan", "study.toml", "-o", "plan.json")
    assert said.code == 0 and "layers under `exclude` are unchecked" in said.out and "run does so first" in said.out
    for command in (("run", "plan.json"), ("run", "study.toml")):
        said = lmcspec(*command)
        assert said.code == {"plan.json": 4, "study.toml": 2}[command[1]]
        assert "layers.0, classifier" in said.err and "Traceback" not in said.err and not objects()
    assert "error[E409]" in said.err and "say 'classifier'" in said.err
    assert "E409" in lmcspec("plan", "study.toml").err, "now they are known"


@pytest.mark.parametrize(
    ("stage", "code", "says"),
    [
        ('rounds = 1, exclude = ["fc"]', "E409", "no layer 'fc'"),
        ('rounds = 1, exclude = ["layers.*"]', "E409", "patterns are not read"),
        ('rounds = 1, exclude = ["layers.0", "Classifier"]', "E409", "say 'classifier'"),
        ('sparsity = 0.9999, exclude = ["classifier"]', "E407", "can't be reached"),
        ('rounds = 1, exclude = ["layers.0", "classifier"]', "E407", "no eligible weight is left"),
    ],
)
def test_whatever_else_shapes_decide(place, lmcspec, stage, code, says):
    study(stage)
    said = lmcspec("run", "study.toml")
    assert said.code == 2 and code in said.err and says in said.err and not objects()


def test_rounds_that_prune_nothing(place, lmcspec):
    study("rounds = 2")
    Path("study.toml").write_text(Path("study.toml").read_text().replace("fraction = 0.5", "fraction = 0.0001"))
    said = lmcspec("run", "study.toml")
    assert said.code == 2 and "0.0001 of 1,258 weights rounds to none" in said.err and not objects()


def test_a_sparsity_beside_excluded_layers_needs_no_plan_with_facts_before(place, lmcspec):
    study('sparsity = 0.5, exclude = ["classifier"]')
    assert "plan --facts" in lmcspec("plan", "study.toml").err
    assert lmcspec("run", "study.toml", "--runner", "inline", "--no-tracking").code == 0
    rows = lmcspec("results", "study.toml", "--format", "json").data
    assert rows and objects()


def test_a_case_of_cropped_images_is_looked_at_as_networks_see_it(place, lmcspec):
    study('rounds = 1, exclude = ["classifier"]')
    assert lmcspec("plan", "study.toml", "--facts", "--set", "dataset={name='digits',crop=6}").code == 0
    (facts,) = [json.loads(path.read_text()) for path in Path(".lmcspec/facts").glob("*.json")]
    assert dict(map(tuple, facts["prunable"]))["layers.0.weight"] == [17, 36]


def test_from_python(place):
    study('rounds = 1, exclude = ["fc"]')
    plan = package.load("study.toml").plan()
    with pytest.raises(SpecError, match="no layer 'fc'"):
        plan.run(track=False, progress=False)
    assert not objects()


@pytest.mark.parametrize("words", [("run", "study.toml"), ("plan", "study.toml", "--facts")])
def test_a_model_that_fails_is_said_before_anything_runs(place, lmcspec, monkeypatch, words):
    study('rounds = 1, exclude = ["classifier"]')

    def failing(config, shape, classes):
        raise RuntimeError("no such backbone")

    monkeypatch.setattr("lmcspec.science.models.mlp.build", failing)
    said = lmcspec(*words)
    assert said.code == 2 and "model 'mlp': the model can't be built: RuntimeError: no such backbone" in said.err
    assert "help: " in said.err and not objects()


def test_a_model_whose_forward_looks_at_values_has_facts_all_the_same(place, lmcspec, monkeypatch):
    from lmcspec.science.models.mlp import FullyConnected

    study('rounds = 1, exclude = ["classifier"]')

    own = FullyConnected.forward
    monkeypatch.setattr(FullyConnected, "forward", lambda self, x: own(self, x / max(x.abs().max().item(), 1)))
    assert lmcspec("plan", "study.toml", "--facts").code == 0
    (facts,) = [json.loads(path.read_text()) for path in Path(".lmcspec/facts").glob("*.json")]
    assert [name for name, _ in facts["prunable"]] == ["layers.0.weight", "classifier.weight"]
    assert facts["macs"] == 64 * 17 + 17 * 10


def test_layers_that_a_permutation_leaves_whole(place, lmcspec):
    text = SEVEN_UPDATES.replace("[16]", "[17]")
    prune = 'prune = { fraction = 0.5, exclude = ["layers.0", "fc"] }'
    Path("study.toml").write_text(
        f"replicates = 2\npartners = 2\n{text}[networks]\ndense = []\n"
        f'[permutations]\nwm = {{ method = "weights", network = "dense", {prune} }}\n'
        '[measures]\nconn = { kind = "connectivity", levels = ["dense"], under = ["wm"] }\n'
    )
    said = lmcspec("plan", "study.toml")
    assert said.code == 0 and "layers under `exclude` are unchecked" in said.out + said.err
    assert "run does so first" in said.out + said.err
    said = lmcspec("run", "study.toml")
    assert said.code == 2 and "error[E409]" in said.err and "no layer 'fc'" in said.err and not objects()
