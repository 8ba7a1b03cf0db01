"""Files of distilled sets as a plan and a run read them: one reader, so that what was planned is what is trained on.

No torch: a plan reads them too.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmcspec.base import ids
from lmcspec.base.facts import DataFacts
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.distilled.own_file import Note, read_own_file
from lmcspec.science.data.distilled.published import NoSet, read_published
from lmcspec.science.data.distilled.recognise import misscaled, recognise_space
from lmcspec.science.data.distilled.stored_tensor import NoTensors, Unread
from lmcspec.science.data.spaces import Space

FITS = "is it a distilled set of this data set?"
_ROWS = 1024


class OtherSpace(DataError):
    """Images that are in another space than was said. `space` is its name; "" where their range is that of none."""

    def __init__(self, message: str, *, help: str, space: str = "") -> None:
        super().__init__(message, help=help)
        self.space = space


@dataclass(frozen=True, slots=True, eq=False)
class SetFile:
    """Images float32 (n, C, H, W) and labels int64 (n,) as a file holds them, and what it says of them."""

    images: np.ndarray
    labels: np.ndarray
    note: Note

    def facts(self, classes: int) -> DataFacts:
        """Digest and sizes: of the tensors' values, however they are stored. `train` counts unpacked images."""
        parts = {"images": _sha256(self.images, "<f4"), "labels": _sha256(self.labels, "<i8")}
        channels, height, width = self.images.shape[1:]
        name = ids.digest({**parts, "shape": [channels, height, width], "classes": classes})
        train = len(self.labels) * self.note.factor**2
        return DataFacts(name, train, 0, classes, (channels, height, width), names=self.note.names)


def read_set(
    path: Path, classes: int, shape: tuple[int, int, int], *, factor: int = 1, which: int = 0, made: bool = False
) -> SetFile:
    """The set in a file. `factor` and `which` (of several sets) are for published files.

    Raises MissingData where there is no file, NoSet where it holds no set, and DataError where images and labels don't
    fit each other, the classes or the shape (checked before either is read), or where a pixel is no number. Of a set
    that a task has `made` that is no error: it may have diverged.
    """
    path = Path(path)
    images: Unread
    labels: Unread
    if path.suffix == ".safetensors":
        images, labels, note = read_own_file(path)
        if factor not in (1, note.factor):
            raise _misfit(path, f"it says that its factor is {note.factor}, not {factor}", "leave `factor` out")
    else:
        (images, labels), note = read_published(path, which), Note(factor=factor)
    _check_declared(path, images, labels, classes, shape)
    if not made:
        _check_factor(path, note.factor, shape)
    x, y = _read(path, images.read), _read(path, labels.read)
    _check_labels(path, y, classes)
    if not made and not all(bool(np.isfinite(x[start : start + _ROWS]).all()) for start in range(0, len(x), _ROWS)):
        raise _misfit(path, "some of its pixels are not finite", FITS)
    if not made and note.rate is not None and not 0 < note.rate < math.inf:
        raise _misfit(path, f"the rate that was learned with it is {note.rate:g}", "such a set diverged: make another")
    return SetFile(x, y, note)


def check_space(path: Path, file: SetFile, declared: str, study: Space | None = None) -> None:
    """OtherSpace where a set is not in the space of that name: by its own word, or by its pixels.

    The numbers of a space are those of the `study`, where it has that space. Pixels that were never scaled are said to
    be that, whatever stands in the file or the spec.
    """
    said, numbers = file.note.space, Space() if declared == "raw" else study
    extent, remedy = misscaled(file.images, numbers)
    if extent and (said is None or extent != "-1 to 1"):
        raise OtherSpace(
            f"{path} holds images whose pixels are {extent}: {remedy}",
            help=f'{remedy} before you save them, and say space = "raw"',
        )
    there = recognise_space(file.images) if said is None else said.name
    if there != declared:
        raise OtherSpace(
            f"{path} is declared to be in the space {declared}, but its images are in {said or there}",
            help="write the space they are in; it has to be the study's, or raw",
            space=there,
        )
    if said is not None and study is not None and study.name == declared and said != study:
        raise OtherSpace(
            f"{path} is declared to be in the space {study}, the study's, but its images are in {said}",
            help="the study's space has to have these numbers: they stand in dataset.space",
            space=there,
        )


