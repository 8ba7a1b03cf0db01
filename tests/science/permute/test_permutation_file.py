"""Permutations in files: what was saved comes back, and what is no permutation is refused by the file's name."""

import os
import struct

import pytest
import torch
from safetensors.torch import save_file

from lmcspec.base.documents import DocumentError
from lmcspec.science.permute.algebra import random_permutation
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.permutation_file import load, save

GROUPS = Groups({"layers.0": 5, "layers.1": 3}, {}, ())


def test_what_was_saved_comes_back(tmp_path):
    permutation = random_permutation(GROUPS, 0)
    save(tmp_path / "p.safetensors", permutation)
    for read in (load(tmp_path / "p.safetensors"), load(tmp_path / "p.safetensors", GROUPS)):
        assert read.keys() == permutation.keys()
        assert all(torch.equal(read[group], permutation[group]) for group in permutation)
    assert os.listdir(tmp_path) == ["p.safetensors"], "the draft is gone"


def test_a_missing_group_is_there_as_the_identity(tmp_path):
    save(tmp_path / "p.safetensors", {"layers.0": torch.tensor([4, 3, 2, 1, 0])})
    assert load(tmp_path / "p.safetensors", GROUPS)["layers.1"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "vectors",
    [
        {"x": torch.tensor([0, 0])},
        {"x": torch.tensor([0, 2])},
        {"x": torch.tensor([-1, 0])},
        {"x": torch.tensor([1, 0], dtype=torch.int32)},
        {"x": torch.tensor([0.0])},
        {"x": torch.zeros(1, 1, dtype=torch.int64)},
        {"x": torch.tensor(0)},
    ],
)
def test_tensors_that_are_no_permutation(vectors, tmp_path):
    save_file(vectors, tmp_path / "p.safetensors")
    with pytest.raises(DocumentError, match=r"p.safetensors holds no permutation: 'x'"):
        load(tmp_path / "p.safetensors")


@pytest.mark.parametrize("data", [b"", b"{}", b"\0" * 100, struct.pack("<Q", 2**62) + b"{}", b"\x02\0\0\0\0\0\0\0[]"])
def test_files_of_something_else(data, tmp_path):
    (tmp_path / "p.safetensors").write_bytes(data)
    with pytest.raises(DocumentError, match=r"p.safetensors holds no permutation: it is no file of safetensors"):
        load(tmp_path / "p.safetensors")


def test_permutations_of_another_network(tmp_path):
    save(tmp_path / "p.safetensors", {"layers.7": torch.tensor([0])})
    with pytest.raises(DocumentError, match=r"is of another network: the network has no group 'layers.7'"):
        load(tmp_path / "p.safetensors", GROUPS)
    save(tmp_path / "p.safetensors", {"layers.0": torch.tensor([1, 0])})
    with pytest.raises(DocumentError, match=r"is of another network: group 'layers.0' needs a permutation of 0 … 4"):
        load(tmp_path / "p.safetensors", GROUPS)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "p.safetensors")
    with pytest.raises(DocumentError, match="is a folder"):
        load(tmp_path)
