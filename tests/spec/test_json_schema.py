"""The JSON Schema: valid itself, takes what `load` takes, and of what is lacking says what."""

from pathlib import Path

import jsonschema
import pytest
import tomli
from small import small, text

from lmcspec.catalog import names
from lmcspec.spec import presets
from lmcspec.spec.json_schema import schema

FILES = {"elsewhere.py": "from anywhere import Steps, draw\n"}


@pytest.fixture(scope="module")
def document():
    return schema()


@pytest.fixture(scope="module")
def validator(document):
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


ACCEPTED = {
    "small": text(),
    "families": text(imp='[{ rounds = { each = [1, 2] }, rewind = { each = [0, "5it"] } }]'),
    "recipe families": text(optimiser='{ name = "sgd", lr = { each = [0.1, 0.2] } }'),
    "permutation families": text(
        '[permutations]\nwt = { method = "weights", network = "dense", step = { each = ["1ep", "end"] } }\n'
        'wm = { method = { each = ["weights", "activations"] }, network = "dense" }\n',
        study='"small"\nreplicates = 2\npartners = 2',
    ),
    "partial recipe": text('[recipes.low]\nextends = "real"\noptimiser = { lr = 0.01 }\n'),
    "preset": text('[recipes.more]\nextends = "frankle/lenet-mnist"\n', model='{ name = "convnet3", width = 8 }'),
    "measures": text(
        accuracy='{}\nmine = { kind = "stability", levels = [0, { sparsity = 0.5 }, "last"], at = ["rewind", "3ep"] }'
    ),
    "own name of another kind": text(accuracy='{ kind = "stability", levels = "all" }'),
    "validation split": text(dataset='{ name = "digits", split = { validation = 100 }, resize = 6 }'),
    "augmentation": text(
        optimiser='{ name = "sgd", lr = 0.1 }\naugment = { dsa = "color_flip", dsa_style = "idc", cutmix = 0.5 }'
    ),
    "precision": text(optimiser='{ name = "sgd", lr = 0.1 }\nprecision = "bf16"'),
    "presets of measures and stages": text(
        imp='[{ extends = "idc/stage-as-released", rounds = 1 }]',
        accuracy='{}\nstability = { extends = "idc/stability", levels = [1] }\nown = { extends = "stability", points = 3 }',
    ),
    "adamw": text(optimiser='{ name = "adamw", lr = 0.001 }\nschedule = "cosine"'),
    "linear": text(optimiser='{ name = "sgd", lr = 0.1 }\nschedule = { name = "linear", final = 0.1, warmup = "5it" }'),
    "space": text(dataset='{ name = "digits", space = "raw" }'),
    "loaded set": text(dm10='{ load = "x_images.pt", space = { name = "zca", eps = 0.1 } }'),
    "sweep": text('[sweep]\ngrid = { replicates = [1, 2] }\n[[sweep.cases]]\ncase = "a"\nmodel.init = "default"\n'),
    "criterion": text(imp='[{ rounds = 1, criterion = "random" }]'),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_loads_is_accepted(name, validator):
    from lmcspec.spec import load

    load(Path("x.toml"), text=ACCEPTED[name])
    assert [error.message for error in validator.iter_errors(tomli.loads(ACCEPTED[name]))] == []


def test_a_file_that_extends_another_may_lack_anything(validator):
    assert validator.is_valid({"extends": "base.toml"})
    assert not validator.is_valid({})
    deep = {
        "dataset": {"split": {"train": 2000}},
        "model": {"width": 8},
        "distilled": {"dm10": {"iterations": 20}},
        "permutations": {"part": {"rewind_layers": {"step": "4ep"}}},
        "measures": {"way": {"points": 11}},
        "figures": {"figure3": {"series": "network"}},
    }
    assert [error.message for error in validator.iter_errors({"extends": "base.toml", **deep})] == []
    assert validator.is_valid(deep), "it is one that others extend"
    assert not validator.is_valid({"study": "a", **deep})
    assert not validator.is_valid({"extends": "base.toml", **deep, "measures": {"way": {"point": 11}}})


def test_what_a_sweep_sets_need_not_stand_in_the_spec(validator):
    from lmcspec.spec import load

    spec = text('[sweep]\ngrid = { model = ["lenet-300-100", "convnet3"], "recipes.real.optimiser.lr" = [0.1, 0.2] }\n')
    spec = spec.replace('model = "lenet-300-100"\n', "").replace(", lr = 0.1", "")
    assert len(load(Path("x.toml"), text=spec).cases) == 4
    assert [error.message for error in validator.iter_errors(tomli.loads(spec))] == []
    assert not validator.is_valid(tomli.loads(spec.partition("[sweep]")[0]))


LACKING = {
    "dataset": text().replace('dataset = "digits"\n', ""),
    "name": text(model="{ width = 8 }"),
    "depth": text(model='{ name = "convnet" }'),
    "lr": text(optimiser='{ name = "sgd" }'),
    "ipc": text(dm10='{ method = "dm" }'),
    "space": text(dm10='{ load = "x.pt" }'),
    "like": text(imp='{ mask = "shuffled" }'),
    "levels": text('stability = { at = ["rewind"] }\n'),
    "kind": text("mine = { levels = [1] }\n"),
    "network": text('[permutations]\nwm = { method = "weights" }\n'),
    "fraction": text('[permutations]\nwm = { method = "weights", network = "imp", prune = {} }\n'),
    "baseline": text('[figures]\nf = { plot = "overview" }\n'),
}


@pytest.mark.parametrize("key", LACKING)
def test_a_spec_that_stands_for_itself_needs_every_key_without_a_default(key, validator):
    from lmcspec.base.errors import SpecError
    from lmcspec.spec import load

    with pytest.raises(SpecError) as refused:
        load(Path("x.toml"), text=LACKING[key])
    assert {"E104", "E205"} & {problem.code for problem in refused.value.problems}
    said = [error.message for error in validator.iter_errors(tomli.loads(LACKING[key]))]
    assert said == [f"'{key}' is a required property"]


def test_a_file_that_extends_another_may_change_a_stage_by_its_number(validator):
    assert validator.is_valid({"extends": "base.toml", "networks": {"imp": {"0": {"rounds": 3}}}})
    assert not validator.is_valid({"extends": "base.toml", "networks": {"imp": {"0": {"round": 3}}}})


def test_every_registered_name_stands_in_it(document):
    written = str(document)
    for kind in ("model", "dataset", "distiller", "criterion", "measure"):
        for name in names(kind):
            assert f"'{name}'" in written
    for name in presets():
        assert f"'{name}'" in written


def test_a_second_schema_is_the_first_and_the_models_are_as_they_were(document):
    before = small().cases[0].study
    assert schema() == document
    assert small().cases[0].study == before


CARD = """
from lmcspec.catalog import Optimiser, OptimiserCard, PlotCard
from lmcspec.catalog.figure import OfLevels

class Recipe(Optimiser):
    name: Literal["recipe"] = "recipe"
    how: int = 1

class Distance(OfLevels):
    plot: Literal["distance"] = "distance"
    mark: str = "x"

class Measure(Named):
    name: Literal["stage"] = "stage"

class Ends(Named):
    name: Literal["top", "bottom"] = "top"
    share: float = 0.5

CARDS += (OptimiserCard(name="recipe", doc="x", config=Recipe, implementation="ownplug.elsewhere:Steps", moments=0),
          PlotCard(name="distance", doc="x", config=Distance, implementation="ownplug.elsewhere:draw"),
          CriterionCard(name="stage", doc="x", config=Measure, implementation="ownplug.criterion:scores"),
          *(CriterionCard(name=name, doc="x", config=Ends, implementation="ownplug.criterion:scores")
            for name in ("top", "bottom")))
"""


def test_classes_of_packages_may_have_any_names(plugin):
    validator = jsonschema.Draft202012Validator(schema())
    spec = text(
        optimiser='{ name = "recipe", lr = 0.1, how = 2 }',
        imp='[{ rounds = 1, criterion = "stage" }]',
        accuracy='{}\ndistance = { levels = [1] }\n[figures]\nf = { plot = "distance", mark = "o" }\n',
    )
    assert [error.message for error in validator.iter_errors(tomli.loads(spec))] == []
    for right, wrong in (("how = 2", 'how = "2"'), ('mark = "o"', "mark = 2"), ("levels = [1] }", "mark = 2 }")):
        assert not validator.is_valid(tomli.loads(spec.replace(right, wrong)))


def test_cards_that_share_a_class_are_told_apart(plugin):
    from lmcspec.spec import load

    validator = jsonschema.Draft202012Validator(schema())
    for criterion in ('"top"', '"bottom"', '{ name = "top", share = 0.1 }', '{ name = "bottom", share = 0.1 }'):
        spec = text(imp=f"[{{ rounds = 1, criterion = {criterion} }}]")
        load(Path("x.toml"), text=spec)
        assert validator.is_valid(tomli.loads(spec)), criterion
    assert not validator.is_valid(tomli.loads(spec.replace("bottom", "stage")))
