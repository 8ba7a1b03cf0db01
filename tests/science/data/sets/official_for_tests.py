"""Tiny files in the formats of published data sets, and cards that expect their sizes."""

import pickle
import struct
from dataclasses import replace

import numpy as np
from scipy.io import savemat

from lmcspec.catalog import get

SHAPES = {"fashion-mnist": (1, 28, 28), "cifar10": (3, 32, 32), "cifar100": (3, 32, 32), "svhn": (3, 32, 32)}
GREY = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
PLACES = {
    "mnist": "lmcspec.catalog.datasets.mnist",
    "fashion-mnist": "lmcspec.catalog.datasets.fashion_mnist",
    "cifar10": "lmcspec.catalog.datasets.cifar10",
    "cifar100": "lmcspec.catalog.datasets.cifar100",
    "svhn": "lmcspec.catalog.datasets.svhn",
}


REST = """model = "lenet-300-100"
[recipes.real]
length = 1
batch = 10
optimiser = { name = "sgd", lr = 0.1 }
[networks]
dense = []
"""


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write(name, root, images, labels, test_images, test_labels, protocol=2):
    """The files of a set, written as their authors do. CIFAR's were written by Python 2: protocol 2."""
    if name in GREY:
        raw = root / GREY[name] / "raw"
        raw.mkdir(parents=True)
        for part, x, y in (("train", images, labels), ("t10k", test_images, test_labels)):
            (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(x[:, 0]))
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(y.astype(np.uint8)))
    elif name == "svhn":
        for part, x, y in (("train", images, labels), ("test", test_images, test_labels)):
            savemat(
                root / f"{part}_32x32.mat",
                {"X": x.transpose(2, 3, 1, 0), "y": np.where(y == 0, 10, y).astype(np.uint8)[:, None]},
            )
    else:
        folder, key, parts = (
            ("cifar-10-batches-py", "labels", [f"data_batch_{number}" for number in range(1, 6)])
            if name == "cifar10"
            else ("cifar-100-python", "fine_labels", ["train"])
        )
        (root / folder).mkdir()
        test = "test_batch" if name == "cifar10" else "test"
        cuts = [*zip(np.array_split(images, len(parts)), np.array_split(labels, len(parts)), strict=True)]
        for part, (x, y) in zip([*parts, test], [*cuts, (test_images, test_labels)], strict=True):
            content = {"data": x.reshape(len(x), -1), key: y.tolist(), "batch_label": part, "coarse_labels": [0]}
            (root / folder / part).write_bytes(pickle.dumps(content, protocol))


def expect(name, monkeypatch, facts):
    from importlib import import_module

    module = import_module(PLACES[name])
    card = module.CARD
    new = {"expected": facts} if isinstance(card.facts, str) else {"facts": facts}
    monkeypatch.setattr(module, "CARD", replace(card, **new))


def loaded(name, root):
    card = get("dataset", name)
    return card.load()(card.config(name=name), root)
