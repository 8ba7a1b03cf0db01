"""Distilled sets by name: presets, what is changed on top of them, and what is wrong with names."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.catalog import get
from lmcspec.spec import presets, set_presets

SPEC = """
study = "sets"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "3ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
recipes.distilled = { length = "3ep", batch = 16, optimiser = { name = "sgd", lr = 0.1 } }
[distilled]
SETS
[networks]
imp = [{ data = "one", rounds = 1 }]
[measures]
accuracy = {}
"""


def settings(sets: str) -> dict:
    plan = plan_of(SPEC.replace("SETS", sets))
    return next(task for task in plan.tasks.values() if task.kind == "distill").params.method.value


@pytest.mark.parametrize("name", set_presets())
def test_every_preset_is_a_set_of_its_name(name):
    method, _, rest = name.partition("/")
    found = settings(f'one = "{name}"')
    assert found["method"] == method
    assert found["ipc"] == int(rest.rpartition("-")[2].removesuffix("ipc"))
    assert not set(set_presets()) & set(presets())
    get("distiller", method).config.model_validate(found)


def test_the_published_settings():
    assert settings('one = "mtt/cifar10-50ipc"')["latest"] == 40
    assert (settings('one = "mtt/cifar10-1ipc"')["student_steps"], settings('one = "mtt/cifar100-1ipc"')["lr"]) == (
        50,
        1000,
    )
    twenty = settings('one = "idc/imagenet10-20ipc"')
    kept = ("ipc", "factor", "bound", "metric", "lr", "networks", "early", "seen", "net_cutmix")
    assert [twenty[key] for key in kept] == [20, 3, 128, "l1", 3e-3, 500, 10, 500, 1.0]


def test_a_set_lies_on_top_of_a_preset_or_of_another_set():
    assert settings('one = { extends = "idc/cifar10-10ipc", networks = 5 }')["networks"] == 5
    found = settings('two = { extends = "dm/cifar10-10ipc", iterations = 7 }\none = { extends = "two", ipc = 3 }')
    assert (found["iterations"], found["ipc"], found["dsa"]) == (7, 3, "color_crop_cutout_flip_rotate_scale")


@pytest.mark.parametrize(
    ("sets", "code", "says"),
    [
        ('one = "idc/cifar10-10ip"', "E206", "there is no preset or distilled set `idc/cifar10-10ip`"),
        ('one = { extends = "idc/cifar10-10ipc", netwroks = 5 }', "E103", "netwroks"),
        ('one = { extends = "two" }\ntwo = { extends = "one" }', "E303", "distilled sets extend each other"),
        ("one = { extends = 3 }", "E105", "another distilled set"),
    ],
)
def test_what_is_wrong_is_said(sets, code, says):
    with pytest.raises(SpecError) as error:
        plan_of(SPEC.replace("SETS", sets))
    assert error.value.problems[0].code == code
    assert says in error.value.problems[0].message


def test_a_recipe_is_no_set():
    with pytest.raises(SpecError, match="no preset or distilled set `idc/cifar10-real`"):
        plan_of(SPEC.replace("SETS", 'one = "idc/cifar10-real"'))
