"""Which machine a result names."""

from types import SimpleNamespace

import pytest
import torch

from lmcspec.engine import numerics


@pytest.mark.parametrize(
    ("uuid", "named"),
    [("1b2c-3d", "GPU-1b2c-3d"), ("GPU-1b2c-3d", "GPU-1b2c-3d"), ("MIG-1b2c", "MIG-1b2c"), ("", "")],
)
def test_a_gpu_by_its_own_number(monkeypatch, uuid, named):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid=uuid))
    assert numerics.gpu_uuid("cuda") == named


@pytest.mark.parametrize("error", [RuntimeError("no NVIDIA driver"), AssertionError("not compiled with CUDA")])
def test_a_gpu_that_does_not_say(monkeypatch, error):
    def refuse(device):
        raise error

    monkeypatch.setattr(torch.cuda, "get_device_properties", refuse)
    assert numerics.gpu_uuid("cuda") == ""
    # Versions before 2.5 or so don't know it.
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace())
    assert numerics.gpu_uuid("cuda") == ""


def test_on_a_processor_no_gpu_is_named():
    assert "gpu" not in numerics.machine("cpu") and numerics.machine("cpu")["name"]
