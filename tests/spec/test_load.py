"""Whole specs: the ones that come with lmcspec, both spellings, files on top of each other, presets, speed."""

import time
from pathlib import Path

import pytest
import tomli
from ruamel.yaml import YAML
from small import codes, small, text

from lmcspec.base.errors import SpecError
from lmcspec.base.steps import Step
from lmcspec.catalog import built_in, find
from lmcspec.catalog.optimisers.adam import Adam
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.spec import load, presets
from lmcspec.spec.recipe import Recipe
from lmcspec.spec.study import Like
from lmcspec.spec.study_model import CARDS, study_model

SPECS = Path(__file__).parents[2] / "specs"


def test_both_spellings_say_the_same():
    toml, yaml = (load(Path(__file__).with_name(name)).cases[0] for name in ("twin.toml", "twin.yaml"))
    assert toml.tree == yaml.tree
    assert toml.study == yaml.study


def test_quickstart_loads_and_says_the_same_in_yaml(tmp_path):
    loaded = load(SPECS / "quickstart.toml")
    assert (loaded.name, [case.name for case in loaded.cases]) == ("quickstart", [""])
    assert loaded.files == (SPECS / "quickstart.toml",)
    with (tmp_path / "quickstart.yaml").open("w") as file:
        YAML(typ="safe", pure=True).dump(tomli.loads((SPECS / "quickstart.toml").read_text()), file)
    assert load(tmp_path / "quickstart.yaml").cases[0].tree == loaded.cases[0].tree


def test_fig7_loads():
    study = load(SPECS / "fig7.toml").cases[0].study
    assert (study.model.depth, study.model.norm, study.dataset.crop) == (10, "batch", 224)
    assert study.recipes["distilled"].augment == study.recipes["real"].augment
    assert study.recipes["distilled"].length == Step(epochs=1000)


def test_fig7_loads_with_stand_ins():
    sets = [
        "dataset=digits",
        "model=lenet-300-100",
        "recipes.real=openlth/lenet-mnist",
        "recipes.distilled=openlth/lenet-mnist",
        "distilled.idc10.method=dm",
        "distilled.idc10.ipc=10",
    ]
    study = load(SPECS / "fig7.toml", sets).cases[0].study
    assert list(study.networks) == ["dense", "imp", "imp-k3", "stable", "shuffled", "reinit"]
    assert study.replicates == 5


def test_recipes_build_on_each_other():
    study = small().cases[0].study
    assert study.recipes["distilled"] == study.recipes["real"].model_copy(update={"length": Step(100)})


def test_a_table_of_another_sort_replaces_and_one_of_the_same_merges():
    more = '[recipes.other]\nextends = "real"\noptimiser = { name = "adam", lr = 0.01 }\n'
    more += '[recipes.third]\nextends = "real"\noptimiser = { momentum = 0.9 }\n'
    recipes = small(more=more).cases[0].study.recipes
    assert recipes["other"].optimiser == Adam(name="adam", lr=0.01)
    assert recipes["third"].optimiser == Sgd(name="sgd", lr=0.1, momentum=0.9)


def test_a_table_of_another_sort_says_what_it_did_not_keep(tmp_path):
    base = text('[permutations]\nwm = { method = "weights", network = "dense" }\n')
    (tmp_path / "base.toml").write_text(f"replicates = 2\npartners = 2\n{base}")
    (tmp_path / "top.toml").write_text('extends = "base.toml"\n[permutations]\nwm.method = "activations"\n')
    with pytest.raises(SpecError) as error:
        load(tmp_path / "top.toml")
    (problem,) = error.value.problems
    assert (problem.code, problem.message) == ("E104", "`wm` lacks the key `network`")
    assert problem.help.startswith("another `method` keeps nothing of the table at ")
    assert problem.help.endswith('base.toml:27:1: say `network = "dense"` again')


def test_an_item_out_of_range_is_called_one():
    with pytest.raises(SpecError) as error:
        small(model='{ name = "mlp", widths = [16, 0] }')
    assert error.value.problems[0].message == "an item of `widths` must be at least 1, not the integer 0"


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_preset_is_a_whole_recipe(name):
    more = f'[recipes.preset]\nextends = "{name}"\n'
    recipe = small(more=more).cases[0].study.recipes["preset"]
    assert isinstance(recipe, Recipe)
    assert "/" in name


def test_presets_of_the_papers():
    recipes = (
        small(
            'recipes.frankle="frankle/lenet-mnist"',
            'recipes.openlth="openlth/lenet-mnist"',
            'recipes.pruning="distilled-pruning/cifar100-real"',
        )
        .cases[0]
        .study.recipes
    )
    assert (recipes["frankle"].length, recipes["frankle"].batch) == (Step(0, 24_000), 60)
    assert recipes["frankle"].optimiser == Adam(name="adam", lr=0.0012)
    assert (recipes["openlth"].length, recipes["openlth"].optimiser) == (Step(40), Sgd(name="sgd", lr=0.1))
    assert recipes["pruning"].schedule.at == (Step(50), Step(65), Step(80))
    assert recipes["pruning"].batch == 256


