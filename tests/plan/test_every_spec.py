"""Every file under specs/ is a study that plans by itself, but those that others extend, whose names begin with `_`."""

import re
from pathlib import Path

import pytest
from papers_for_tests import Specs

SPECS = Specs(Path(__file__).parents[2] / "specs")
FRAGMENTS = sorted(name for name in SPECS.names if Path(name).name.startswith("_"))


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


@pytest.mark.parametrize("name", sorted(SPECS.names - {*FRAGMENTS}))
def test_it_plans_by_itself(name):
    assert SPECS.loaded(name).cases[0].study.measures
    assert SPECS.planned(name).counted


def test_each_fragment_is_extended_beside_it():
    """Not by its name alone: small/ has fragments of the same names as the folder above."""
    extended = set()
    for name in SPECS.names:
        path = SPECS.folder / f"{name}.toml"
        for line in re.findall(r"^extends = \[(.*)\]$", path.read_text(encoding="utf-8"), re.MULTILINE):
            extended |= {(path.parent / one).resolve() for one in re.findall(r'"([^"]+)"', line)}
    assert {(SPECS.folder / f"{name}.toml").resolve() for name in FRAGMENTS} <= extended
