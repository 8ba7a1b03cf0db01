"""Two trained networks of your own model, aligned and merged. `python examples/align_two_networks.py` takes seconds.

The units of a layer may change places without changing what a network computes. So two trainings rarely have theirs in
the same order, and halfway between their weights lies a network that knows little. Put in the order in which it matches
the other, and with the variance of its activations put right (REPAIR), it knows most of what both do.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.science.data.loading import load
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import InOrder, evaluate
from lmcspec.science.permute.algebra import apply
from lmcspec.science.permute.repair import merged, mixed
from lmcspec.science.permute.tracing import groups_of
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights


class Net(nn.Module):
    """Any module will do: its groups are found by running it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.conv = nn.Conv2d(8, 16, 3, padding=1)
        self.hidden = nn.Linear(16 * 4, 32)
        self.classifier = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(self.stem(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv(x).relu(), 2)
        return self.classifier(self.hidden(x.flatten(1)).relu())


def trained(seed: int, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """The state of a network after twelve epochs, from an initialisation and in an order of its own."""
    torch.manual_seed(seed)
    module = Net()
    optimiser = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    for _ in range(12):
        for batch in torch.randperm(len(labels)).split(64):
            optimiser.zero_grad()
            cross_entropy(module(images[batch]), labels[batch]).backward()
            optimiser.step()
    return module.state_dict()


def main() -> None:
    data = load("digits", space="standardised")
    a, b = (trained(seed, *data.train.all()) for seed in (0, 1))

    module = Net()
    groups = groups_of(module, data.shape)
    matched = match_weights(groups, a, b, WeightMatching(restarts=5))
    aligned = apply(groups, matched.permutation, b)
    halfway = merged(module, groups, a, aligned, InOrder(data.train))

    networks = {"A": a, "B": b, "B, aligned": aligned}
    networks |= {"average": mixed(a, b), "average, aligned": mixed(a, aligned), "and repaired": halfway}
    print("groups:", ", ".join(f"{group} ({size} units)" for group, size in groups.sizes.items()))
    for name, state in networks.items():
        print(f"{name:18}{test_error(module, state, data.test):8.1%} of test images wrong")


def test_error(module: nn.Module, state: dict[str, Tensor], images: Split) -> float:
    """The share of test images that a network gets wrong."""
    module.load_state_dict(state)
    return evaluate(module, images).error


if __name__ == "__main__":
    main()
