"""What networks start with that no task has made: parameters and buffers, or a mask, from a file, under a digest.

The digest is that of the tensors: names, types, shapes and values, however they are stored. So the same state has one
id, whether it comes from torch.save or from safetensors, and under whatever modules it was wrapped.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lmcspec.base.errors import StaleError
from lmcspec.science.data.arrays import MissingData
from lmcspec.science.data.distilled.stored_tensor import Unread
from lmcspec.science.data.pickle_bounds import short_message
from lmcspec.science.given.naming import OddRename, canonical, pair, rules_that_would_do
from lmcspec.science.given.tensor_files import UNREADABLE, NotGiven, quoted, tensors_of, values_of

COUNTER = "num_batches_tracked"
"""A buffer of batch norm that files of old torches lack, and nothing here goes by: it counts from 0 then."""
_ORIGINAL, _MASK = "_orig", "_mask"
"""How torch.nn.utils.prune calls a weight and the mask that it is under."""
SHOWN = 3
"""Tensors in one sentence."""
OFFERED = 50
"""Rules of a renaming that is offered whole, to be pasted; where it takes more, names are listed."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
"""Names that stand in quotes as they are."""

Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""Type and shape by name."""
_Loads = dict[str, Callable[[], np.ndarray]]
_Read = Callable[[Path, Mapping[str, str]], _Loads]


class Facts(NamedTuple):
    """What a plan knows of a file's tensors."""

    digest: str
    shapes: Shapes
    """By canonical name."""
    survivors: Mapping[str, int]
    """Of a mask: how many weights survive of each tensor."""


class OtherTensors(NotGiven):
    """Tensors that are not those of the network."""


class OddNames(NotGiven):
    """Rules of renaming that don't go with the tensors of a file."""


def weights_facts(path: Path, rules: Mapping[str, str]) -> Facts:
    """The facts of a file of parameters and buffers. MissingData, NotGiven."""
    return _facts(_weights, path, rules)


def mask_facts(path: Path, rules: Mapping[str, str]) -> Facts:
    """The facts of a file of a mask. MissingData, NotGiven."""
    return _facts(_mask, path, rules)


def read_weights(path: Path, rules: Mapping[str, str], wanted: Shapes, digest: str) -> dict[str, np.ndarray]:
    """The parameters and buffers in a file by the model's names, `wanted` being all that it has.

    Raises StaleError where they are not those of the digest, OtherTensors where they are not the model's.
    """
    return _fitted(path, _unchanged(path, _weights(path, rules), digest), wanted)


def read_mask(path: Path, rules: Mapping[str, str], wanted: Shapes, digest: str) -> dict[str, np.ndarray]:
    """The mask in a file by the model's names, bool; `wanted` are its prunable weights. Raises as `read_weights`."""
    return _fitted(path, _unchanged(path, _mask(path, rules), digest), wanted)


def check_fit(path: Path, given: Shapes, wanted: Shapes, *, whole: bool) -> dict[str, str]:
    """The file's name of each tensor of the model. OtherTensors where one is missing, or has another type or shape.

    `wanted` are all that the model has, or without `whole` some of it: then others of the file are none too many.
    """
    paired = pair(list(wanted), given)
    counters = {name for name in paired.missing if name.rpartition(".")[2] == COUNTER}
    missing = [name for name in paired.missing if name not in counters]
    others = list(paired.others)
    if missing or (whole and others):
        raise OtherTensors(
            f"{path} does not fit the model: {_difference(missing, others if whole else [], given, wanted)}",
            help=_remedy(missing, others, given, wanted),
        )
    for name, theirs in paired.pairs.items():
        (dtype, shape), (their_dtype, their_shape) = wanted[name], given[theirs]
        if tuple(their_shape) != tuple(shape):
            raise OtherTensors(
                f"{path} does not fit the model: {quoted(theirs)} has the shape {list(their_shape)}, "
                f"and the model's {name} has {list(shape)}",
                help="is it a network of this architecture, on images of this size with as many classes?",
            )
        if their_dtype != dtype:
            raise OtherTensors(
                f"{path} does not fit the model: {quoted(theirs)} is {their_dtype}, and the model's {name} is {dtype}",
                help=f"save x.to(torch.{dtype}) of it",
            )
    return dict(paired.pairs)


def digest_of(values: Mapping[str, np.ndarray]) -> str:
    """sha256 over names, types, shapes and bytes of tensors, in the order of their names."""
    sha256 = hashlib.sha256()
    for name, value in sorted(values.items()):
        _add(sha256.update, name, value)
    return sha256.hexdigest()


def _facts(read: _Read, path: Path, rules: Mapping[str, str]) -> Facts:
    """Read once in a process, as long as the file is the same: a study of many cases asks again and again."""
    try:
        now = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingData(f"there is no file {path}", help="say where it is, from the spec's folder on") from error
    except OSError as error:
        raise NotGiven(f"{path} can't be read: {short_message(error)}", help=UNREADABLE) from error
    stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
    return _facts_of(read, path, tuple(rules.items()), stamp)


@lru_cache(maxsize=256)
def _facts_of(read: _Read, path: Path, rules: tuple[tuple[str, str], ...], stamp: tuple[int, ...]) -> Facts:
    sha256, shapes, survivors = hashlib.sha256(), {}, {}
    for name, load in sorted(read(path, dict(rules)).items()):
        value = load()
        _add(sha256.update, name, value)
        shapes[name] = (str(value.dtype), value.shape)
        survivors[name] = int(np.count_nonzero(value)) if value.dtype == bool else 0
    return Facts(sha256.hexdigest(), shapes, survivors)


