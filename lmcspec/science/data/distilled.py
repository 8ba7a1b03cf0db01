"""Distilled sets: what they hold, our own .safetensors files of them, and how they enter a study's space."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmcspec.base import ids
from lmcspec.base.facts import DataFacts
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.published import FORMS, read_published, stored_bytes
from lmcspec.science.data.recognise import recognise_space

if TYPE_CHECKING:
    from torch import Tensor

    from lmcspec.science.data.resident import Dataset, Split
    from lmcspec.science.data.space import Space


FITS = "is it a distilled set of this data set?"


@dataclass(frozen=True, slots=True, eq=False)
class Distilled:
    """Images float32 (n, C, H, W) in a space, labels int64 (n,).

    With a `factor` above 1 each image holds factor x factor tiles of its class, in [0, 1] (`tiles.decode`). `rate` is
    the learning rate that was distilled along with the images, where there is one.
    """

    images: "Tensor"
    labels: "Tensor"
    space: "Space"
    factor: int = 1
    rate: float | None = None


def load_distilled(
    path: Path, declared: "Space", classes: int, shape: tuple[int, int, int], *, factor: int = 1, which: int = 0
) -> Distilled:
    """The set in a file, on the CPU. `factor` and `which` (of several sets) are for published files.

    Raises DataError where images and labels don't fit each other, the classes or the shape, and where the set is in
    another space, or packed otherwise, than declared: by its own word in a .safetensors file, by `recognise_space`
    in a published one.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        images, labels, note = _read_own(path)
        found = _space(note)
        factor, rate = _packing(note)
        if found is not None and found != declared:
            raise _other_space(path, _named(declared), _named(found))
    else:
        (images, labels), found, rate = read_published(path, which), None, None
    _check(path, images, labels, classes, shape)
    if not bool(images.isfinite().all()):
        raise _not_finite(path)
    if found is None and (guess := recognise_space(images.numpy())) != declared.name:
        raise _other_space(path, declared.name, guess)
    return Distilled(images.contiguous(), labels, declared, factor, rate)


def read_own(path: Path, classes: int, shape: tuple[int, int, int]) -> Distilled:
    """The set in a .safetensors file that says its space. One that diverged holds no numbers, which is no error."""
    images, labels, note = _read_own(path)
    space = _space(note)
    if space is None:
        raise DataError(f"{path} does not say its space", help="load it with the space that it is in")
    _check(path, images, labels, classes, shape)
    return Distilled(images.contiguous(), labels, space, *_packing(note))


def save_distilled(path: Path, made: Distilled) -> None:
    """Write a set with its space as .safetensors."""
    from safetensors.torch import save_file

    tensors = {"images": made.images.detach().cpu().contiguous(), "labels": made.labels.detach().cpu().contiguous()}
    note = {"space": json.dumps(asdict(made.space))}
    note |= {"factor": str(made.factor)} if made.factor > 1 else {}
    note |= {"rate": repr(made.rate)} if made.rate is not None else {}
    save_file(tensors, path, metadata=note)


def enter_distilled(made: Distilled, data: "Dataset") -> "Split":
    """What networks train on: the images of a set, unpacked, in the space of a study's data and on their device.

    Raw sets enter any space, as the data themselves do: augmentation acts before that. Others have to be in the
    space; raises DataError where they are not.
    """
    from lmcspec.science.data.resident import Split, black
    from lmcspec.science.data.space import Space, of_floats
    from lmcspec.science.data.tiles import decode

    device = data.train.device
    images, labels = decode(made.images, made.factor).to(device), made.labels.repeat(made.factor**2).to(device)
    if made.space == data.space and made.factor == 1:
        return Split(images.contiguous(), labels, black=black(made.space, device))
    if made.space != Space("raw"):
        raise DataError(
            f"a distilled set is in the space {_named(made.space)}, the study's data are in {_named(data.space)}",
            help="both have to be in one space, or the distilled ones raw",
        )
    conversion = data.train.conversion
    assert conversion is not None, "a study's own images are converted as they are taken"
    return Split(images.contiguous(), labels, of_floats(conversion))


