import hashlib

import numpy as np
import pytest

from lmcspec.base import ids
from lmcspec.science.data.arrays import Arrays, channel_statistics, digest, facts


def with_(arrays: Arrays, **changes) -> Arrays:
    fields = {name: getattr(arrays, name) for name in Arrays.__dataclass_fields__}
    return Arrays(**{**fields, **changes})


def test_the_digest_is_that_of_the_written_out_definition(some):
    arrays = some()
    splits = {}
    for split in ("train", "test"):
        whole = hashlib.sha256()
        for image, label in zip(getattr(arrays, f"{split}_images"), getattr(arrays, f"{split}_labels"), strict=True):
            whole.update(hashlib.sha256(image.tobytes()).digest())
            whole.update(int(label).to_bytes(8, "little"))
        splits[split] = whole.hexdigest()
    assert digest(arrays) == ids.digest({"classes": 3, "shape": [3, 4, 5], "scale": 255, **splits})
    assert facts(arrays).digest == digest(arrays)
    assert (facts(arrays).train, facts(arrays).test, facts(arrays).shape) == (6, 4, (3, 4, 5))


def test_the_digest_does_not_depend_on_the_layout_in_memory(some):
    arrays = some()
    turned = np.ascontiguousarray(arrays.train_images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert not turned.flags.c_contiguous
    assert digest(with_(arrays, train_images=turned)) == digest(arrays)


def test_every_part_is_in_the_digest(some):
    arrays = some()
    pixel, label = arrays.test_images.copy(), arrays.train_labels.copy()
    pixel[1, 2, 3, 4] ^= 1
    label[0] = (label[0] + 1) % 3
    others = [
        with_(arrays, test_images=pixel),
        with_(arrays, train_labels=label),
        with_(arrays, classes=4),
        with_(arrays, scale=16.0),
        with_(arrays, train_images=arrays.train_images[::-1]),
    ]
    assert len({digest(arrays), *map(digest, others)}) == 6


def test_channel_statistics_are_those_of_the_scaled_pixels(some):
    arrays = some(train=50, scale=16.0)
    scaled = arrays.train_images / 16.0
    mean, std = channel_statistics(arrays)
    assert mean == pytest.approx(scaled.mean((0, 2, 3)).tolist(), rel=1e-12)
    assert std == pytest.approx(scaled.std((0, 2, 3)).tolist(), rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"train_images": np.zeros((6, 3, 4, 5), dtype=np.float32)},
        {"train_images": np.zeros((6, 4, 5), dtype=np.uint8)},
        {"train_images": np.zeros((6, 3, 4, 6), dtype=np.uint8)},
        {"train_labels": np.zeros(6, dtype=np.int32)},
        {"train_labels": np.zeros(5, dtype=np.int64)},
        {"test_labels": np.full(4, 3)},
        {"test_labels": np.full(4, -1)},
    ],
)
def test_arrays_that_make_no_data_set_are_refused(some, change):
    with pytest.raises(ValueError, match=r"must|differ"):
        with_(some(), **change)
