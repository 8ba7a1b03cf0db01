"""CIFAR-10 and CIFAR-100 from their official python batches. No torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.catalog.datasets import cifar10, cifar100
from lmcspec.science.data.arrays import Arrays, DataError
from lmcspec.science.data.sets import official
from lmcspec.science.data.sets.pickled import read_pickle

_FETCH = "python -c \"from torchvision.datasets import {name}; {name}('ROOT', download=True)\""
_CLASSES = {"labels": 10, "fine_labels": 100}


def load(config: Named, root: Path | None) -> Arrays:
    """50,000 training and 10,000 test images of CIFAR-10, uint8 (n, 3, 32, 32), from root/cifar-10-batches-py."""
    return official.load(cifar10.CARD, root, read_10, _FETCH.format(name="CIFAR10"))


def facts(config: Named, root: Path | None) -> DataFacts:
    """The facts of the set that the files of CIFAR-10 hold."""
    return official.facts(cifar10.CARD, root, read_10, _FETCH.format(name="CIFAR10"))


def load_100(config: Named, root: Path | None) -> Arrays:
    """50,000 training and 10,000 test images of CIFAR-100 with its 100 fine labels, from root/cifar-100-python."""
    return official.load(cifar100.CARD, root, read_100, _FETCH.format(name="CIFAR100"))


def facts_100(config: Named, root: Path | None) -> DataFacts:
    """The facts of the set that the files of CIFAR-100 hold."""
    return official.facts(cifar100.CARD, root, read_100, _FETCH.format(name="CIFAR100"))


def read_10(root: Path) -> Arrays:
    """The five training batches in their order, and the test batch."""
    *train, test = (root / name for name in cifar10.CARD.files)
    return _read(train, test, "labels")


def read_100(root: Path) -> Arrays:
    """Training and test images of CIFAR-100, from its two files."""
    train, test = (root / name for name in cifar100.CARD.files)
    return _read([train], test, "fine_labels")


def _read(train: Sequence[Path], test: Path, labels: str) -> Arrays:
    parts = [_batch(path, labels) for path in train]
    images, numbers = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Arrays(images, numbers, *_batch(test, labels), classes=_CLASSES[labels])


def _batch(path: Path, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) and labels of a file: a row is the red, green and blue plane, each row by row."""
    content = read_pickle(path)
    if not isinstance(content, dict) or not {"data", labels} <= content.keys():
        raise DataError(f"{path} is no batch of CIFAR: it lacks `data` or `{labels}`", help="fetch the file again")
    rows = content["data"]
    if not isinstance(rows, np.ndarray):
        raise DataError(f"{path} holds no array of bytes as `data`", help="fetch the file again")
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3 * 32 * 32:
        raise DataError(f"{path} holds {rows.dtype} {rows.shape}, not bytes (n, 3072)", help="fetch the file again")
    return rows.reshape(-1, 3, 32, 32), _labels(path, content[labels], len(rows), _CLASSES[labels])


def _labels(path: Path, stored: Any, count: int, classes: int) -> np.ndarray:
    """The list of labels, one for each of `count` images."""
    numbers = stored.tolist() if isinstance(stored, np.ndarray) else stored
    if not isinstance(numbers, list) or not all(type(label) is int for label in numbers):
        raise DataError(f"{path} has labels that are no list of whole numbers", help="fetch the file again")
    if len(numbers) != count:
        raise DataError(f"{path} has {len(numbers):,} labels for {count:,} images", help="fetch the file again")
    if wrong := sum(not 0 <= label < classes for label in numbers):
        raise DataError(f"{path} has {wrong:,} labels that are not 0 … {classes - 1}", help="fetch the file again")
    return np.array(numbers, dtype=np.int64)
