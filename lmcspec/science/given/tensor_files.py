"""Files of tensors by name that anybody may have written, by safetensors or by torch.save. Nothing in them is run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lmcspec.base.documents import DocumentError, open_regular
from lmcspec.base.visible import one_line
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.distilled.safetensors_file import read_safetensors
from lmcspec.science.data.distilled.stored_tensor import NoTensors, StoredTensor, Unread
from lmcspec.science.data.distilled.torch_file import read_torch
from lmcspec.science.data.pickle_bounds import short_message

TABLES = ("state_dict", "model_state_dict", "model", "net")
"""Under which a checkpoint keeps the parameters and buffers of its network; Lightning's under the first."""
MOST = 100_000
"""Tensors of a file."""
SAVE = "torch.save(network.state_dict(), FILE) makes a file that loads, and so does safetensors.torch.save_file"

UNREADABLE = "look at its folder's rights and the disk: ls -l and dmesg say more"


class NotGiven(DataError):
    """A file that holds no tensors by name, or others than the network's."""


def tensors_of(path: Path) -> dict[str, Unread]:
    """The tensors of a file by name, unread. MissingData where there is none, NotGiven where it holds anything else."""
    try:
        with open_regular(path, follow=True) as file:
            if os.fstat(file.fileno()).st_size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
                raise NotGiven(f"{path} is larger than this machine's memory", help=SAVE)
            start = file.read(9)
            file.seek(0)
            if start[8:] == b"{" and start[5:8] == b"\0\0\0":  # the length of a header, and its first sign
                tensors: Mapping[str, Unread] = read_safetensors(path)[0]
            else:
                tensors = _table(path, read_torch(path, file))
    except FileNotFoundError as error:
        raise MissingData(f"there is no file {path}", help="say where it is, from the spec's folder on") from error
    except DocumentError as error:
        raise NotGiven(f"{path} {error.problem}", help=SAVE) from error
    except NoTensors as error:
        raise NotGiven(f"{path} {error}", help=SAVE) from error
    except OSError as error:
        raise NotGiven(f"{path} can't be read: {short_message(error)}", help=UNREADABLE) from error
    if not tensors:
        raise NotGiven(f"{path} holds no tensors", help=SAVE)
    if len(tensors) > MOST:
        raise NotGiven(f"{path} holds {len(tensors):,} tensors; at most {MOST:,} are read", help=SAVE)
    return dict(tensors)


def values_of(path: Path, name: str, tensor: Unread) -> np.ndarray:
    """The values of a tensor that is called `name` in a file. NotGiven where it can't be read."""
    if tensor.dtype in ("bfloat16", "others"):
        raise NotGiven(
            f"{path}: {quoted(name)} holds numbers of a type that isn't read", help=f"save x.float(); {SAVE}"
        )
    try:
        return np.asarray(tensor.read(), order="C")
    except MemoryError as error:
        raise NotGiven(f"{path} holds more than this machine's memory", help=SAVE) from error
    except Exception as error:  # whatever a file that changes or is damaged makes of its reader
        help = f"is it being written? {SAVE}"
        raise NotGiven(f"{path}: {quoted(name)} can't be read: {short_message(error)}", help=help) from error


def quoted(name: str) -> str:
    """A name of a file as an error shows it, whoever wrote it and however long it is."""
    return f"`{one_line(name if len(name) <= 100 else f'{name[:60]}…{name[-30:]}')}`"


def _table(path: Path, content: Any) -> dict[str, StoredTensor]:
    """The parameters and buffers in what torch.save wrote: the whole of it, or what stands under one of TABLES."""
    if not isinstance(content, dict):
        raise NotGiven(f"{path} holds {_called(content)}, and no tensors by name", help=SAVE)
    inside = next((content[key] for key in TABLES if isinstance(content.get(key), dict)), content)
    for name, value in inside.items():
        if not isinstance(name, str) or not isinstance(value, StoredTensor):
            where = quoted(name) if isinstance(name, str) else "a key that is no name"
            under = "" if inside is not content else f", and no {' or '.join(map(quoted, TABLES))} of tensors"
            raise NotGiven(f"{path} has {_called(value)} under {where}{under}", help=SAVE)
    return inside


def _called(value: Any) -> str:
    """What sort of value it is, in words."""
    match value:
        case StoredTensor():
            return "a tensor"
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case _:
            return f"{type(value).__name__}" if isinstance(value, bool | int | float | str) else "an object"