def _check_declared(path: Path, images: Unread, labels: Unread, classes: int, shape: tuple[int, int, int]) -> None:
    """What a file says of its tensors is what a run takes; the help says how they become that."""
    if images.dtype != "float32":
        scaled = "images.float() / 255" if images.dtype == "uint8" else "images.float()"
        more = ", which are raw then" if images.dtype == "uint8" else ""
        wrong = f"its images are {images.dtype} {images.shape}, not float32 (n, C, H, W)"
        raise _misfit(path, wrong, f"save {scaled}{more}")
    if len(images.shape) != 4 or tuple(images.shape[1:]) != tuple(shape):
        wrong = f"its images have shape {images.shape[1:]}, the data set's {tuple(shape)}"
        raise _misfit(path, wrong, _shape_help(images.shape, shape))
    count = images.shape[0]
    if labels.dtype != "int64" or labels.shape != (count,):
        wrong = f"its labels are {labels.dtype} {labels.shape}, not int64 ({count},)"
        raise _misfit(path, wrong, _label_help(labels, count, classes))
    if not count:
        raise _misfit(path, "it holds no images", FITS)


def _shape_help(stored: Sequence[int], shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    if tuple(stored[1:]) == (height, width, channels) and len(stored) == 4:
        return "they are (n, H, W, C): save images.permute(0, 3, 1, 2)"
    if channels == 1 and tuple(stored[1:]) == (height, width):
        return "they lack the channel: save images[:, None]"
    if tuple(stored[1:]) == (channels * height * width,):
        return f"save images.reshape(-1, {channels}, {height}, {width})"
    if tuple(stored[1:]) == (channels, width, height):
        return "their sides are swapped: save images.transpose(2, 3)"
    if len(stored) == 4 and stored[1:3] == (height, width) and {stored[3], channels} == {1, 3}:
        return "they are (n, H, W, C), and grey or coloured where the data set is not"
    if len(stored) == 4 and tuple(stored[2:]) == (height, width):
        return f"they have {stored[1]} channels, the data set {channels}; {FITS}"
    return f"{FITS} `resize` in the data set's table brings its images to another size"


def _label_help(labels: Unread, count: int, classes: int) -> str:
    if labels.shape == (count, classes):
        return "they are a number for each class: save labels.argmax(1)"
    if labels.shape == (count, 1):
        return "save labels.flatten().long()"
    if labels.shape == (count,):
        return "save labels.long()"
    if len(labels.shape) == 1:
        return (
            f"there is one for each image: {labels.shape[0]:,} labels are for {labels.shape[0]:,} images, not {count:,}"
        )
    return f"save one whole number for each image; {FITS}"


def _check_labels(path: Path, labels: np.ndarray, classes: int) -> None:
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high < classes:
        return
    help = "they count from 1: save labels - 1" if (low, high) == (1, classes) else FITS
    raise _misfit(path, f"its labels don't lie in 0 … {classes - 1}: they are {low} … {high}", help)


def _check_factor(path: Path, factor: int, shape: tuple[int, int, int]) -> None:
    """Each tile shows some of the image, or it would be a grey image of its class."""
    for size in shape[1:]:
        if (factor - 1) * math.ceil(size / factor) >= size:
            wrong = f"{factor} tiles along {size} pixels leave some of them empty"
            raise _misfit(path, wrong, "say the `factor` that the set was made with")


def _read(path: Path, read: Callable[[], np.ndarray]) -> np.ndarray:
    try:
        return read()
    except NoTensors as error:
        raise NoSet(f"{path} {error}", help="is it being written? load and save it again") from error
    except MemoryError as error:
        raise NoSet(f"{path} holds more than this machine's memory", help="save fewer images") from error
    except Exception as error:  # whatever a file that changes or is damaged makes of its reader
        raise NoSet(f"{path} can't be read: {error}", help="is it being written? load and save it again") from error


def _misfit(path: Path, wrong: str, help: str) -> DataError:
    return DataError(f"{path} does not fit: {wrong}", help=help)


def _sha256(values: np.ndarray, dtype: str) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, np.dtype(dtype)).data).hexdigest()
