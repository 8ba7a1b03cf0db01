"""Dropout inside torch's own layers."""

import pytest
import torch
from torch import nn

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.science.dropout import attach
from lmcspec.science.models.suited import ModelError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "layer",
    [nn.MultiheadAttention(4, 2, dropout=0.1), nn.GRU(3, 3, 2, dropout=0.1), nn.TransformerEncoderLayer(4, 2, 4)],
)
def test_dropout_within_torchs_layers_is_refused(layer):
    with pytest.raises(ModelError, match="global generator") as error:
        attach(nn.Sequential(layer), SgdNoise(0), 1, CPU)
    assert "lmcspec.science.dropout.Dropout" in str(error.value)
    attach(nn.Sequential(nn.MultiheadAttention(4, 2), nn.GRU(3, 3)), SgdNoise(0), 1, CPU)
