"""What an installed lmcspec has without its repository: the papers' specs, found by name, and the templates."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The files of the wheel; nothing is installed."""
    place = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        ["uv", "build", "--wheel", "--out-dir", str(place / "dist"), str(ROOT)], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (place / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "files")
    return place / "files"


@pytest.fixture
def lmcspec(unpacked, tmp_path):
    """A command of the unpacked lmcspec, typed in an empty folder."""

    def call(*words: str):
        environment = {**os.environ, "PYTHONPATH": str(unpacked)}
        program = [sys.executable, "-P", "-c", "from lmcspec.cli import main; main()"]
        return subprocess.run([*program, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)

    return call


def test_every_spec_is_in_it(unpacked):
    ours = {path.relative_to(ROOT / "specs") for path in (ROOT / "specs").rglob("*.toml")}
    there = {
        path.relative_to(unpacked / "lmcspec" / "spec" / "examples")
        for path in unpacked.rglob("spec/examples/**/*.toml")
    }
    assert ours == there
    assert {path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"} == {"lmcspec", "lmcspec_runners"}


@pytest.mark.parametrize("name", ["quickstart", "instability/figure2", "permutation/small/figure1"])
def test_its_specs_are_found_by_name_with_what_they_extend(lmcspec, unpacked, name):
    planned = lmcspec("plan", name, "--format", "json")
    assert planned.returncode == 0, planned.stderr
    assert str(unpacked / "lmcspec" / "spec" / "examples" / f"{name}.toml") in planned.stderr
    here = [sys.executable, "-c", "from lmcspec.cli import main; main()", "plan", str(ROOT / "specs" / f"{name}.toml")]
    ours = subprocess.run([*here, "--format", "json"], cwd=unpacked.parent, capture_output=True, text=True, check=True)
    ids = [[task["id"] for task in json.loads(text)["data"]["tasks"]] for text in (planned.stdout, ours.stdout)]
    assert ids[0] == ids[1] and ids[0]


def test_its_specs_are_listed(lmcspec):
    listed = json.loads(lmcspec("specs", "--format", "json").stdout)["data"]["specs"]
    assert {"quickstart", "fig7", "distilled/small/fig7-tiny"} <= {spec["name"] for spec in listed}


def test_its_templates_are_written(lmcspec, tmp_path):
    assert lmcspec("init", "lottery").returncode == 0 and (tmp_path / "lottery.toml").is_file()
    made = lmcspec("init", "plugin", "my-cards")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "my-cards" / "my_cards" / "cards.py").is_file()
    assert not list((tmp_path / "my-cards").rglob("__pycache__"))