def _weights(path: Path, rules: Mapping[str, str]) -> _Loads:
    """What reads each parameter and buffer, by canonical name. Of weights under a mask of torch's it is the weight."""
    tensors = tensors_of(path)
    masked = {name.removesuffix(_ORIGINAL) for name in tensors if f"{name.removesuffix(_ORIGINAL)}{_MASK}" in tensors}
    if twice := next((name for name in masked if name in tensors and f"{name}{_ORIGINAL}" in tensors), None):
        raise NotGiven(
            f"{path} has {quoted(twice)} and {quoted(twice + _ORIGINAL)}, and one of them would be left out",
            help="save the one that is meant: torch.nn.utils.prune.remove makes one of both",
        )
    named = {
        name.removesuffix(_ORIGINAL) if name.removesuffix(_ORIGINAL) in masked else name: name
        for name in tensors
        if name.removesuffix(_MASK) not in masked or not name.endswith(_MASK)
    }
    return _loads(path, tensors, named, rules, finite)


def _mask(path: Path, rules: Mapping[str, str]) -> _Loads:
    """What reads the mask of each weight, by canonical name. In a state of torch.nn.utils.prune it stands beside it."""
    tensors = tensors_of(path)
    beside = {name.removesuffix(_MASK): name for name in tensors if name.endswith(_MASK)}
    return _loads(path, tensors, beside or {name: name for name in tensors}, rules, zeros_and_ones)


def _loads(
    path: Path,
    tensors: Mapping[str, Unread],
    named: Mapping[str, str],
    rules: Mapping[str, str],
    checked: Callable[[Path, str, np.ndarray], np.ndarray],
) -> _Loads:
    try:
        names = canonical(named, rules)
    except OddRename as error:
        raise OddNames(f"{path} {error}", help=f"its tensors are {_listed(list(named))}") from error

    def load(original: str) -> Callable[[], np.ndarray]:
        return lambda: checked(path, original, values_of(path, original, tensors[original]))

    return {name: load(named[theirs]) for name, theirs in names.items()}


def finite(path: Path, name: str, value: np.ndarray) -> np.ndarray:
    """The value of a tensor that is called `name` in a file. NotGiven where some of it isn't finite."""
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise NotGiven(f"{path}: {quoted(name)} has numbers that are not finite", help="take an earlier checkpoint")
    return value


def zeros_and_ones(path: Path, name: str, value: np.ndarray) -> np.ndarray:
    """A mask that is called `name` in a file as booleans. NotGiven where it has other numbers than 0 and 1."""
    kept = value != 0
    if value.dtype != bool and not np.array_equal(value, kept):
        help = "a mask is 1 where a weight survives, and 0 where it is pruned"
        raise NotGiven(f"{path}: {quoted(name)} has other numbers than 0 and 1", help=help)
    return kept


def _unchanged(path: Path, loads: _Loads, digest: str) -> dict[str, np.ndarray]:
    values = {name: load() for name, load in loads.items()}
    if digest_of(values) != digest:
        raise StaleError(
            f"{path} is not what it was when this was planned", help="plan and run again: it holds other tensors now"
        )
    return values


def _fitted(path: Path, values: Mapping[str, np.ndarray], wanted: Shapes) -> dict[str, np.ndarray]:
    shapes = {name: (str(value.dtype), value.shape) for name, value in values.items()}
    pairs = check_fit(path, shapes, wanted, whole=True)
    return {
        name: values[pairs[name]] if name in pairs else np.zeros(shape, dtype)
        for name, (dtype, shape) in wanted.items()
    }


def _add(update: Callable[[bytes | memoryview], object], name: str, value: np.ndarray) -> None:
    little = np.asarray(value, value.dtype.newbyteorder("<"), order="C")
    update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
    update(little.reshape(-1).view(np.uint8).data)


def _difference(missing: list[str], others: list[str], given: Shapes, wanted: Shapes) -> str:
    parts = []
    if missing:
        parts.append(f"it lacks {_listed([_with_shape(name, wanted) for name in missing])} of the model's")
    if others:
        parts.append(f"the model has no {_listed([_with_shape(name, given) for name in others])}")
    return ", and ".join(parts)


def _remedy(missing: list[str], others: list[str], given: Shapes, wanted: Shapes) -> str:
    """What to type: the renaming that would do, or which names there are."""
    rules = rules_that_would_do(
        {name: tuple(wanted[name][1]) for name in missing}, {name: tuple(given[name][1]) for name in others}
    )
    if missing and 0 < len(rules) <= OFFERED and all(map(_PLAIN.fullmatch, (*rules, *rules.values()))):
        spelled = ", ".join(f'"{theirs}" = "{ours}"' for theirs, ours in rules.items())
        return f"if they are the same by other names: rename = {{ {spelled} }}"
    if others and missing:
        return f"it has {_listed([_with_shape(name, given) for name in others])}"
    return "save the parameters and buffers of the network, all of them and nothing else"


def _with_shape(name: str, shapes: Shapes) -> str:
    return f"{quoted(name)} {list(shapes[name][1])}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
