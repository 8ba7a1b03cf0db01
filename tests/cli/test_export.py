"""`lmcspec export`: the distilled sets of a study as files, loaded again by another study."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from specs_for_tests import SEVEN_UPDATES

from lmcspec.cli import main
from lmcspec.plan import compile_study
from lmcspec.science.data import Space
from lmcspec.science.data.distilled.distilled_set import load_distilled, read_own
from lmcspec.spec import load
from lmcspec.store import Store

SETS = (
    SEVEN_UPDATES
    + """
[distilled]
chance = { method = "random-images", ipc = 2 }
mean = { method = "dm", ipc = 1, iterations = 2 }
packed = { method = "idc", ipc = 1, networks = 1, inner = 1, seen = 0, dsa = "" }
led = { method = "mtt", ipc = 1, iterations = 1, latest = 1, student_steps = 1, experts = { count = 1, epochs = 2 } }
[networks]
dense = []
[measures]
chance = { kind = "set-accuracy", set = "chance", evaluate = "real" }
mean = { kind = "set-accuracy", set = "mean", evaluate = "real" }
packed = { kind = "set-accuracy", set = "packed", evaluate = "real" }
led = { kind = "set-accuracy", set = "led", evaluate = "real" }
"""
).replace('{ name = "mlp", widths = [16] }', '{ name = "convnet2", width = 4 }')
SHAPE = (1, 8, 8)
DIGITS = Space("standardised", (0.3052,), (0.3763,))


@pytest.fixture(scope="session")
def distilled(tmp_path_factory):
    """A store in which the four sets are."""
    place = tmp_path_factory.mktemp("distilled")
    (place / "study.toml").write_text(SETS)
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(place / "study.toml"), "--store", str(place / "store"), "--runner", "inline"])
    assert not stopped.value.code
    return place / "store"


@pytest.fixture
def store(place, distilled) -> Store:
    Path("study.toml").write_text(SETS)
    shutil.copytree(distilled, ".lmcspec")
    return Store.open(".lmcspec")


def stored(store: Store, name: str):
    """The object of a set."""
    return store.find(compile_study(load("study.toml")).roles[f"distilled/{name}"])


@pytest.mark.parametrize(
    ("name", "form", "files"),
    [
        ("chance", "dc", ["set.pt"]),
        ("mean", "dc", ["set.pt"]),
        ("packed", "idc", ["set.pt"]),
        ("led", "mtt", ["set_images.pt", "set_labels.pt"]),
        ("mean", "mtt", ["set_images.pt", "set_labels.pt"]),
        ("led", "dc", ["set.pt"]),
        ("packed", "safetensors", ["set.safetensors"]),
        ("led", "safetensors", ["set.safetensors"]),
    ],
)
def test_a_set_comes_back_bitwise_and_as_it_says(store, lmcspec, name, form, files):
    own = {"chance": "dc", "mean": "dc", "packed": "idc", "led": "mtt"}[name] == form
    wish = () if own or form == "safetensors" else ("--as", form)
    found = lmcspec("export", "study.toml", name, files[0], *wish, "--format", "json").data
    assert (found["form"], found["files"]) == (form, files)
    object = stored(store, name)
    made = read_own(object.out / "distilled.safetensors", 10, SHAPE)
    assert (found["task"], found["images"], found["shape"]) == (object.id, len(made.labels), [1, 8, 8])
    assert found["load"] == {"load": files[0], "space": made.space.name} | ({"factor": 2} if name == "packed" else {})
    again = load_distilled(Path(files[0]), made.space, 10, SHAPE, factor=found["factor"])
    assert torch.equal(again.images, made.images) and torch.equal(again.labels, made.labels)
    assert (again.space, again.factor) == (made.space, made.factor)
    assert again.rate == (made.rate if form == "safetensors" else None)


def test_it_says_what_it_wrote_and_a_spec_that_says_so_trains_on_it(store, lmcspec):
    said = lmcspec("export", "study.toml", "packed", "ten.pt")
    assert (said.code, said.out) == (0, "ten.pt\n")
    contents, line = said.err.splitlines()
    assert contents == "10 images, 1x8x8 each, 2 x 2 packed in one, raw"
    table = line.removeprefix("in a spec, under [distilled]: ")
    assert table == 'packed = { load = "ten.pt", space = "raw", factor = 2 }'
    written = SETS.splitlines()
    again = [table if one.startswith("packed = { method") else one for one in written]
    Path("again.toml").write_text("\n".join(again))
    assert lmcspec("run", "again.toml", "--runner", "inline").code == 0
    values = [
        {row["measure"]: row["value"] for row in lmcspec("results", spec, "--format", "json").data["results"]}
        for spec in ("study.toml", "again.toml")
    ]
    assert values[0] == values[1]


def test_a_learned_rate_has_no_place_in_published_files(store, lmcspec):
    said = lmcspec("export", "study.toml", "led", "led_images.pt")
    assert said.out == "led_images.pt\nled_labels.pt\n"
    assert "no place for the learned rate, 0.0" in said.err
    assert "--as safetensors" in said.err
    assert "rate" not in lmcspec("export", "study.toml", "led", "led.safetensors").err


def test_elsewhere_the_line_names_the_whole_path(store, lmcspec, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "set.pt"
    load = lmcspec("export", "study.toml", "mean", str(other), "--format", "json").data["load"]
    assert load == {"load": str(other), "space": "standardised"}
    Path("sets").mkdir()
    load = lmcspec("export", "study.toml", "mean", "sets/set.pt", "--format", "json").data["load"]
    assert load["load"] == "sets/set.pt"


def test_a_saved_plan(store, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    Path("study.toml").unlink()
    assert lmcspec("export", "plan.json", "mean", "set.pt").code == 0


def test_what_is_there_stays_unless_forced(store, lmcspec):
    Path("led_labels.pt").write_text("mine")
    said = lmcspec("export", "study.toml", "led", "led_images.pt")
    assert (said.code, said.out) == (2, "")
    assert "there is a file led_labels.pt" in said.err and "--force" in said.err
    assert not Path("led_images.pt").exists() and Path("led_labels.pt").read_text() == "mine"
    assert lmcspec("export", "study.toml", "led", "led_images.pt", "--force").code == 0
    made = read_own(stored(store, "led").out / "distilled.safetensors", 10, SHAPE)
    assert torch.equal(load_distilled(Path("led_images.pt"), made.space, 10, SHAPE).images, made.images)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["maen", "set.pt"], "did you mean mean?"),
        (["nothing-like-it", "set.pt"], "there are: chance, mean, packed, led"),
        (["file", "set.pt"], "loaded from some_images.pt"),
        (["far", "set.pt"], "it is the images of the data set 'digits'"),
        (["mean", "set.pt", "--case", "slow"], "not a sweep"),
        (["mean", "set.pt", "--as", "mtt"], "call it set_images.pt"),
        (["mean", "set.safetensors", "--as", "dc"], "call it set.pt"),
        (["mean", "set.pt", "--as", "safetensors"], "call it set.safetensors"),
        (["mean", "set.pt", "--as", "idc"], "the form idc holds images in [0, 1], and these are standardised"),
        (["packed", "set_images.pt", "--as", "mtt"], "packed, 2 x 2 in one"),
        (["mean", "set.pt", "--as", "numpy"], "numpy"),
        (["mean", "."], "is a folder"),
        (["mean", "no where/set.pt"], "mkdir -p 'no where'"),
        (["mean", "study.toml", "--as", "dc"], "there is a file study.toml"),
        (["mean", f"{'x' * 300}.pt"], "too long for a path"),
        (["mean"], "Missing argument"),
    ],
)
def test_mistakes_end_with_a_sentence_and_write_nothing(store, lmcspec, arguments, says):
    others = 'file = { load = "some_images.pt", space = "raw" }\nfar = { dataset = "digits" }'
    spec = SETS.replace("[networks]", f"{others}\n[networks]")
    Path("study.toml").write_text(spec)
    before = sorted(os.listdir())
    said = lmcspec("export", "study.toml", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert "Traceback" not in said.err
    assert sorted(os.listdir()) == before


def test_a_study_without_sets(place, lmcspec, finished):
    said = lmcspec("export", "study.toml", "mean", "set.pt", "--store", str(finished))
    assert said.code == 2
    assert "it makes none" in said.err


def test_a_set_that_is_not_in_the_store(place, lmcspec, distilled):
    Path("study.toml").write_text(SETS)
    assert lmcspec("export", "study.toml", "mean", "set.pt").code == 4
    changed = ("--set", "distilled.mean.ipc=3")
    said = lmcspec("export", "study.toml", "mean", "set.pt", *changed, "--store", str(distilled))
    assert (said.code, said.out) == (4, "")
    assert "is not in the store" in said.err
    assert f"lmcspec run study.toml --set distilled.mean.ipc=3 --store {distilled} makes it" in said.err


def test_a_set_whose_files_are_gone_or_damaged(store, lmcspec):
    store.drop_outputs(stored(store, "mean").id)
    said = lmcspec("export", "study.toml", "mean", "set.pt")
    assert (said.code, said.out) == (4, "")
    assert "dropped" in said.err
    assert "lmcspec run study.toml --force distilled/mean makes it again" in said.err
    path = stored(store, "packed").out / "distilled.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    said = lmcspec("export", "study.toml", "packed", "set.pt")
    assert said.code == 4
    assert "out/distilled.safetensors is corrupt" in said.err
    for name in ("mean", "packed"):
        assert lmcspec("run", "study.toml", "--force", f"distilled/{name}", "--runner", "inline").code == 0
        assert lmcspec("export", "study.toml", name, f"{name}.pt").code == 0, "the help helps"


def test_cases_that_share_a_set_and_cases_that_do_not(store, lmcspec):
    same = ("--set", "sweep.grid={replicates=[1,2]}")
    assert lmcspec("export", "study.toml", "mean", "set.pt", *same).code == 0
    other = ("--set", 'sweep.grid={"distilled.mean.ipc"=[1,2]}')
    said = lmcspec("export", "study.toml", "mean", "other.pt", *other)
    assert (said.code, said.out) == (2, "")
    assert "ipc=1, ipc=2" in said.err
    assert "--case ipc=1" in said.err
    assert lmcspec("export", "study.toml", "mean", "other.pt", *other, "--case", "ipc=1").code == 0
    assert Path("other.pt").read_bytes()[-1:] == Path("set.pt").read_bytes()[-1:]
    assert "did you mean ipc=2?" in lmcspec("export", "study.toml", "mean", "x.pt", *other, "--case", "icp=2").err
    missing = lmcspec("export", "study.toml", "mean", "x.pt", *other, "--case", "ipc=2")
    assert missing.code == 4


def test_data_that_are_not_here_block_it(store, lmcspec):
    Path("images").mkdir()
    away = ("--set", "dataset={name='folder',root='nowhere'}")
    said = lmcspec("export", "study.toml", "mean", "set.pt", *away)
    assert (said.code, said.out) == (5, "")
    assert "nowhere" in said.err
