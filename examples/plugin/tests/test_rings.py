"""The cards do what they say: `pytest`, once the package is installed."""

from pathlib import Path

import torch
from lmcspec_rings.cards import Residual, Rings
from lmcspec_rings.criterion import scores
from lmcspec_rings.data import facts, load
from lmcspec_rings.model import build

import lmcspec

STUDY = Path(__file__).parents[1] / "rings.toml"


def test_what_plans_know_of_the_images_is_so():
    arrays = load(Rings(noise=60))
    assert arrays.train_images.shape == (facts(Rings(noise=60)).train, *arrays.shape)
    assert set(arrays.test_labels) == {0, 1}


def test_the_model_takes_the_images_and_gives_a_number_a_class():
    model = build(Residual(width=24), (1, 12, 12), 2)
    assert model(torch.zeros(5, 1, 12, 12)).shape == (5, 2)


def test_scores_by_hand():
    weight, mask = torch.tensor([[1.0, -3.0], [5.0, 100.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    scored = scores({"layer": weight}, {"layer": mask})["layer"]
    deviation = (((1 - 1) ** 2 + (-3 - 1) ** 2 + (5 - 1) ** 2) / 2) ** 0.5  # 1, -3 and 5 survive; their mean is 1
    assert torch.allclose(scored, weight.abs() / deviation)


def test_the_study_plans():
    assert "Plan: " in str(lmcspec.load(STUDY).plan("no-store"))