def test_presets_for_distilled_data():
    recipes = (
        small(
            'recipes.real="idc/cifar10-real"',
            'recipes.idc="idc/cifar10-distilled"',
            'recipes.distilled="distilled-pruning/cifar10-distilled"',
        )
        .cases[0]
        .study.recipes
    )
    assert recipes["idc"].schedule.at == (Step(1000 * 2 // 3), Step(1000 * 5 // 6))
    assert recipes["idc"].augment == recipes["real"].augment
    assert (recipes["idc"].augment.dsa_style, recipes["idc"].augment.cutmix) == ("idc", 0.5)
    assert recipes["distilled"].augment.dsa == "color_crop_cutout_flip_rotate_scale"


def test_files_merge_with_later_ones_on_top(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.toml").write_text(text())
    (tmp_path / "sub" / "middle.yaml").write_text(
        "extends: base.toml\nreplicates: 3\nmodel: {name: mlp, widths: [5]}\n"
    )
    (tmp_path / "other.toml").write_text(
        "replicates = 4\nrecipes.real.batch = 64\n[networks]\nimp = [{ rounds = 9 }]\n"
    )
    (tmp_path / "top.toml").write_text('extends = ["sub/middle.yaml", "other.toml"]\nmodel.widths = [7, 7]\n')
    loaded = load(tmp_path / "top.toml")
    study = loaded.cases[0].study
    assert (study.replicates, study.recipes["real"].batch, study.networks["imp"][0].rounds) == (4, 64, 9)
    assert (study.model.name, study.model.widths) == ("mlp", (7, 7))
    assert "extends" not in loaded.cases[0].tree
    assert [path.name for path in loaded.files] == ["top.toml", "middle.yaml", "base.toml", "other.toml"]
    origin = loaded.cases[0].origins.of(("replicates",))
    assert (origin.value, Path(origin.value_span.file).name) == (4, "other.toml")
    assert [(one.value, Path(one.value_span.file).name) for one in origin.earlier] == [(3, "middle.yaml")]


def test_problems_of_all_files_come_together_in_order(tmp_path):
    (tmp_path / "base.toml").write_text(text(batch="true"))
    (tmp_path / "top.toml").write_text('extends = "base.toml"\nreplicates = 0\n[measures]\naccuracy = { level = 3 }\n')
    with pytest.raises(SpecError) as error:
        load(tmp_path / "top.toml", ["title=3"])
    found = [(problem.code, Path(problem.span.file).name, problem.span.line) for problem in error.value.problems]
    assert found == [("E107", "top.toml", 2), ("E103", "top.toml", 4), ("E105", "base.toml", 8), ("E105", "--set", 1)]


def test_syntax_errors_of_several_files_come_together(tmp_path):
    (tmp_path / "a.toml").write_text("a = \n")
    (tmp_path / "b.yaml").write_text("b: [\n")
    (tmp_path / "top.toml").write_text('extends = ["a.toml", "b.yaml", "c.toml"]\n')
    with pytest.raises(SpecError) as error:
        load(tmp_path / "top.toml")
    assert [problem.code for problem in error.value.problems] == ["E001", "E101", "E101"]


def test_a_file_that_two_files_extend_is_read_once(tmp_path):
    (tmp_path / "base0.toml").write_text(text())
    for index in range(1, 15):
        (tmp_path / f"base{index}.toml").write_text(f'extends = ["base{index - 1}.toml", "base{index - 1}.toml"]\n')
    assert len(load(tmp_path / "base14.toml").files) == 15


def test_an_unknown_preset_hides_nothing_else():
    assert codes("recipes.other=nowhere", "title=3") == ["E206", "E105"]


def test_like_networks_and_short_forms():
    study = small("dataset.space=raw", 'networks.base={ like = "imp", mask = "even" }').cases[0].study
    assert study.networks["base"] == Like(like="imp", mask="even")
    assert (study.dataset.name, study.dataset.space.name) == ("digits", "raw")


def test_a_spec_that_extends_a_circle_of_links_is_no_crash(tmp_path):
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "top.toml").write_text('extends = "loop.toml"\n')
    with pytest.raises(SpecError) as error:
        load(tmp_path / "top.toml")
    assert [(problem.code, problem.span.line, problem.span.column) for problem in error.value.problems] == [
        ("E003", 1, 11)
    ]


def test_loading_the_quickstart_is_quick():
    """30 ms of this process beyond imports, when nothing is cached; the best of a few, as others use the machine."""

    def once() -> float:
        study_model.__globals__["_study_model"].cache_clear()
        begun = time.process_time()
        load(SPECS / "quickstart.toml")
        return time.process_time() - begun

    assert min(once() for _ in range(5)) < 0.03


@pytest.mark.parametrize(
    "spec", ["quickstart", "sentence", "lr-rewinding", "instability/figure6", "instability/figureE"]
)
def test_the_models_of_a_specs_own_cards_read_it_as_those_of_all_cards_do(spec):
    whole = study_model()
    for case in load(SPECS / f"{spec}.toml").cases:
        assert type(case.study) is not whole, "the few cards of the spec were not enough"
        assert case.study.model_dump() == whole.model_validate(case.tree).model_dump()


def test_a_card_is_found_in_the_module_of_its_name_or_in_any_other():
    for kind in CARDS:
        for card in built_in(kind).values():
            for name in (card.name, *card.variants):
                assert find(kind, name) is card
