import pytest
import torch

from lmcspec.engine import gpu


@pytest.fixture
def calls(monkeypatch):
    """A CUDA that is in use, and what is asked of it."""
    made = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    for name in ("synchronize", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, lambda name=name: made.append(name))
    return made


def test_memory_is_given_back_once_the_gpu_has_done_all_work(calls):
    assert gpu.release()
    assert calls == ["synchronize", "empty_cache"]


def test_a_gpu_that_is_not_in_use_is_left_alone(calls, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert gpu.release()
    assert calls == []


def test_an_error_on_the_gpu_is_noticed(calls, monkeypatch):
    def fail():
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch.cuda, "synchronize", fail)
    assert not gpu.release()
    assert calls == []


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RuntimeError("Found no NVIDIA driver on your system.\nPlease check that …"), "Found no NVIDIA driver"),
        (AssertionError("Torch not compiled with CUDA enabled"), "Torch not compiled with CUDA enabled"),
        (None, ""),
    ],
)
def test_what_is_wrong_with_a_gpu_is_said_in_a_line(monkeypatch, error, why):
    def init():
        if error:
            raise error

    monkeypatch.setattr(torch.cuda, "init", init)
    found = gpu.claim()
    assert found.startswith(why) and bool(found) == bool(why) and "\n" not in found
