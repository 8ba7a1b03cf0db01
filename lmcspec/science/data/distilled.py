"""Files of distilled sets: the published pair of .pt files, and our own .safetensors that say their space."""

import hashlib
import json
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from lmcspec.base import ids
from lmcspec.base.facts import DataFacts
from lmcspec.science.data.arrays import DataError, MissingData

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from lmcspec.science.data.resident import Split
    from lmcspec.science.data.space import Space

_FORMS = "a distilled set is NAME_images.pt with NAME_labels.pt beside it, or one .safetensors file of lmcspec's own"


def load_distilled(
    path: Path, declared: "Space", classes: int, shape: tuple[int, int, int], device: "str | torch.device" = "cpu"
) -> "Split":
    """The set as it is stored: float32 images (n, C, H, W) that are in the declared space already, labels int64 (n,).

    Raises DataError where images and labels don't fit each other, the classes or the shape, and where the set is in
    another space than declared: by its own word in a .safetensors file, by `recognise_space` in a published one.
    """
    from lmcspec.science.data.resident import Split, black

    path = _existing(path)
    if path.suffix == ".safetensors":
        images, labels, found = _read_own(path)
        if found is not None and found != declared:
            raise _other_space(path, _named(declared), _named(found))
    else:
        images, labels, found = _read_tensor(path), _read_tensor(labels_path(path)), None
    _check(path, images, labels, classes, shape)
    if found is None and (guess := recognise_space(images)) != declared.name:
        raise _other_space(path, declared.name, guess)
    return Split(images.contiguous().to(device), labels.to(device), black=black(declared, device))


def save_distilled(path: Path, images: "Tensor", labels: "Tensor", space: "Space") -> None:
    """Write images float32 (n, C, H, W) and labels int64 (n,) with the space they are in, as .safetensors."""
    from safetensors.torch import save_file

    tensors = {"images": images.detach().cpu().contiguous(), "labels": labels.detach().cpu().contiguous()}
    save_file(tensors, path, metadata={"space": json.dumps(asdict(space))})


def recognise_space(images: "Tensor") -> str:
    """`raw`, `standardised` or `zca`, from the pixels alone.

    Raw images lie in [-0.05, 1.05]. Whitened ones have means per image near 0 (root mean square under a quarter of
    the pixels' std), horizontal neighbours that correlate less than 0.75, and a std below 0.8, since whitening with
    eps shrinks. All others are standardised.
    """
    import torch

    x = images.detach().to(torch.float64)
    if x.min() >= -0.05 and x.max() <= 1.05:
        return "raw"
    deviation = x.std()
    off = x.mean((1, 2, 3)).square().mean().sqrt() / deviation
    left, right = x[..., :-1].flatten(), x[..., 1:].flatten()
    correlation = (left @ right) / (left.norm() * right.norm())
    return "zca" if off < 0.25 and correlation < 0.75 and deviation < 0.8 else "standardised"


def distilled_facts(path: Path, classes: int, shape: tuple[int, int, int]) -> DataFacts:
    """Digest and size of a distilled set's file, read from the stored bytes; without torch, nothing unpickled.

    Raises MissingData where a file is not there, DataError where it does not hold images of that shape.
    """
    path = _existing(path)
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                images, labels = (file.get_tensor(name).tobytes() for name in ("images", "labels"))
        except Exception as error:  # safetensors' own error class has no stable name
            raise DataError(f"{path} is not a distilled set: {error}", help=_FORMS) from error
    else:
        images, labels = _stored(path), _stored(labels_path(path))
    channels, height, width = shape
    count = len(labels) // 8
    if len(labels) % 8 or len(images) != 4 * count * channels * height * width:
        raise DataError(
            f"{path} holds {len(images)} bytes of images for {count} labels, which is not float32 of shape "
            f"({count}, {channels}, {height}, {width})",
            help="is it a distilled set of this data set?",
        )
    parts = {"images": hashlib.sha256(images).hexdigest(), "labels": hashlib.sha256(labels).hexdigest()}
    return DataFacts(ids.digest({**parts, "shape": list(shape), "classes": classes}), count, 0, classes, shape)


def labels_path(images: Path) -> Path:
    """Where the labels of a published images file lie: beside it, `images` in its name replaced by `labels`."""
    head, found, tail = images.name.rpartition("images")
    if not found:
        raise DataError(f"{images} has no `images` in its name, so its labels can't be found", help=_FORMS)
    return images.with_name(f"{head}labels{tail}")


def _existing(path: Path) -> Path:
    path = Path(path)
    for needed in (path,) if path.suffix == ".safetensors" else (path, labels_path(path)):
        if not needed.is_file():
            raise MissingData(f"there is no file {needed}", help=_FORMS)
    return path


def _read_own(path: Path) -> "tuple[Tensor, Tensor, Space | None]":
    from safetensors import safe_open

    from lmcspec.science.data.space import Space

    try:
        with safe_open(path, framework="pt") as file:
            images, labels = file.get_tensor("images"), file.get_tensor("labels")
            note = (file.metadata() or {}).get("space")
    except Exception as error:  # safetensors' own error class has no stable name
        raise DataError(f"{path} is not a distilled set: {error}", help=_FORMS) from error
    if note is None:
        return images, labels, None
    fields = json.loads(note)
    return images, labels, Space(fields["name"], tuple(fields["mean"]), tuple(fields["std"]), fields["eps"])


def _read_tensor(path: Path) -> "Tensor":
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise DataError(f"{path} can't be read as a tensor: {_first_line(error)}", help=_FORMS) from error
    if not isinstance(found, torch.Tensor):
        raise DataError(f"{path} holds a {type(found).__name__}, not a tensor", help=_FORMS)
    return found.detach()


def _stored(path: Path) -> bytes:
    """The bytes of the one tensor in a file that torch.save wrote."""
    try:
        with ZipFile(path) as file:
            storages = [name for name in file.namelist() if name.rpartition("/")[0].endswith("/data")]
            if len(storages) == 1:
                return file.read(storages[0])
    except (BadZipFile, OSError) as error:
        raise DataError(f"{path} is not a file of torch.save: {error}", help=_FORMS) from error
    raise DataError(f"{path} holds {len(storages)} tensors, not one", help=_FORMS)


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
    elif not torch.isfinite(images).all():
        wrong = "some of its pixels are not finite"
    if wrong:
        raise DataError(f"{path} does not fit: {wrong}", help="is it a distilled set of this data set?")


def _other_space(path: Path, declared: str, found: str) -> DataError:
    return DataError(
        f"{path} is declared to be in the space {declared}, but its images are in {found}",
        help="write the space they are in; a study's real and distilled images must be in the same one",
    )


def _named(space: "Space") -> str:
    match space.name:
        case "standardised":
            return f"standardised (mean {space.mean}, std {space.std})"
        case "zca":
            return f"zca (eps {space.eps:g})"
        case _:
            return space.name


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
