"""Measures and stages on top of presets and of each other, and what is wrong with names."""

from pathlib import Path

import pytest

from lmcspec.base.errors import SpecError
from lmcspec.spec import load, measure_presets, presets, set_presets, stage_presets

SPEC = """
study = "measured"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "3ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
[networks]
imp = [STAGE]
[measures]
MEASURES
"""


def study(measures: str = "accuracy = {}", stage: str = "{ rounds = 2 }"):
    return load(Path("spec.toml"), text=SPEC.replace("STAGE", stage).replace("MEASURES", measures)).cases[0].study


@pytest.mark.parametrize("name", measure_presets())
def test_every_preset_of_a_measure_lacks_only_its_levels(name):
    own = study(f'one = {{ extends = "{name}", levels = [1] }}').measures["one"]
    assert own.levels == (1,)
    assert name.partition("/")[2].removesuffix("-as-released") == own.kind


@pytest.mark.parametrize("name", stage_presets())
def test_every_preset_of_a_stage_lacks_only_how_far_it_goes(name):
    ((own,),) = study(stage=f'{{ extends = "{name}", rounds = 2 }}').networks.values()
    assert (own.rounds, own.restore) == (2, "prunable")


def test_names_are_told_apart():
    every = [*presets(), *set_presets(), *measure_presets(), *stage_presets()]
    assert len(every) == len(set(every))


def test_what_released_code_does_is_the_papers_words_but_for_that():
    written, released = (
        study(f'one = {{ extends = "idc/{kind}", levels = [1] }}').measures["one"]
        for kind in ("stability", "stability-as-released")
    )
    assert (written.copies, written.points, written.masks) == (2, 11, "kept")
    assert written.bn == ("average", "recompute")
    assert released == written.model_copy(update={"masks": "dropped", "bn": ("average",)})


def test_a_measure_lies_on_top_of_another():
    own = study(
        'one = { kind = "stability", levels = [1], points = 7 }\ntwo = { extends = "one", copies = 3 }'
    ).measures
    assert own["two"] == own["one"].model_copy(update={"copies": 3})


def test_a_stage_of_a_family_too():
    networks = study(stage='{ extends = "idc/stage-as-released", rounds = { each = [1, 2] } }').networks
    assert {name: stages[0].restore for name, stages in networks.items()} == {
        "imp[rounds=1]": "prunable",
        "imp[rounds=2]": "prunable",
    }


def test_the_studys_own_words_win():
    ((own,),) = study(stage='{ extends = "idc/stage-as-released", rounds = 1, restore = "all" }').networks.values()
    assert own.restore == "all"


@pytest.mark.parametrize(
    ("measures", "stage", "code", "says"),
    [
        ('one = { extends = "idc/stabilty", levels = [1] }', "{ rounds = 1 }", "E206", "did you mean `idc/stability`"),
        ("accuracy = {}", '{ extends = "idc/stage", rounds = 1 }', "E206", "no preset of a stage `idc/stage`"),
        ("accuracy = {}", "{ extends = 3, rounds = 1 }", "E105", "takes the name of a preset"),
        ('one = { extends = "two" }\ntwo = { extends = "one" }', "{ rounds = 1 }", "E303", "in a circle"),
        ('one = { extends = "idc/hessian" }', "{ rounds = 1 }", "E104", "levels"),
    ],
)
def test_what_can_t_be_extended(measures, stage, code, says):
    with pytest.raises(SpecError) as error:
        study(measures, stage)
    assert code in [problem.code for problem in error.value.problems]
    assert says in " ".join(f"{problem.message} {problem.label}" for problem in error.value.problems)
