"""Two small transformers, aligned. `python examples/align_two_transformers.py` takes ten seconds on a CPU.

A transformer has units of three kinds that may change places: entries of the residual stream, which all blocks read and
write; heads of attention, each of which moves whole, as a block of entries; and hidden units of perceptrons. They are
found by running the model.

What comes out: by weights the networks come nearer, and so they do under a permutation that was found before anybody
had trained them ("by chance"), which lowers the barrier, too, if less. By activations they hardly come nearer, and the
barrier falls by far more: to two thirds on one processor, to less than half on another, which rounds otherwise. It does
not vanish.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from lmcspec.science.curves import alphas, barrier
from lmcspec.science.data.loading import load
from lmcspec.science.data.resident import Dataset
from lmcspec.science.paths import Ends, Evaluated, curves
from lmcspec.science.permute.activation_matching import match_activations
from lmcspec.science.permute.algebra import Permutation, apply
from lmcspec.science.permute.description import rows
from lmcspec.science.permute.objective import squared_distance
from lmcspec.science.permute.selfcheck import check
from lmcspec.science.permute.tracing import trace
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

WIDTH, HEADS, HIDDEN = 64, 4, 128
State = dict[str, Tensor]


class Block(nn.Module):
    """Attention over tokens, then a perceptron on each: both add to the stream what they make of it, normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.qkv(self.norms[0](x)).chunk(3, -1))
        x = x + self.out(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.down(self.up(self.norms[1](x)).relu())


class Transformer(nn.Module):
    """Digits as sequences: each row of 8 pixels is a token."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, WIDTH)
        self.positions = nn.Parameter(torch.randn(8, WIDTH))
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.classifier = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.norm(self.blocks(self.embed(x.squeeze(1)) + self.positions)).mean(1))


def trained(seed: int, data: Dataset, epochs: int) -> State:
    """The state of a network after so many epochs, from an initialisation and in an order of its own."""
    torch.manual_seed(seed)
    module, (images, labels) = Transformer(), data.train.all()
    optimiser = torch.optim.AdamW(module.parameters(), lr=2e-3, weight_decay=0.1)
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(64):
            optimiser.zero_grad()
            cross_entropy(module(images[batch]), labels[batch]).backward()
            optimiser.step()
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def barriers(a: State, b: State, data: Dataset) -> tuple[float, float]:
    """How far error and loss on test images rise over the straight line between those of the ends."""
    grid = alphas(11)
    curve = curves(Transformer(), Ends(a, b), grid, Evaluated(data.test), ("average",))["average"]
    return barrier(curve.values("test", "error"), grid), barrier(curve.values("test", "loss"), grid)


def main() -> None:
    data = load("digits", space="standardised")
    a, b = (trained(seed, data, epochs=12) for seed in (0, 1))
    first, second = (trained(seed, data, epochs=0) for seed in (0, 1))

    module = Transformer()
    traced = trace(module, data.shape)
    groups = traced.groups
    check(module, groups, data.shape)
    for row in rows(groups):
        print(f"{row.group}: {row.units} units in {len(row.places)} places, such as {row.places[-1]}")

    matching = WeightMatching(restarts=5)
    ways: dict[str, Permutation] = {
        "not aligned": {},
        "by weights": match_weights(groups, a, b, matching).permutation,
        "by activations": match_activations(traced, a, b, data.train),
        "by chance": match_weights(groups, first, second, matching).permutation,
    }
    print(f"{'':16}{'distance':>9}{'barrier in error':>18}{'in loss':>9}")
    for name, way in ways.items():
        error, loss = barriers(a, apply(groups, way, b), data)
        apart = squared_distance(groups, way, a, b) ** 0.5
        print(f"{name:16}{apart:9.2f}{error:18.1%}{loss:9.2f}")


if __name__ == "__main__":
    main()
