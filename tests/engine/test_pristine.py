import os

import pytest
import torch

from lmcspec.engine import pristine


@pytest.fixture
def calls(monkeypatch):
    """A CUDA that is in use, and what is asked of it."""
    made = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    for name in ("synchronize", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, lambda name=name: made.append(name))
    return made


def test_memory_is_given_back_once_the_gpu_has_done_all_work(calls):
    assert pristine.release()
    assert calls == ["synchronize", "empty_cache"]


def test_a_gpu_that_is_not_in_use_is_left_alone(calls, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert pristine.release()
    assert calls == []


def test_an_error_on_the_gpu_is_noticed(calls, monkeypatch):
    def fail():
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch.cuda, "synchronize", fail)
    assert not pristine.release()
    assert calls == []


def test_algorithms_are_deterministic_on_every_device(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    torch.use_deterministic_algorithms(False)
    pristine.first()
    pristine.prepare(threads=1)
    assert torch.are_deterministic_algorithms_enabled() and torch.is_deterministic_algorithms_warn_only_enabled()
    assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.filterwarnings("ignore:.*fp32_precision")
def test_float32_is_never_rounded_to_fewer_bits():
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    pristine.prepare(threads=1)
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
