import os

import pytest
import torch

from lmcspec.engine import pristine


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
