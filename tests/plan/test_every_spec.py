"""Every file under specs/ is a study that plans by itself, but those that others extend, whose names begin with `_`."""

import re
from pathlib import Path

import pytest
from papers_for_tests import Specs

from lmcspec.plan.outlook import images_to_see, outlook
from lmcspec.spec.shipped_specs import ShippedSpec, shipped_specs

SPECS = Specs(Path(__file__).parents[2] / "specs")
FRAGMENTS = sorted(name for name in SPECS.names if Path(name).name.startswith("_"))


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


@pytest.mark.parametrize("name", sorted(SPECS.names - {*FRAGMENTS}))
def test_it_plans_by_itself(name):
    assert SPECS.loaded(name).cases[0].study.measures
    assert SPECS.planned(name).counted


@pytest.mark.parametrize("name", sorted(SPECS.names - {*FRAGMENTS}))
def test_its_tasks_have_labels_of_their_own(name):
    plan = SPECS.planned(name)
    assert {plan.roles[task.label]: task.label for task in plan.tasks.values()}.keys() == plan.tasks.keys()
    assert not [label for label in plan.roles if re.search(r" [0-9a-f]{10}$", label)], "words tell them apart"


def test_each_fragment_is_extended_beside_it():
    """Not by its name alone: small/ has fragments of the same names as the folder above."""
    extended = set()
    for name in SPECS.names:
        path = SPECS.folder / f"{name}.toml"
        for line in re.findall(r"^extends = \[(.*)\]$", path.read_text(encoding="utf-8"), re.MULTILINE):
            extended |= {(path.parent / one).resolve() for one in re.findall(r'"([^"]+)"', line)}
    assert {(SPECS.folder / f"{name}.toml").resolve() for name in FRAGMENTS} <= extended


@pytest.mark.parametrize("spec", list(shipped_specs()), ids=lambda spec: spec.name)
def test_it_lists_what_it_costs(spec: ShippedSpec):
    """What its header tells for `lmcspec specs`, against its plan: trainings exactly, images to the digits told."""
    assert spec.title
    counts, view = SPECS.counts(spec.name), outlook(SPECS.planned(spec.name), None)
    assert spec.trainings == counts["train"] + counts["distilled"]
    images = sum(cost.work.images for cost in (*view.running.values(), *view.waiting.values()))
    assert images == images_to_see(view)
    if {case.study.dataset.name for case in SPECS.loaded(spec.name).cases} == {"folder"}:
        assert "training images of a folder" in spec.cost, "whose number is not known without it"
    else:
        assert spec.images == pytest.approx(images, rel=0.03), "told in two or three digits"


def test_all_that_are_studies_are_listed():
    assert {spec.name for spec in shipped_specs()} == SPECS.names - {*FRAGMENTS}
