"""Specs that ship are found by name, from any folder, where no file is meant."""

import os
from pathlib import Path

import pytest

from lmcspec.base.errors import SpecError
from lmcspec.plan import compile_study
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
    assert loaded.ships == ""
    Path("folder/quickstart.toml").write_text(TINY.format("other"))
    assert load(Path("folder/mine.toml")).cases[0].study.networks.keys() == {"dense"}


def test_so_may_it_on_settings_of_a_paper():
    Path("mine.toml").write_text(
        'extends = ["instability/_settings"]\nstudy = "mine"\nmeasures.accuracy = {}\nsweep.only = ["lenet"]\n'
    )
    assert [case.name for case in load(Path("mine.toml")).cases] == ["lenet"]


MINE = 'study = "mine"\nextends = "mnist-imp"\ndataset.root = "data"\n'


def written(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def begins(spec: Path, *sets: str) -> Path:
    """The folder in which `dataset.root = "data"` of a spec begins, as its plan has it."""
    loaded = load(spec, sets)
    (place,) = (where["root"] for where in compile_study(loaded).neutral.values())
    assert loaded.folder_of(loaded.cases[0], ("dataset", "root")).resolve() / "data" == Path(place)
    return Path(place).parent


def test_relative_paths_begin_at_the_file_that_says_them_or_where_set_is_typed():
    below = 'study = "mine"\nextends = "below/said.toml"\n'
    written({"folder/said.toml": MINE, "folder/on.toml": below, "folder/below/said.toml": MINE})
    here = Path.cwd()
    assert begins(Path("folder/said.toml")) == here / "folder"
    assert begins(Path("folder/on.toml")) == here / "folder/below"
    for spec in (Path("folder/said.toml"), Path("mnist-imp"), SPECS / "mnist-imp.toml"):
        assert begins(spec, "dataset.root=data") == here


def test_of_a_spec_that_ships_they_begin_where_the_command_is_typed(monkeypatch):
    """Nobody puts data into an installed package. By its path it is a file as any other."""
    on_top = MINE.replace("mnist-imp", str(SPECS / "mnist-imp.toml"))
    written({"package/_said.toml": on_top, "package/ours.toml": 'study = "ours"\nextends = "_said.toml"\n'})
    written({"folder/mine.toml": 'study = "mine"\nextends = "ours"\n'})
    package = Path.cwd() / "package"
    monkeypatch.setattr(shipped, "_folder", lambda: package)
    monkeypatch.setattr(shipped, "names", lambda: ("ours",))
    assert begins(Path("ours")) == begins(Path("folder/mine.toml")) == Path.cwd()
    assert begins(Path("package/ours.toml")) == package


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
