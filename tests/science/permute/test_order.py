"""Tensors from input to output, by which layers are rewound."""

import torch
from torch import nn

from lmcspec.science.permute.tracing import trace


class Backwards(nn.Module):
    """Defines its layers from output to input, one twice used, one never."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(6, 3)
        self.unused = nn.Linear(2, 2)
        self.shift = nn.Parameter(torch.ones(6))
        self.norm = nn.BatchNorm1d(6)
        self.twice = nn.Linear(6, 6)
        self.first = nn.Linear(16, 6)

    def forward(self, x):
        x = self.first(x.flatten(1))
        x = self.twice(self.norm(self.twice(x).relu()))
        return self.classifier(x + self.shift)


def test_layers_are_in_the_order_in_which_they_are_used():
    order = trace(Backwards(), (1, 4, 4)).order
    assert list(dict.fromkeys(name.rpartition(".")[0] for name in order)) == [
        "first",
        "twice",
        "norm",
        "",
        "classifier",
        "unused",
    ]
    names = [name for name in Backwards().state_dict() if name.startswith("norm.")]
    assert [name for name in order if name.startswith("norm.")] == names, "batches are counted in training alone"
    assert sorted(order) == sorted(Backwards().state_dict())
