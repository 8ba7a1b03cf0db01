import subprocess
import sys

import pytest
import torch

from lmcspec.base.errors import UsageError
from lmcspec.catalog.datasets.digits import CARD, Digits
from lmcspec.science import data
from lmcspec.science.data import Space


def test_a_name_is_enough():
    by_name, by_config = data.load("digits"), data.load(Digits(), space=Space("raw"))
    assert torch.equal(by_name.train.images, by_config.train.images)
    assert by_name.space == Space("raw")


def test_standardised_takes_the_cards_numbers():
    dataset = data.load("digits", space="standardised")
    assert dataset.space == Space("standardised", CARD.mean, CARD.std)
    x, _ = dataset.train.all()
    assert abs(x.mean().item()) < 1e-3
    assert abs(x.std().item() - 1) < 1e-3


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UsageError, match="digits"):
        data.load("digit")


def test_every_public_name_is_there():
    for name in data.__all__:
        assert getattr(data, name) is not None
    with pytest.raises(AttributeError):
        data.nothing  # noqa: B018


def test_facts_of_folders_and_files_need_no_torch():
    code = (
        "import sys; import lmcspec.science.data, lmcspec.science.data.sets.folder, lmcspec.science.data.sets.cifar10_jpeg, "
        "lmcspec.science.data.distilled.distilled_set; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