def distilled_facts(
    path: Path,
    classes: int,
    shape: tuple[int, int, int],
    factor: int = 1,
    which: int = 0,
    space: str | None = None,
) -> DataFacts:
    """Digest and size of a distilled set's file, read from the stored bytes; without torch, nothing unpickled.

    `train` counts images as they are trained on, unpacked. The digest is that of the stored tensors.

    Raises MissingData where a file is not there, DataError where it does not hold images of that shape, or not in the
    `space` of that name.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        images, labels, note = _own_bytes(path)
        factor, found = _packing(note)[0], json.loads(note["space"])["name"] if "space" in note else None
    else:
        (images, labels), found = stored_bytes(path, which), None
    channels, height, width = shape
    count = len(labels) // 8
    if not count or len(labels) % 8 or len(images) != 4 * count * channels * height * width:
        raise DataError(
            f"{path} holds {len(images)} bytes of images for {count} labels, which is not float32 of shape "
            f"({count}, {channels}, {height}, {width})",
            help=FITS,
        )
    if space is not None:
        pixels = np.frombuffer(images, "<f4").reshape(count, *shape)
        if not np.isfinite(pixels).all():
            raise _not_finite(path)
        found = found or recognise_space(pixels)
        if found != space:
            raise _other_space(path, space, found)
    parts = {"images": hashlib.sha256(images).hexdigest(), "labels": hashlib.sha256(labels).hexdigest()}
    name = ids.digest({**parts, "shape": list(shape), "classes": classes})
    return DataFacts(name, count * factor**2, 0, classes, shape)


def _read_own(path: Path) -> "tuple[Tensor, Tensor, dict[str, str]]":
    from safetensors import safe_open

    if not path.is_file():
        raise MissingData(f"there is no file {path}", help=FORMS)
    try:
        with safe_open(path, framework="pt") as file:
            return file.get_tensor("images"), file.get_tensor("labels"), file.metadata() or {}
    except Exception as error:  # safetensors' own error class has no stable name
        raise DataError(f"{path} is not a distilled set: {error}", help=FORMS) from error


def _own_bytes(path: Path) -> tuple[bytes, bytes, dict[str, str]]:
    from safetensors import safe_open

    if not path.is_file():
        raise MissingData(f"there is no file {path}", help=FORMS)
    try:
        with safe_open(path, framework="numpy") as file:
            images, labels = (file.get_tensor(name).tobytes() for name in ("images", "labels"))
            return images, labels, file.metadata() or {}
    except Exception as error:  # safetensors' own error class has no stable name
        raise DataError(f"{path} is not a distilled set: {error}", help=FORMS) from error


def _packing(note: dict[str, str]) -> tuple[int, float | None]:
    """Tiles along a side of each image, and the rate that was distilled along with them."""
    return int(note.get("factor", 1)), float(note["rate"]) if "rate" in note else None


def _space(note: dict[str, str]) -> "Space | None":
    from lmcspec.science.data.space import Space

    if "space" not in note:
        return None
    fields = json.loads(note["space"])
    return Space(fields["name"], tuple(fields["mean"]), tuple(fields["std"]), fields["eps"])


def _check(path: Path, images: "Tensor", labels: "Tensor", classes: int, shape: tuple[int, int, int]) -> None:
    import torch

    wrong = ""
    if images.dtype != torch.float32 or images.ndim != 4:
        wrong = f"its images are {images.dtype} {tuple(images.shape)}, not float32 (n, C, H, W)"
    elif tuple(images.shape[1:]) != tuple(shape):
        wrong = f"its images have shape {tuple(images.shape[1:])}, the data set's {tuple(shape)}"
    elif labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        wrong = f"its labels are {labels.dtype} {tuple(labels.shape)}, not int64 ({len(images)},)"
    elif not len(labels) or labels.min() < 0 or labels.max() >= classes:
        wrong = f"its labels don't lie in 0 … {classes - 1}"
    if wrong:
        raise DataError(f"{path} does not fit: {wrong}", help=FITS)


def _not_finite(path: Path) -> DataError:
    return DataError(f"{path} does not fit: some of its pixels are not finite", help=FITS)


def _other_space(path: Path, declared: str, found: str) -> DataError:
    return DataError(
        f"{path} is declared to be in the space {declared}, but its images are in {found}",
        help="write the space they are in; it has to be the study's, or raw",
    )


def _named(space: "Space") -> str:
    match space.name:
        case "standardised":
            return f"standardised (mean {space.mean}, std {space.std})"
        case "zca":
            return f"zca (eps {space.eps:g})"
        case _:
            return space.name
