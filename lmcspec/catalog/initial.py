"""The words for how weights and norms start, as models' settings have them; lmcspec/science/initial.py draws them."""

from typing import Literal

Init = Literal[
    "default", "kaiming-normal", "kaiming-uniform", "kaiming-fan-out", "xavier-normal", "orthogonal", "binary"
]
"""How weights of convolutions and linear layers are drawn. Their biases are U(±1/√fan_in) in every case."""

NormInit = Literal["ones", "uniform", "one-one", "positive-negative"]
"""Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""
