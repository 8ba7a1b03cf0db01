import shutil
import time

import pytest

from lmcspec.catalog.datasets.mnist import CARD, Mnist
from lmcspec.science.data.arrays import DataError, MissingData, channel_statistics, facts
from lmcspec.science.data.sets import stamps, verify
from lmcspec.science.data.sets.mnist import load


@pytest.mark.data
def test_the_official_files_load_and_the_card_tells_the_truth(unpacked_data):
    arrays = load(Mnist(), unpacked_data)
    assert facts(arrays) == CARD.facts
    mean, std = channel_statistics(arrays)
    assert CARD.mean == pytest.approx(mean, abs=5e-5)
    assert CARD.std == pytest.approx(std, abs=5e-5)
    assert arrays.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


@pytest.mark.data
def test_the_digest_is_checked_once_and_again_when_a_file_changes(unpacked_data, tmp_path, monkeypatch):
    raw = tmp_path / "MNIST" / "raw"
    shutil.copytree(unpacked_data / "MNIST" / "raw", raw)
    monkeypatch.setattr(stamps, "now", lambda: time.time_ns() + 2 * stamps.GRAIN)  # so that they are no news
    checked = []
    honest = verify.digest
    monkeypatch.setattr(verify, "digest", lambda arrays: checked.append(1) or honest(arrays))
    load(Mnist(), tmp_path)
    load(Mnist(), tmp_path)
    assert len(checked) == 1
    with open(raw / "t10k-images-idx3-ubyte", "r+b") as file:
        file.seek(16 + 400)
        byte = file.read(1)[0]
        file.seek(16 + 400)
        file.write(bytes([byte ^ 1]))
    for _ in range(2):  # a failed check is never remembered
        with pytest.raises(DataError, match=CARD.facts.digest):
            load(Mnist(), tmp_path)
    assert len(checked) == 3


def test_missing_files_are_an_error_that_says_how_to_get_them(tmp_path):
    for root in (None, tmp_path):
        with pytest.raises(MissingData) as caught:
            load(Mnist(), root)
        assert isinstance(caught.value, FileNotFoundError)
        assert "download=True" in caught.value.help
