"""Specs that ship are found by name, from any folder, where no file is meant."""

import os
from pathlib import Path

import pytest

from lmcspec.base.errors import SpecError
from lmcspec.spec import load, shipped
from lmcspec.spec.located import located
from lmcspec.spec.unreadable import Unreadable

SPECS = Path(__file__).parents[2] / "specs"
TINY = """
study = "{}"
dataset = "digits"
model = "lenet-300-100"
recipes.real = {{ length = "1ep", batch = 32, optimiser = {{ name = "sgd", lr = 0.1 }} }}
networks.dense = []
measures.accuracy = {{}}
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problem_of(path, **given):
    with pytest.raises(SpecError) as raised:
        load(Path(path), **given)
    (problem,) = raised.value.problems
    return problem


@pytest.mark.parametrize("name", ["quickstart", "instability/figure2", "permutation/small/figure1"])
def test_a_name_is_the_file_of_that_name(name):
    loaded = load(Path(name))
    assert loaded.path == SPECS / f"{name}.toml" and loaded.ships == name
    assert loaded.cases[-1].study == load(SPECS / f"{name}.toml").cases[-1].study


def test_the_end_of_a_name_will_do_where_no_other_ends_so():
    assert load(Path("mnist-width")).ships == "permutation/mnist-width"
    assert load(Path("small/figure22")).ships == "permutation/small/figure22"
    assert shipped.called("width") == [], "a word is a whole one"


def test_several_specs_of_one_name_are_named():
    problem = problem_of("figure2")
    assert problem.code == "E011" and problem.help == "name one of them in full"
    assert "`instability/figure2`, `instability/small/figure2`" in problem.message
    Path("study.toml").write_text('extends = ["figure1"]\nstudy = "x"\n')
    problem = problem_of("study.toml")
    assert (problem.code, str(problem.span)) == ("E011", "study.toml:1:12")
    assert "`permutation/figure1`, `permutation/small/figure1`" in problem.message


@pytest.mark.parametrize("file", ["quickstart.toml", "quickstart"])
def test_a_file_of_that_name_goes_before(file):
    Path(file).write_text(TINY.format("mine"))
    if Path(file).suffix:
        assert load(Path("quickstart")).name == load(Path("quickstart.toml")).name == "mine"
        assert load(Path("quickstart")).ships == "" and load(Path("quickstart")).path == Path("quickstart.toml")
    else:
        assert problem_of("quickstart").code == "E008"


def test_a_folder_of_that_name_is_in_nobody_s_way():
    Path("quickstart").mkdir()
    assert load(Path("quickstart")).ships == "quickstart"


def test_a_link_that_leads_nowhere_is_a_file_that_is_there():
    Path("quickstart.toml").symlink_to("gone.toml")
    assert problem_of("quickstart").code == "E001"


def test_two_files_of_one_name_are_named():
    for suffix in ("toml", "yaml"):
        Path(f"mine.{suffix}").write_text(TINY.format("mine"))
    problem = problem_of("mine")
    assert problem.code == "E011" and "`mine.toml`, `mine.yaml`" in problem.message
    Path("mine.yaml").unlink()
    assert load(Path("mine")).path == Path("mine.toml")


@pytest.mark.parametrize(
    "path", ["quickstart.toml", "./quickstart.yaml", "../quickstart.toml", "specs/quickstart.toml"]
)
def test_what_has_an_ending_is_a_path_and_no_name(path):
    problem = problem_of(path)
    assert problem.code == "E001"
    assert problem.help == "did you mean `quickstart`, which ships with lmcspec?"


@pytest.mark.parametrize("path", ["/quickstart", "../quickstart", "small/../quickstart", "instability/", "", ".", "*"])
def test_what_leads_out_of_their_folder_is_no_name(path):
    assert located(Path(path), path).name == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("quikstart", "quickstart"),
        ("instability/figur7", "instability/figure7"),
        ("specs/permutation/figure22.toml", "permutation/figure22"),
        ("mnist_imp.toml", "mnist-imp"),
        ("lotery-ticket", ""),
    ],
)
def test_what_is_missing_names_the_nearest(typed, meant):
    problem = problem_of(typed)
    assert problem.code == "E001" and f"there is no file `{typed}`" in problem.message
    said = f"did you mean `{meant}`, which ships with lmcspec?" if meant else "`lmcspec specs` lists those that ship"
    assert problem.help == said


def test_a_file_beside_is_nearer_than_one_that_ships():
    Path("quickstart2.toml").write_text(TINY.format("mine"))
    assert problem_of("quickstart.toml").help == "did you mean `quickstart2.toml`?"


def test_a_spec_of_one_s_own_may_rest_on_one_that_ships():
    Path("folder").mkdir()
    Path("folder/mine.toml").write_text('extends = "quickstart"\nstudy = "mine"\nreplicates = 3\n')
    loaded = load(Path("folder/mine.toml"))
    assert loaded.cases[0].study.replicates == 3 and loaded.cases[0].study.networks.keys() >= {"dense", "stable"}
    assert loaded.folder == Path("folder") and loaded.ships == ""
    Path("folder/quickstart.toml").write_text(TINY.format("other"))
    assert load(Path("folder/mine.toml")).cases[0].study.networks.keys() == {"dense"}


def test_so_may_it_on_settings_of_a_paper():
    Path("mine.toml").write_text(
        'extends = ["instability/_settings"]\nstudy = "mine"\nmeasures.accuracy = {}\nsweep.only = ["lenet"]\n'
    )
    assert [case.name for case in load(Path("mine.toml")).cases] == ["lenet"]


def test_data_of_a_spec_that_ships_lie_where_the_command_is_typed(monkeypatch):
    from lmcspec.plan.facts import data_root

    loaded = load(Path("mnist-imp"), ["dataset.root=data"])
    assert data_root(loaded.cases[0].study.dataset, loaded.folder) == Path.cwd() / "data"
    loaded = load(SPECS / "mnist-imp.toml", ["dataset.root=data"])
    assert data_root(loaded.cases[0].study.dataset, loaded.folder) == SPECS / "data"


def test_names_are_in_an_order_to_read():
    names = shipped.names()
    assert names.index("instability/figure8") < names.index("instability/figureB1")
    assert names.index("permutation/figure9") < names.index("permutation/figure10")
    assert names.index("instability/table1") < names.index("instability/small/figure2")
    assert len(names) == len(set(names)) and not any("/_" in name or name.startswith("_") for name in names)
    files = [path for path in SPECS.rglob("*.toml") if not path.name.startswith("_")]
    assert {os.path.join(*name.split("/")) for name in names} == {
        str(path.relative_to(SPECS).with_suffix("")) for path in files
    }


def test_a_problem_with_several_meanings_stands_at_the_path():
    with pytest.raises(Unreadable) as raised:
        located(Path("figure3"))
    assert str(raised.value.problem.span) == "figure3:1:1"
