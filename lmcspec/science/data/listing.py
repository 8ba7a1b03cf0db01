"""What an image folder holds: classes and files in a fixed order, with the stamps that show a change. No torch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmcspec.science.data.arrays import DataError, MissingData

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_LAYOUT = "an image folder is ROOT/train/CLASS/* and ROOT/test/CLASS/* (or ROOT/val/CLASS/*)"


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The images of both splits: training ones first, by class and file name.

    `stamps` int64 (n, 3) are size, modification time in nanoseconds and inode; `labels` int64 (n,) count the
    classes in their sorted order; the first `train` images are for training.
    """

    root: Path
    names: tuple[str, ...]
    stamps: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    train: int
    chosen: bool = False
    """Whether there may be other classes, which were left out; then `labels` count them in the order of `classes`."""


def list_images(root: Path | None, chosen: Sequence[str] = ()) -> Listing:
    """Look through a folder. Names are sorted by code point, hidden files and files of other kinds are passed over.

    With `chosen` only these classes are looked at, and numbered in that order. Raises MissingData where there is no
    such folder, DataError naming the folder where a split or a class is missing or empty.
    """
    if root is None:
        raise MissingData("this data set needs its folder: root is not set", help=_LAYOUT)
    root = Path(root)
    if not root.is_dir():
        raise MissingData(f"there is no folder {root}", help=_LAYOUT)
    classes = _folders(root / "train")
    testing = next((name for name in ("test", "val") if (root / name).is_dir()), "test")
    others = _folders(root / testing)
    if chosen:
        for split, there in (("train", classes), (testing, others)):
            if missing := [name for name in chosen if name not in there]:
                raise DataError(
                    f"there is no class folder {root / split / missing[0]}",
                    help=f"this data set is made of {len(chosen)} classes: {', '.join(chosen)}",
                )
        classes = list(chosen)
    elif classes != others:
        odd = min(set(classes) ^ set(others))
        there, not_there = ("train", testing) if odd in classes else (testing, "train")
        raise DataError(
            f"{root / there / odd} is a class, {root / not_there / odd} does not exist",
            help="both splits must have the same classes: add the missing folder or remove the other one",
        )
    names: list[str] = []
    stamps: list[tuple[int, int, int]] = []
    labels: list[int] = []
    train = 0
    for split in ("train", testing):
        for label, name in enumerate(classes):
            found = _images(root, f"{split}/{name}")
            names += [file for file, _ in found]
            stamps += [stamp for _, stamp in found]
            labels += [label] * len(found)
        train = train or len(names)
    return Listing(
        root,
        tuple(names),
        np.array(stamps, dtype=np.int64),
        np.array(labels, dtype=np.int64),
        tuple(classes),
        train,
        bool(chosen),
    )


def _folders(split: Path) -> list[str]:
    if not split.is_dir():
        raise DataError(f"there is no folder {split}", help=_LAYOUT)
    found = sorted(entry.name for entry in os.scandir(split) if entry.is_dir() and not entry.name.startswith("."))
    if not found:
        raise DataError(f"{split} holds no class folders", help=_LAYOUT)
    return found


def _images(root: Path, folder: str) -> list[tuple[str, tuple[int, int, int]]]:
    found = []
    for entry in os.scandir(root / folder):
        if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".") and entry.is_file():
            status = entry.stat()
            found.append((f"{folder}/{entry.name}", (status.st_size, status.st_mtime_ns, status.st_ino)))
    if not found:
        raise DataError(
            f"{root / folder} holds no images",
            help=f"put files ({', '.join(SUFFIXES)}) directly into it, or remove the class from both splits",
        )
    return sorted(found)
