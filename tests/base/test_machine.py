"""Errors of the machine, told apart from those of what is read."""

import errno
import os
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from lmcspec.base.beneath import ForeignError
from lmcspec.base.documents import DocumentError
from lmcspec.base.machine import of_machine, out_of_memory


def of_system(number):
    return OSError(number, os.strerror(number))


MEMORY = [
    MemoryError(),
    of_system(errno.ENOMEM),
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …"),
    RuntimeError("unable to mmap 4096 bytes from file </x>: Cannot allocate memory (12)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    SafetensorError("I/O error: Cannot allocate memory (os error 12)"),
]
DEVICES = [
    *(of_system(number) for number in (errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE, errno.ENOSPC)),
    PermissionError(errno.EACCES, "no"),
    TimeoutError(errno.ETIMEDOUT, "no"),
    SafetensorError("I/O error: Input/output error (os error 5)"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
]
FILES = [
    ValueError("it is of another model"),
    RuntimeError("shape '[3]' is invalid for input of size 2"),
    SafetensorError("Error while deserializing header: header too small"),
    SafetensorError("No such file or directory (os error 2)"),
    FileNotFoundError(errno.ENOENT, "none"),
    NotADirectoryError(errno.ENOTDIR, "none"),
    ForeignError(Path("x"), "a symbolic link", "a file"),
    ValueError("the table is out of memory of the reader"),
    OSError("image file is truncated"),
]


@pytest.mark.parametrize("error", [*MEMORY, *DEVICES], ids=str)
def test_of_the_machine_also_under_the_words_of_a_reader(error):
    assert of_machine(error) is error
    assert out_of_memory(error) == (error in MEMORY)
    with pytest.raises(DocumentError) as caught:
        read_by(error)
    assert of_machine(caught.value) is error


def read_by(error):
    """What a reader makes of an error: one of its own."""
    try:
        raise error
    except Exception as cause:
        raise DocumentError("x", "can't be read") from cause


@pytest.mark.parametrize("error", FILES, ids=str)
def test_of_what_is_read(error):
    assert of_machine(error) is None


@pytest.mark.parametrize("number", [errno.ELOOP, errno.ENOTDIR, errno.EISDIR])
def test_what_stands_in_the_place_of_a_file_is_told_by_the_system_as_an_error(number):
    """A link is refused by a number of the system's, which is what the error is raised from."""
    assert of_machine(of_system(number)) is None
    with pytest.raises(ForeignError) as caught:
        raise ForeignError(Path("x"), "a symbolic link", "a file") from of_system(number)
    assert of_machine(caught.value) is None
