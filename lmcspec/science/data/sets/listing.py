"""What an image folder holds: classes and files in a fixed order, with the stamps that show a change. No torch."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.sets.stamps import FIELDS, Stamp, now, stamp

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
OTHERS = (
    *(".apng", ".avif", ".cr2", ".dcm", ".dng", ".exr", ".gif", ".heic", ".heif", ".ico", ".j2k", ".jfif", ".jp2"),
    *(".jpe", ".jxl", ".mpo", ".nef", ".npy", ".npz", ".pbm", ".pfm", ".pnm", ".psd", ".svg", ".tga"),
)
"""Images that are not read: among those that are they are an error, or a data set would be smaller than it looks."""
_LAYOUT = "an image folder is ROOT/train/CLASS/* and ROOT/test/CLASS/* (or ROOT/val/CLASS/*)"


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The images of both splits: training ones first, by class and file name.

    `stamps` int64 (n, 5) are those of `stamps.stamp`, taken after `looked`; `labels` int64 (n,) count the classes in
    their sorted order; the first `train` images are for training.
    """

    root: Path
    names: tuple[str, ...]
    stamps: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    train: int
    chosen: bool = False
    """Whether there may be other classes, which were left out; then `labels` count them in the order of `classes`."""
    looked: int = 0
    """When the folder was looked through, in nanoseconds."""


def list_images(root: Path | None, chosen: Sequence[str] = ()) -> Listing:
    """Look through a folder. Names are sorted by code point, hidden files and files that are no images passed over.

    With `chosen` only these classes are looked at, and numbered in that order. Raises MissingData where there is no
    such folder, DataError naming the folder where a split or a class is missing or empty, or the first of all the
    links, folders and files that stand among images and can't be read as such.
    """
    if root is None:
        raise MissingData("this data set needs its folder: root is not set", help=_LAYOUT)
    root, looked = Path(root), now()
    if not root.is_dir():
        raise MissingData(f"there is no folder {root}", help=_LAYOUT)
    classes = _folders(root / "train", chosen)
    testing = next((name for name in ("test", "val") if (root / name).is_dir()), "test")
    others = _folders(root / testing, chosen)
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
    stamps: list[Stamp] = []
    labels: list[int] = []
    odd_ones: list[tuple[str, str]] = []
    empty: list[str] = []
    train = 0
    for split in ("train", testing):
        for label, name in enumerate(classes):
            images = _images(root, f"{split}/{name}", odd_ones)
            names += [file for file, _ in images]
            stamps += [its_stamp for _, its_stamp in images]
            labels += [label] * len(images)
            empty += [] if images else [f"{split}/{name}"]
        train = train or len(names)
    _refuse(root, odd_ones)
    if empty:
        raise DataError(
            f"{root / empty[0]} holds no images",
            help=f"put files ({', '.join(SUFFIXES)}) directly into it, or remove the class from both splits",
        )
    return Listing(
        root,
        tuple(names),
        np.array(stamps, dtype=np.int64).reshape(-1, FIELDS),
        np.array(labels, dtype=np.int64),
        tuple(classes),
        train,
        bool(chosen),
        looked,
    )


def _folders(split: Path, chosen: Sequence[str]) -> list[str]:
    """The classes of a split. What else lies there as if it belonged to one is an error, unless some are `chosen`."""
    if not split.is_dir():
        raise DataError(f"there is no folder {split}", help=_LAYOUT)
    names: list[str] = []
    odd: list[tuple[str, str]] = []
    for entry in _entries(split):
        if entry.name.startswith(".") or (chosen and entry.name not in chosen):
            continue
        kind = _kind(entry)
        if kind == "folder":
            names.append(entry.name)
        elif kind != "file" or entry.name.lower().endswith((*SUFFIXES, *OTHERS)):
            odd.append((entry.name, "an image beside the class folders" if kind == "file" else kind))
    _refuse(split, odd)
    if not names:
        raise DataError(f"{split} holds no class folders", help=_LAYOUT)
    return sorted(names)


def _images(root: Path, folder: str, odd: list[tuple[str, str]]) -> list[tuple[str, Stamp]]:
    """The images of a class with their stamps; adds to `odd` what can't be read as one, and why."""
    images = []
    for entry in _entries(root / folder):
        if entry.name.startswith("."):
            continue
        name, kind = f"{folder}/{entry.name}", _kind(entry)
        lowered = entry.name.lower()
        if kind == "file" and lowered.endswith(SUFFIXES):
            try:
                status = entry.stat()
            except OSError as error:
                odd.append((name, f"unreadable ({error.strerror})"))
                continue
            if os.access(root / name, os.R_OK):
                images.append((name, stamp(status)))
            else:
                odd.append((name, "a file that may not be read"))
        elif kind == "file" and lowered.endswith(OTHERS):
            odd.append((name, f"an image of a kind that is not read ({Path(lowered).suffix})"))
        elif kind != "file":
            odd.append((name, kind))
    return sorted(images)


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise DataError(f"{folder} can't be read: {error.strerror}", help="may it be read by you?") from error


def _kind(entry: os.DirEntry[str]) -> str:
    """`file`, `folder`, or in words what else it is. Links count as what they lead to."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        return "a link into nowhere" if entry.is_symlink() else "a pipe or a device"
    except OSError as error:
        return "a link that leads back to itself" if entry.is_symlink() else f"unreadable ({error.strerror})"


def _refuse(root: Path, odd: Sequence[tuple[str, str]]) -> None:
    """DataError naming the first of what can't be read, and how many there are."""
    if not odd:
        return
    name, kind = min(odd)
    more = f"; there are {len(odd):,} such entries in {root}" if len(odd) > 1 else ""
    what = "a folder among images" if kind == "folder" else kind
    raise DataError(
        f"{root / name} is {what}{more}",
        help="remove them, or bring them to files that are read "
        f"({', '.join(SUFFIXES)}); without them the data set would be another than it looks",
    )
