import subprocess
import sys

import numpy as np
import pytest

from lmcspec.base import streams
from lmcspec.catalog.datasets.digits import CARD, Digits
from lmcspec.science.data.arrays import DataError, channel_statistics, facts
from lmcspec.science.data.sets import digits
from lmcspec.science.data.sets.digits import committed_split, load


@pytest.fixture(scope="module")
def whole():
    from sklearn.datasets import load_digits

    return load_digits()


def drawn_split(labels):
    """How the committed indices were drawn: 360 stratified by class, ascending, int64 (360,).

    Class c has its share of 360 by largest remainder (ties to the lower class); its test images are the first that
    many of the permutation of its members at address ("split", "digits", "test", c).
    """
    sizes = np.bincount(labels)
    exact = 360 * sizes / sizes.sum()
    shares = np.floor(exact).astype(int)
    shares[np.argsort(shares - exact, kind="stable")[: 360 - shares.sum()]] += 1
    chosen = [
        np.flatnonzero(labels == c)[streams.permutation(int(sizes[c]), "split", "digits", "test", c)[: shares[c]]]
        for c in range(len(sizes))
    ]
    return np.sort(np.concatenate(chosen))


def test_the_committed_split_is_the_one_that_the_stream_draws(whole):
    assert committed_split().tolist() == drawn_split(whole.target).tolist()


def test_the_split_is_stratified(whole):
    test = committed_split()
    assert len(set(test.tolist())) == 360
    exact = 360 * np.bincount(whole.target) / 1797
    assert np.abs(np.bincount(whole.target[test]) - exact).max() < 1


def test_images_are_scikit_learns(whole):
    arrays = load(Digits())
    test = committed_split()
    assert (arrays.test_images[:, 0] == whole.images[test]).all()
    assert (arrays.test_labels == whole.target[test]).all()
    train = np.setdiff1d(np.arange(1797), test)
    assert (arrays.train_images[:, 0] == whole.images[train]).all()
    assert (arrays.train_labels == whole.target[train]).all()
    assert arrays.scale == 16 == arrays.train_images.max()


def test_the_card_tells_the_truth():
    arrays = load(Digits())
    assert facts(arrays) == CARD.facts
    mean, std = channel_statistics(arrays)
    assert CARD.mean == pytest.approx(mean, abs=5e-5)
    assert CARD.std == pytest.approx(std, abs=5e-5)


def test_other_images_are_an_error_that_names_both_digests(monkeypatch, whole):
    changed = whole.data.copy()
    changed[0, 0] += 1
    monkeypatch.setattr(digits, "_table", lambda: (changed, whole.target))
    with pytest.raises(DataError) as caught:
        load(Digits())
    assert CARD.facts.digest in str(caught.value)
    assert len([word for word in str(caught.value).replace(",", " ").split() if len(word) == 64]) == 2


def test_where_the_file_has_moved_scikit_learn_reads_it(monkeypatch):
    before = load(Digits())
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    after = load(Digits())
    assert (after.train_images == before.train_images).all()
    assert (after.test_labels == before.test_labels).all()


def test_loading_does_not_import_scikit_learn():
    code = (
        "import sys; from lmcspec.catalog.datasets.digits import Digits; from lmcspec.science.data.sets import digits; "
        "digits.load(Digits()); assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
