"""Files in which distilled sets are published, as torch.save wrote them; nothing in them is unpickled as code.

- `mtt` (MTT, and the code of distilled pruning): a tensor of images in NAME_images.pt, one of labels beside it.
- `idc` (IDC): a list of images and labels in one file; images in [0, 1], packed as tiles.
- `dc` (DC, DSA, DM): a table whose `data` lists pairs of images and labels, one for each of several sets.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile, ZipFile

from lmcspec.science.data.arrays import DataError, MissingData

if TYPE_CHECKING:
    from torch import Tensor

Form = Literal["mtt", "idc", "dc"]
FORMS = (
    "a distilled set is NAME_images.pt with NAME_labels.pt beside it (MTT), a .pt file with images and labels (IDC, "
    "DC, DSA, DM), or one .safetensors file of lmcspec's own"
)


def read_published(path: Path, which: int = 0) -> "tuple[Tensor, Tensor]":
    """Images and labels as they are stored; `which` of several sets in a file. Raises DataError for anything else."""
    import torch

    found = _load(path)
    match found:
        case torch.Tensor():
            labels = _load(labels_path(path))
            if not isinstance(labels, torch.Tensor):
                raise DataError(f"{labels_path(path)} holds a {type(labels).__name__}, not a tensor", help=FORMS)
            return found.detach(), labels.detach()
        case [torch.Tensor() as images, torch.Tensor() as labels]:
            return images.detach(), labels.detach()
        case {"data": [*sets]} if sets and all(_is_pair(one) for one in sets):
            images, labels = sets[_place(path, which, len(sets))]
            return images.detach(), labels.detach()
        case _:
            raise DataError(f"{path} holds a {type(found).__name__} that is not a distilled set", help=FORMS)


def stored_bytes(path: Path, which: int = 0) -> tuple[bytes, bytes]:
    """The bytes of images and labels, as `read_published` would give them, without torch."""
    outermost, storages = _storages(path)
    count = len(storages)
    if outermost == "tensor" and count == 1:
        return storages[0](), _only(labels_path(path))
    if outermost == "list" and count == 2:
        return storages[0](), storages[1]()
    if outermost == "table" and count and count % 2 == 0:
        place = 2 * _place(path, which, count // 2)
        return storages[place](), storages[place + 1]()
    raise DataError(f"{path} holds a {outermost} of {count} tensors that is not a distilled set", help=FORMS)


def write_published(path: Path, form: Form, images: "Tensor", labels: "Tensor") -> list[Path]:
    """Write a distilled set in a published form; gives the files. For `mtt`, `path` is NAME_images.pt."""
    import torch

    images, labels = images.detach().cpu().contiguous(), labels.detach().cpu().contiguous()
    match form:
        case "mtt":
            beside = labels_path(path)
            torch.save(images, path)
            torch.save(labels, beside)
            return [path, beside]
        case "idc":
            torch.save([images, labels], path)
        case "dc":
            torch.save({"data": [[images, labels]], "accs_all_exps": {}}, path)
    return [path]


def labels_path(images: Path) -> Path:
    """Where the labels of a published images file lie: beside it, `images` in its name replaced by `labels`."""
    head, found, tail = images.name.rpartition("images")
    if not found:
        raise DataError(f"{images} has no `images` in its name, so its labels can't be found", help=FORMS)
    return images.with_name(f"{head}labels{tail}")


def _load(path: Path) -> Any:
    import torch

    _exists(path)
    try:
        with torch.serialization.safe_globals(_numbers()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} can't be read as tensors: {first}", help=FORMS) from error


def _numbers() -> list[Any]:
    """What numpy's numbers are pickled by, in numpy 1 and 2: files of `dc` have accuracies beside their sets."""
    import numpy as np

    rebuilt = np.float64(0).__reduce__()[0]
    named = [(rebuilt, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    return [*named, np.dtype, *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8"))]


def _is_pair(one: Any) -> bool:
    import torch

    return isinstance(one, list | tuple) and len(one) == 2 and all(isinstance(part, torch.Tensor) for part in one)


def _place(path: Path, which: int, sets: int) -> int:
    if which >= sets:
        raise DataError(f"{path} holds {sets} sets, and number {which} is asked for", help="they count from 0")
    return which


def _storages(path: Path) -> tuple[str, list[Callable[[], bytes]]]:
    """What a file holds at its outermost, and what reads each stored tensor, in the order in which they were saved."""
    _exists(path)
    try:
        with ZipFile(path) as file:
            names = [name for name in file.namelist() if name.rpartition("/")[0].endswith("/data")]
            pickled = [name for name in file.namelist() if name.endswith("data.pkl")]
            outermost = _outermost(file.read(pickled[0])) if pickled else "nothing"
    except (BadZipFile, OSError, ValueError) as error:
        raise DataError(
            f"{path} is not a file of torch.save: {error}",
            help=f"load and save it again if torch before 1.6 wrote it; {FORMS}",
        ) from error

    def reader(name: str) -> Callable[[], bytes]:
        def read() -> bytes:
            with ZipFile(path) as file:
                return file.read(name)

        return read

    return outermost, [reader(name) for name in sorted(names, key=lambda name: (len(name), name))]


def _outermost(pickled: bytes) -> str:
    """The kind of what was pickled, from its first instruction; none is carried out."""
    import pickletools

    for instruction, _, _ in pickletools.genops(pickled):
        match instruction.name:
            case "PROTO" | "FRAME":
                continue
            case "EMPTY_LIST":
                return "list"
            case "EMPTY_DICT":
                return "table"
            case "GLOBAL":
                return "tensor"
            case _:
                break
    return "value"


def _only(path: Path) -> bytes:
    outermost, storages = _storages(path)
    if outermost != "tensor" or len(storages) != 1:
        raise DataError(f"{path} holds a {outermost} of {len(storages)} tensors, not one tensor", help=FORMS)
    return storages[0]()


def _exists(path: Path) -> None:
    if not path.is_file():
        raise MissingData(f"there is no file {path}", help=FORMS)
