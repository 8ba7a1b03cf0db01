"""Distilled sets in .safetensors files of lmcspec's own, which say what published ones leave out. Without torch."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lmcspec.base.documents import DocumentError, open_regular, parse_document
from lmcspec.science.data.arrays import MissingData
from lmcspec.science.data.distilled.foreign import START, advice
from lmcspec.science.data.distilled.published import FORMS, NoSet
from lmcspec.science.data.distilled.safetensors_file import OfSafetensors, read_safetensors
from lmcspec.science.data.distilled.stored_tensor import NoTensors
from lmcspec.science.data.spaces import Space

LARGEST_FACTOR = 64


@dataclass(frozen=True, slots=True)
class Note:
    """What a set's file says beside its tensors: space, tiles along a side, the learned rate, names of its classes."""

    space: Space | None = None
    factor: int = 1
    rate: float | None = None
    names: tuple[str, ...] = ()

    def write(self) -> dict[str, str]:
        """The note as metadata of a file; values that are the default are left out."""
        note = {"space": json.dumps(asdict(self.space))} if self.space is not None else {}
        note |= {"factor": str(self.factor)} if self.factor > 1 else {}
        note |= {"rate": repr(self.rate)} if self.rate is not None else {}
        return note | ({"classes": json.dumps(list(self.names))} if self.names else {})

    @staticmethod
    def read(path: Path, metadata: dict[str, str]) -> "Note":
        """The note in a file's metadata. Raises NoSet where it can't be meant."""
        try:
            space = metadata.get("space")
            factor, rate = int(metadata.get("factor", 1)), metadata.get("rate")
            if not 1 <= factor <= LARGEST_FACTOR:
                raise ValueError(f"its factor is {factor}")
            names = parse_document(metadata.get("classes", "[]"), path, list[str])
            learned = None if rate is None else float(rate)
            return Note(None if space is None else _space(path, space), factor, learned, tuple(names))
        except DocumentError as error:
            raise NoSet(f"{path} does not say what it holds: {error.problem}", help=FORMS) from error
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise NoSet(f"{path} does not say what it holds: {error}", help=FORMS) from error


def read_own_file(path: Path) -> tuple[OfSafetensors, OfSafetensors, Note]:
    """Images and labels, unread, and the note. MissingData where there is no file, NoSet where it holds no set."""
    try:
        with open_regular(path, follow=True) as file:
            start = file.read(START)
    except FileNotFoundError as error:
        raise MissingData(f"there is no file {path}", help=FORMS) from error
    except DocumentError as error:
        raise NoSet(f"{path} {error.problem}", help=advice(path, b"") or FORMS) from error
    try:
        tensors, metadata = read_safetensors(path)
    except NoTensors as error:
        raise NoSet(f"{path} {error}", help=advice(path, start) or FORMS) from error
    if missing := [name for name in ("images", "labels") if name not in tensors]:
        raise NoSet(f"{path} holds no tensor called `{missing[0]}`", help=FORMS)
    return tensors["images"], tensors["labels"], Note.read(path, metadata)


def _space(path: Path, text: str) -> Space:
    """The space that a note spells out; of numbers only those that make a difference in it."""
    fields: Any = parse_document(text, path, dict[str, Any])
    mean, std, name = tuple(fields["mean"]), tuple(fields["std"]), fields["name"]
    eps = fields["eps"] if name == "zca" else fields.get("eps", 0.1)
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in (*mean, *std, eps)):
        raise ValueError("its space has numbers that mean nothing")
    if name == "standardised":
        return Space(name, mean, std)
    if mean or std:
        other = "images of which a mean was taken off are in another: standardised, or raw once it is added again"
        raise ValueError(f"its space is {name!r}, which has no mean and std; {other}")
    return Space(name, eps=eps) if name == "zca" else Space(name)
