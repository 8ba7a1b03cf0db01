"""Decoding image files to uint8 arrays with a pool of threads. No torch."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets.pictures import picture

if TYPE_CHECKING:
    from PIL.Image import Image

_RUN = 64
MANY = 100
"""Files that can't be decoded after which no more are tried."""
LONGEST = 100
"""How many times its shorter side an image's longer one may be where it is resized: all of it is, before the cut."""
LARGEST = 178_956_970
"""Pixels that it may have then: as many as Pillow reads."""
_SMALL = 128 * 128
"""Pixels up to which one thread is the fastest: so little of the work on a small image is outside Python's lock."""


@dataclass(frozen=True, slots=True)
class CentralSquare:
    """The central `crop` pixels of squares of `side`: those of torchvision's Resize(side), CenterCrop(crop)."""

    side: int
    crop: int


Resize = int | CentralSquare | None
"""The shorter side, or a form of squares; None where images stay as they are."""


def decode(path: Path, resize: Resize) -> np.ndarray:
    """One image as RGB, uint8 (3, height, width); a DataError naming the file where `picture` refuses it.

    `resize`: the shorter side is brought to that many pixels (bilinear, antialiased), then the central square is cut.
    """
    image = picture(path)
    try:
        if isinstance(resize, CentralSquare):
            image = central_square(image, resize)
        elif resize is not None:
            image = square(image, resize)
        return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
    except DataError as error:
        raise DataError(f"{path} {error}", help=error.help) from error
    except MemoryError as error:
        raise DataError(
            f"{path} takes more memory than there is", help="make the image smaller, or remove it"
        ) from error


def square(image: "Image", side: int) -> "Image":
    """The shorter side brought to so many pixels (bilinear, antialiased), then the central square.

    Raises DataError for proportions and sizes beyond LONGEST and LARGEST.
    """
    from PIL.Image import Resampling

    width, height = image.size
    short = min(width, height)
    size = (max(side, round(width * side / short)), max(side, round(height * side / short)))
    _check_size(image.size, size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return image.resize(size, Resampling.BILINEAR).crop((left, top, left + side, top + side))


def central_square(image: "Image", form: CentralSquare) -> "Image":
    """As `square`, rounded as torchvision rounds: the longer side down, half a pixel at the crop to the even one."""
    from PIL.Image import Resampling

    size = [max(form.side, int(form.side * length / min(image.size))) for length in image.size]
    _check_size(image.size, (size[0], size[1]))
    left, top = (round((length - form.crop) / 2) - (form.side - form.crop) // 2 for length in size)
    return image.resize((size[0], size[1]), Resampling.BILINEAR).crop((left, top, left + form.side, top + form.side))


def _check_size(stored: tuple[int, int], resized: tuple[int, int]) -> None:
    (width, height), (wide, high) = stored, resized
    became = f"is {width:,}x{height:,} pixels, which `resize` would make {wide:,}x{high:,} before the square is cut"
    if max(stored) > LONGEST * min(stored):
        raise DataError(
            f"{became}: one side is over {LONGEST} times the other", help="cut the image to what is to be seen of it"
        )
    if wide * high > LARGEST:
        raise DataError(f"{became}: over {LARGEST:,} pixels", help="a smaller `resize` takes less")


def decode_into(
    out: np.ndarray, digests: np.ndarray, rows: Sequence[int], root: Path, names: Sequence[str], resize: Resize
) -> None:
    """Decode names[row] into out[row], and its sha256 into digests[row] uint8 (32,), for each of `rows`.

    Raises DataError naming the first file, in the order of `rows`, that can't be decoded, and how many there are; or
    one that has another size than out's images.
    """
    damaged: list[tuple[int, DataError]] = []

    def some(part: Sequence[int]) -> None:
        for row in part:
            try:
                image = decode(root / names[row], resize)
            except DataError as error:
                damaged.append((row, error))
                if len(damaged) >= MANY:
                    return
                continue
            if image.shape != out.shape[1:]:
                raise DataError(
                    f"{root / names[row]} is {_size(image.shape)} pixels, the images before it {_size(out.shape[1:])}",
                    help="all images must have one size: set resize = N in the dataset's table to bring them to N x N",
                )
            out[row] = image
            digests[row] = np.frombuffer(sha256(image.data).digest(), dtype=np.uint8)

    small = resize is None and out.shape[2] * out.shape[3] <= _SMALL
    with ThreadPoolExecutor(1 if small else min(8, os.cpu_count() or 1)) as pool:
        parts = [pool.submit(some, rows[start : start + _RUN]) for start in range(0, len(rows), _RUN)]
        try:
            for part in parts:
                part.result()
        finally:
            pool.shutdown(cancel_futures=True)
    if damaged:
        raise _counted([error for _, error in sorted(damaged, key=lambda failure: failure[0])], root)


def first_shape(root: Path, names: Sequence[str], resize: Resize) -> tuple[int, ...]:
    """The shape of the first image that can be decoded. Raises DataError as `decode_into` where there is none."""
    damaged: list[DataError] = []
    for name in names:
        try:
            return decode(root / name, resize).shape
        except DataError as error:
            damaged.append(error)
            if len(damaged) >= MANY:
                break
    raise _counted(damaged, root)


def _counted(damaged: Sequence[DataError], root: Path) -> DataError:
    """The first of several errors, which says how many there are."""
    first, many = damaged[0], f"at least {MANY:,}" if len(damaged) >= MANY else f"{len(damaged):,}"
    if len(damaged) == 1:
        return first
    return DataError(f"{first} ({many} files of {root} are like that)", help=first.help)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]}x{shape[1]}"
