"""Files of tensors with their digest, as the library reads them."""

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load

from lmcspec.tasks.hashed_file import digest, write_hashed

DTYPES = (
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)
ENTRIES = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
    st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3)),
    max_size=6,
)


def written(tensors, says):
    file = io.BytesIO()
    write_hashed(file, tensors, says)
    return file.getvalue()


@given(ENTRIES, st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2))
def test_the_library_reads_what_was_written(entries, says):
    draws = torch.Generator().manual_seed(0)
    tensors = {name: torch.randint(0, 2, shape, generator=draws).to(dtype) for name, (dtype, shape) in entries.items()}
    content = written(tensors, says)
    held = load(content)
    assert held.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert held[name].dtype == tensor.dtype and torch.equal(held[name], tensor)


def test_it_says_the_digest_and_what_else_it_was_told(tmp_path):
    tensors = {"b": torch.arange(5.0), "a": torch.tensor(3)}
    (tmp_path / "x.safetensors").write_bytes(written(tensors, {"done": "7"}))
    with safe_open(tmp_path / "x.safetensors", "pt") as file:
        assert file.metadata() == {"done": "7", "sha256": digest(tensors)}


def test_the_digest_is_that_of_what_is_in_it():
    tensors = {"a": torch.arange(6.0).view(2, 3)}
    assert digest(load(written(tensors, {}))) == digest(tensors)
    for other in (
        {"b": tensors["a"]},
        {"a": tensors["a"].view(3, 2)},
        {"a": tensors["a"].double()},
        {"a": tensors["a"] + 1},
    ):
        assert digest(other) != digest(tensors)


def test_numbers_that_the_format_has_not_are_refused():
    with pytest.raises(ValueError, match="'z' holds complex64"):
        written({"z": torch.zeros(2, dtype=torch.complex64)}, {})
