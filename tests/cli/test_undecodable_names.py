"""Names with bytes that are not UTF-8 are refused where they come in, for plans, journals and reports repeat them."""

import os
from pathlib import Path

import pytest

ODD = os.fsdecode(b"odd\xff")


@pytest.fixture
def odd(place):
    """A folder with such a name, in which the study and a saved plan lie."""
    folder = Path(ODD)
    folder.mkdir()
    (folder / "study.toml").write_bytes(Path("study.toml").read_bytes())
    (folder / "mnist.toml").write_text(Path("study.toml").read_text().replace('"digits"', '"mnist"'))
    (folder / "plan.json").write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("arguments", "whose"),
    [
        (("run", f"{ODD}/study.toml"), "the path of the spec "),
        (("plan", f"{ODD}/study.toml", "-o", "plan.json"), "the path of the spec "),
        (("run", f"{ODD}/plan.json"), "the path of the plan "),
        (("run", "study.toml", "--store", ODD), "the path of the store "),
        (("plan", "study.toml", "--set", f"title={ODD}"), "--set title="),
        (("plan", "study.toml", "--set", f'dataset.root="{ODD}"'), "--set dataset.root="),
    ],
)
def test_an_undecodable_name_is_refused_in_a_sentence(odd, lmcspec, arguments, whose):
    said = lmcspec(*arguments)
    assert said.code == 2 and said.err.startswith(f"error: {whose}")
    assert r"odd\udcff" in said.err and "holds bytes that are not UTF-8" in said.err
    assert not Path("plan.json").exists() and not list(odd.glob("[!mps]*"))


def test_so_is_that_of_the_folder_of_data_sets(odd, lmcspec, monkeypatch):
    monkeypatch.setenv("LMCSPEC_DATA", str(odd.absolute()))
    Path("mnist.toml").write_bytes((odd / "mnist.toml").read_bytes())
    for arguments in (("plan", "mnist.toml", "-o", "plan.json"), ("run", "mnist.toml")):
        said = lmcspec(*arguments)
        assert said.code == 2 and "the path of data " in said.err and r"odd\udcff" in said.err
