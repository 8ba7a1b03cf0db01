"""Files in which distilled sets are published, as torch.save wrote them; nothing in them is unpickled as code.

- `mtt` (MTT, and the code of distilled pruning): a tensor of images in NAME_images.pt, one of labels beside it.
- `idc` (IDC): a list of images and labels in one file; images in [0, 1], packed as tiles.
- `dc` (DC, DSA, DM): a table whose `data` lists pairs of images and labels, one for each of several sets.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.base.documents import DocumentError, open_regular
from lmcspec.base.set_forms import Published
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.distilled.foreign import START, advice
from lmcspec.science.data.distilled.stored_tensor import NoTensors, StoredTensor
from lmcspec.science.data.distilled.torch_file import read_torch
from lmcspec.science.data.distilled.torch_pickle import Inert

if TYPE_CHECKING:
    from torch import Tensor

FORMS = (
    "a distilled set is NAME_images.pt with NAME_labels.pt beside it (MTT), a .pt file with images and labels (IDC, "
    "DC, DSA, DM), or one .safetensors file of lmcspec's own"
)
WRITE = "torch.save([images.float(), labels.long()], FILE) makes a file that loads: images (n, C, H, W), labels (n,)"


class NoSet(DataError):
    """A file that holds no distilled set in any form."""


def read_published(path: Path, which: int = 0) -> tuple[StoredTensor, StoredTensor]:
    """Images and labels as they are stored, unread; `which` of several sets in a file. Without torch.

    Raises MissingData where there is no file, NoSet for anything that is no published set.
    """
    content = _load(path)
    match content:
        case StoredTensor():
            beside = labels_path(path)
            labels = _load(beside)
            if not isinstance(labels, StoredTensor):
                raise NoSet(f"{beside} holds {_called(labels)}, not a tensor of labels", help=WRITE)
            return content, labels
        case [StoredTensor() as images, StoredTensor() as labels]:
            return images, labels
        case {"data": [*sets]} if sets and all(_is_pair(pair) for pair in sets):
            images, labels = sets[_place(path, which, len(sets))]
            return images, labels
        case _:
            raise NoSet(f"{path} holds {_called(content)} that is not a distilled set", help=_instead(content))


def write_published(path: Path, form: Published, images: "Tensor", labels: "Tensor") -> list[Path]:
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
    head, word, tail = images.name.rpartition("images")
    if not word:
        raise NoSet(
            f"{images} has one tensor and no `images` in its name, so its labels can't be found",
            help=f"{FORMS}; {WRITE}",
        )
    return images.with_name(f"{head}labels{tail}")


def _load(path: Path) -> Any:
    try:
        with open_regular(path, follow=True) as file:
            start = file.read(START)
            file.seek(0)
            if help := advice(path, start):
                raise NoSet(f"{path} is not a file of torch.save", help=help)
            return read_torch(path, file)
    except FileNotFoundError as error:
        raise MissingData(f"there is no file {path}", help=FORMS) from error
    except DocumentError as error:
        raise NoSet(f"{path} {error.problem}", help=advice(path, b"") or FORMS) from error
    except NoTensors as error:
        raise NoSet(f"{path} {error}", help=f"{WRITE}; {FORMS}") from error


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(part, StoredTensor) for part in value)


def _place(path: Path, which: int, sets: int) -> int:
    if which >= sets:
        raise DataError(f"{path} holds {sets} sets, and number {which} is asked for", help="they count from 0")
    return which


def _called(value: Any) -> str:
    """What sort of value it is, in words for an error."""
    match value:
        case Inert():
            return value.what
        case StoredTensor():
            return "a tensor"
        case list() | tuple():
            parts = ", ".join(_short(part) for part in value[:3])
            kind = "list" if isinstance(value, list) else "tuple"
            return f"a {kind} of {len(value):,} ({parts}{', …' if len(value) > 3 else ''})"
        case dict():
            keys = ", ".join(_key(key) for key in list(value)[:4] if isinstance(key, str | int))
            return f"a table of {len(value):,} ({keys}{', …' if len(value) > 4 else ''})"
        case _:
            return f"a {type(value).__name__}"


def _key(key: str | int) -> str:
    """The beginning of a key; Python refuses to spell integers of thousands of digits."""
    if isinstance(key, str):
        return repr(key[:30])[:30]
    return repr(key) if abs(key) < 10**15 else "a long number"


def _short(part: Any) -> str:
    return _called(part) if isinstance(part, Inert | StoredTensor) else type(part).__name__


def _instead(value: Any) -> str:
    """What to write in place of the value, so that the file loads."""
    match value:
        case dict():
            return f"take the tensors out of it: {WRITE}"
        case [(StoredTensor(), _), *_]:
            return (
                "one tensor for all images: images = torch.stack([x for x, _ in pairs]), labels = torch.tensor(…), "
                + WRITE
            )
        case [*parts] if any(isinstance(part, Inert) for part in parts):
            return f"tensors of all: torch.from_numpy(…), {WRITE}"
        case _:
            return f"{WRITE}; {FORMS}"
