"""The committed facts of models are what building them gives, under the names by which plans ask for them."""

from pathlib import Path

import pytest

from lmcspec.plan.model_facts import known_facts
from lmcspec.plan.settings import model_part
from lmcspec.spec import load
from tests.versions import facts


def test_committed_facts_are_recomputed():
    assert facts.FILE.read_text() == facts.text(), "type: uv run python -m tests.versions.facts"


@pytest.mark.parametrize(
    ("place", "parameters", "prunable"),
    [(0, 266_610, 266_200), (1, 50_610, 50_200), (2, 320_010, 318_848), (3, 504_420, 503_168)],
)
def test_counts(place, parameters, prunable):
    known = known_facts(facts.part(*facts.MODELS[place]), None)
    assert known is not None
    assert (known.parameters, sum(count for _, count in known.sizes)) == (parameters, prunable)


def test_a_study_finds_them():
    from lmcspec.base.facts import DataFacts

    text = """
study = "one"
dataset = "digits"
model = "convnet3"
recipes.real = { length = 1, batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
networks.dense = []
"""
    study = load(Path("study.toml"), [], text=text).cases[0].study
    part = model_part(study.model, DataFacts("0" * 64, 1, 1, 10, (3, 32, 32)))
    assert part == facts.part(*facts.MODELS[2])
    assert known_facts(part, None) is not None
