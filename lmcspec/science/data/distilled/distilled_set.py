"""Distilled sets: what they hold, our own .safetensors files of them, and how they enter a study's space."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base.errors import StaleError
from lmcspec.base.facts import DataFacts
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.distilled.own_file import Note
from lmcspec.science.data.distilled.set_file import SetFile, check_space, read_set
from lmcspec.science.data.spaces import Space

if TYPE_CHECKING:
    from torch import Tensor

    from lmcspec.science.data.resident import Dataset, Split


@dataclass(frozen=True, slots=True, eq=False)
class Distilled:
    """Images float32 (n, C, H, W) in a space, labels int64 (n,).

    With a `factor` above 1 each image holds factor x factor tiles of its class, in [0, 1] (`tiles.decode`). `rate` is
    the learning rate that was distilled along with the images, where there is one. `names` are those of the classes in
    the order of their labels, where they have some.
    """

    images: "Tensor"
    labels: "Tensor"
    space: Space
    factor: int = 1
    rate: float | None = None
    names: tuple[str, ...] = ()


def load_distilled(
    path: Path,
    declared: Space,
    classes: int,
    shape: tuple[int, int, int],
    *,
    factor: int = 1,
    which: int = 0,
    digest: str = "",
) -> Distilled:
    """The set in a file, on the CPU. `factor` and `which` (of several sets) are for published files.

    Raises DataError where images and labels don't fit each other, the classes or the shape, and where the set is in
    another space, or packed otherwise, than declared: by its own word in a .safetensors file, by `recognise_space`
    in a published one. StaleError where the set is not the one of a `digest`, if one is given.
    """
    path = Path(path)
    file = read_set(path, classes, shape, factor=factor, which=which)
    if digest and file.facts(classes).digest != digest:
        raise StaleError(
            f"{path} is not what it was when this was planned", help="plan and run again: it is another set now"
        )
    check_space(path, file, declared.name, declared)
    return _of_file(file, declared)


def read_own(path: Path, classes: int, shape: tuple[int, int, int]) -> Distilled:
    """The set in a .safetensors file that says its space. One that diverged holds no numbers, which is no error."""
    file = read_set(path, classes, shape, made=True)
    if file.note.space is None:
        raise DataError(f"{path} does not say its space", help="load it with the space that it is in")
    return _of_file(file, file.note.space)


def _of_file(file: SetFile, space: Space) -> Distilled:
    import torch

    images, labels, note = torch.from_numpy(file.images), torch.from_numpy(file.labels), file.note
    return Distilled(images, labels, space, note.factor, note.rate, note.names)


def save_distilled(path: Path, made: Distilled) -> None:
    """Write a set as .safetensors, with its space and what else a reader has to know of it."""
    from safetensors.torch import save

    tensors = {"images": made.images.detach().cpu().contiguous(), "labels": made.labels.detach().cpu().contiguous()}
    note = Note(made.space, made.factor, made.rate, made.names).write()
    Path(path).write_bytes(_in_order(save(tensors, metadata=note)))


def _in_order(content: bytes) -> bytes:
    """The same .safetensors file with its notes sorted: safetensors writes them in another order each time."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    spelled = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    spelled += b" " * (-len(spelled) % 8)
    return len(spelled).to_bytes(8, "little") + spelled + content[8 + length :]


def enter_distilled(made: Distilled, data: "Dataset") -> "Split":
    """What networks train on: the images of a set, unpacked, in the space of a study's data and on their device.

    Raw sets enter any space, as the data themselves do: augmentation acts before that. Others have to be in the
    space; raises DataError where they are not.
    """
    from lmcspec.science.data.distilled.tiles import decode
    from lmcspec.science.data.resident import Split, black
    from lmcspec.science.data.space import of_floats

    device = data.train.device
    images, labels = decode(made.images, made.factor).to(device), made.labels.repeat(made.factor**2).to(device)
    if made.space == data.space and made.factor == 1:
        return Split(images.contiguous(), labels, black=black(made.space, device))
    if made.space != Space("raw"):
        raise DataError(
            f"a distilled set is in the space {made.space}, the study's data are in {data.space}",
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
    """Digest and size of the set in a file, as `load_distilled` reads it; without torch, nothing unpickled as code.

    `train` counts images as they are trained on, unpacked. The digest is that of the tensors' values.

    Raises MissingData where a file is not there, DataError where it does not hold images of that shape, or not in the
    `space` of that name.
    """
    file = read_set(path, classes, shape, factor=factor, which=which)
    if space is not None:
        check_space(Path(path), file, space)
    return file.facts(classes)
