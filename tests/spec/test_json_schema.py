"""The JSON Schema: valid itself, takes what `load` takes, refuses much of what it refuses."""

from pathlib import Path

import jsonschema
import pytest
import tomli
from bad import FOLDER
from small import small, text

from lmcspec.catalog import names
from lmcspec.spec import presets
from lmcspec.spec.json_schema import schema

SPECS = Path(__file__).parents[2] / "specs"

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


@pytest.mark.parametrize("name", ["quickstart", "lr-rewinding", "fig7"])
def test_the_specs(name, validator):
    errors = list(validator.iter_errors(tomli.loads((SPECS / f"{name}.toml").read_text())))
    assert {error.path[0] for error in errors} == set()


def test_a_file_that_extends_another_may_lack_anything(validator):
    assert validator.is_valid({"extends": "base.toml"})
    assert not validator.is_valid({})


def test_a_file_that_extends_another_may_change_a_stage_by_its_number(validator):
    assert validator.is_valid({"extends": "base.toml", "networks": {"imp": {"0": {"rounds": 3}}}})
    assert not validator.is_valid({"extends": "base.toml", "networks": {"imp": {"0": {"round": 3}}}})


REFUSED = [
    "unknown_key_top",
    "unknown_key_recipe",
    "unknown_key_optimiser",
    "unknown_key_stage",
    "unknown_key_level",
    "unknown_key_model",
    "wrong_type",
    "wrong_type_of_union",
    "wrong_choice",
    "wrong_level_name",
    "out_of_range",
    "not_a_step",
    "bad_name",
    "too_few",
    "unknown_model",
    "unknown_dataset",
    "unknown_distiller",
    "unknown_criterion",
    "unknown_measure",
    "each_empty",
    "each_twice",
    "each_elsewhere",
    "each_wrong_value",
    "missing_keys",
    "sweep_malformed",
]


@pytest.mark.parametrize("name", REFUSED)
def test_bad_specs_are_refused(name, validator):
    assert not validator.is_valid(tomli.loads((FOLDER / f"{name}.toml").read_text()))


def test_every_registered_name_stands_in_it(document):
    written = str(document)
    for kind in ("model", "dataset", "distiller", "criterion", "measure"):
        for name in names(kind):
            assert f"'{name}'" in written
    for name in presets():
        assert f"'{name}'" in written


def test_fields_say_what_they_are(document):
    definitions = document["$defs"]
    assert definitions["Recipe"]["properties"]["batch"]["description"].startswith("Images per update")
    for measure in ("Stability", "Connectivity"):  # what stands under a type that several have
        assert definitions[measure]["properties"]["bn"]["description"].startswith("Batch-norm policies on the path")
    assert definitions["Stage"]["properties"]["rewind"]["default"] == "0ep"
    for name, table in definitions.items():
        for key, field in table.get("properties", {}).items():
            assert (
                field.get("type")
                or field.get("$ref")
                or field.get("anyOf")
                or field.get("const")
                or field.get("enum")
                or (field.get("oneOf"))
            ), (name, key)


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
