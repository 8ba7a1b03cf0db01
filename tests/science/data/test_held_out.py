"""Validation splits: what is set aside, by a loop of its own; and images at another size, by an image folder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lmcspec.base import streams
from lmcspec.catalog.datasets.folder import Folder
from lmcspec.science.data import Selection, load
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.held_out import hold_out, keep
from lmcspec.science.data.sets import folder
from lmcspec.science.data.sets.resize import resized
from lmcspec.science.data.space import Space, fit


def numbered(labels) -> Arrays:
    """A set whose training image i is one pixel that says i."""
    labels = np.array(labels, dtype=np.int64)
    images = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Arrays(images, labels, images[:1], labels[:1], classes=5)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.data())
def test_images_are_dealt_class_by_class_in_the_order_of_the_stream(labels, data):
    count = data.draw(st.integers(1, len(labels) - 1))
    arrays = hold_out(numbered(labels), count, "some", seed=3)
    waiting = {label: [] for label in range(5)}
    for place in streams.permutation(len(labels), "split", "some", "validation", 3):
        waiting[labels[place]].append(int(place))
    dealt = []
    rounds = 0
    while len(dealt) < count:
        # One of each class a round; the last round takes those that were drawn first.
        row = sorted(
            (queue[rounds] for queue in waiting.values() if len(queue) > rounds),
            key=list(streams.permutation(len(labels), "split", "some", "validation", 3)).index,
        )
        dealt += row[: count - len(dealt)]
        rounds += 1
    assert arrays.validation is not None
    images, own = arrays.validation
    assert images.ravel().tolist() == sorted(dealt)
    assert own.tolist() == [labels[place] for place in sorted(dealt)]
    rest = [place for place in range(len(labels)) if place not in dealt]
    assert arrays.train_images.ravel().tolist() == rest
    assert arrays.train_labels.tolist() == [labels[place] for place in rest]


def test_the_split_of_digits_is_pinned_and_balanced():
    data = load("digits", select=Selection(validation=200, seed=0))
    assert data.validation is not None
    assert np.bincount(data.validation.labels, minlength=10).tolist() == [20] * 10
    assert (len(data.train), len(data.validation), len(data.test)) == (1237, 200, 360)
    other = load("digits", select=Selection(validation=200, seed=1)).validation
    assert other is not None
    assert not np.array_equal(data.validation.images, other.images)
    whole = load("digits").train
    both = sorted(image.numpy().tobytes() for split in (data.train, data.validation) for image in split.images)
    assert both == sorted(image.numpy().tobytes() for image in whole.images)


@pytest.mark.parametrize("count", [6, 7, -1])
def test_something_must_be_left_to_train_on(count):
    with pytest.raises(ValueError, match="1 to 5 of 6"):
        hold_out(numbered([0, 1, 2, 0, 1, 2]), count, "some")


def test_whitening_is_fitted_on_what_is_left(some):
    arrays = hold_out(some(train=30), 10, "some")
    fitted = fit(arrays.train_images, 255.0, 0.1)
    from lmcspec.science.data.resident import enter

    data = enter(arrays, Space("zca"))
    assert data.validation is not None and data.validation.conversion is not None
    assert data.validation.conversion.whitening is not None
    assert np.array_equal(data.validation.conversion.whitening.matrix, fitted.matrix)
    expected = (arrays.validation[0].reshape(10, -1) / 255 - fitted.mean.numpy()) @ fitted.matrix.numpy()
    assert np.allclose(data.validation.images.flatten(1), expected, atol=1e-5)


def test_any_set_is_resized_as_a_folder_is(tmp_path, some):
    arrays = some(train=4, test=2, shape=(3, 10, 14), classes=1)
    for split, images in (("train", arrays.train_images), ("test", arrays.test_images)):
        (tmp_path / split / "a").mkdir(parents=True)
        for place, image in enumerate(images):
            Image.fromarray(image.transpose(1, 2, 0)).save(tmp_path / split / "a" / f"{place}.png")
    expected = folder.load(Folder(resize=6), tmp_path)
    found = resized(arrays, 6)
    assert np.array_equal(found.train_images, expected.train_images)
    assert np.array_equal(found.test_images, expected.test_images)
    assert load("digits", select=Selection(resize=16)).train.shape == (1, 16, 16)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_a_part_is_kept_that_is_as_balanced_as_it_can_be(labels, data):
    count = data.draw(st.integers(1, len(labels)))
    arrays = numbered(labels)
    kept = keep(arrays, count, "some", seed=3)
    places = kept.train_images.reshape(-1).tolist()
    assert places == sorted(set(places)) and len(places) == count, "in their order, none twice"
    assert [labels[place] for place in places] == kept.train_labels.tolist()
    sizes = {label: kept.train_labels.tolist().count(label) for label in set(labels)}
    most = max(sizes.values())
    assert all(size >= most - 1 or size == labels.count(label) for label, size in sizes.items())
    order = list(streams.permutation(len(labels), "split", "some", "train", 3))
    for label, size in sizes.items():
        first = [place for place in order if labels[place] == label][:size]
        assert {place for place in places if labels[place] == label} == set(first)


def test_validation_and_training_images_are_apart():
    digits = load("digits", select=Selection(validation=300, train=400, seed=1))
    assert (len(digits.train), len(digits.validation)) == (400, 300)
    held = load("digits", select=Selection(validation=300, seed=1))
    assert (digits.validation.images == held.validation.images).all(), "which ones are held does not depend on the rest"
    everything = {image.tobytes() for image in held.train.images.numpy()}
    assert {image.tobytes() for image in digits.train.images.numpy()} <= everything
    with pytest.raises(ValueError, match="1137 training images to choose from"):
        load("digits", select=Selection(validation=300, train=1138))
