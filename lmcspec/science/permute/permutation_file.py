"""Permutations in .safetensors files: an int64 vector for each group, by its name. Anybody may have written them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lmcspec.base.documents import DocumentError, read_bytes
from lmcspec.science.permute.algebra import Permutation, checked, is_permutation
from lmcspec.science.permute.groups import Groups

LARGEST = 256 * 2**20
"""Bytes of a file: 33 million units."""


def save(path: Path, permutation: Permutation) -> None:
    """Write a permutation, beside its place first and then moved there."""
    from safetensors.torch import save as as_bytes

    vectors = {group: vector.detach().cpu().long().clone() for group, vector in permutation.items()}
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(as_bytes(vectors))
    draft.replace(path)


def load(path: Path, groups: Groups | None = None) -> dict[str, Tensor]:
    """The permutation in a file; with `groups` also held against these, and with a vector for each of them.

    FileNotFoundError where there is none; DocumentError, which names the file, where it holds no such permutation.
    """
    vectors = _tensors(path)
    _check(path, vectors)
    try:
        return vectors if groups is None else checked(groups, vectors)
    except ValueError as error:
        raise DocumentError(path, f"is of another network: {error}") from error


def _tensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load

    data = read_bytes(path, largest=LARGEST, follow=True)
    try:
        return load(data)
    except Exception as error:  # safetensors' own error class has no stable name
        raise DocumentError(path, "holds no permutation: it is no file of safetensors") from error


def _check(path: Path, vectors: Mapping[str, Tensor]) -> None:
    for group, vector in vectors.items():
        if vector.dtype != torch.int64 or vector.ndim != 1 or not is_permutation(vector):
            raise DocumentError(path, f"holds no permutation: {group!r} is none of 0 … its length - 1 in int64")
