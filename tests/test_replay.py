"""The quickstart again, in plain torch: every mask, training and path of its first replicate, from nothing but the spec
as a person reads it and the random streams. What it finds is held to the bit against what `lmcspec run` stores.

Nothing of the library's science or tasks is used here. Both sides compute on this machine, on one thread, so that
equality is fair whatever the processor.
"""

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lmcspec.base import streams

SPEC = Path(__file__).parents[1] / "specs" / "quickstart.toml"
State = dict[str, Tensor]
Mask = dict[str, Tensor]

# ---------------------------------------------------------------- the spec, read by a person

SIZES = {"layers.0": (300, 64), "layers.1": (100, 300), "classifier": (10, 100)}
"""LeNet-300-100 on 8x8 pixels: (units, inputs) of each layer."""
PRUNABLE = tuple(f"{layer}.weight" for layer in SIZES)
MEAN, STD = 0.3054, 0.3761
BATCH = 32
REAL = {"length": 270, "lr": 0.03}
"""Six epochs of 1,437 images, 45 updates each; the rate falls along half a cosine."""
DISTILLED = {"length": 240, "lr": 0.01}
"""Sixty epochs of 100 images, four updates each."""
K3 = 3 * 45
FRACTION = 0.45
AT_83, AT_95 = 3, 5
"""Levels: so many prunings of 45 % leave 16.6 % and 5.0 %."""
POINTS = 11
IPC, ITERATIONS, CLASSES = 10, 300, 10
DM_RATE, DM_MOMENTUM = 1.0, 0.5
"""Distribution matching's own defaults."""


@dataclass(frozen=True)
class Images:
    """Images (n, 1, 8, 8) as the network sees them, and labels."""

    x: Tensor
    y: Tensor


def digits() -> tuple[Images, Images]:
    """scikit-learn's digits, standardised: training and test images. 360 of 1,797 are for testing, by class."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    sizes = np.bincount(labels)
    exact = 360 * sizes / sizes.sum()
    shares = np.floor(exact).astype(int)
    shares[np.argsort(shares - exact, kind="stable")[: 360 - shares.sum()]] += 1
    test = np.zeros(len(labels), bool)
    for c in range(CLASSES):
        test[
            np.flatnonzero(labels == c)[streams.permutation(int(sizes[c]), "split", "digits", "test", c)[: shares[c]]]
        ] = 1
    x = torch.tensor(pixels, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    x = (x - torch.tensor(MEAN)) / torch.tensor(STD)
    y = torch.tensor(labels, dtype=torch.int64)
    return Images(x[~test], y[~test]), Images(x[test], y[test])


def drawn(*address: str | int) -> State:
    """torch's own rule, U(-1/sqrt(inputs), 1/sqrt(inputs)), for weights and biases, from a stream."""
    stream, *place = address
    state = {}
    for layer, (units, inputs) in SIZES.items():
        for own, shape in (("weight", (units, inputs)), ("bias", (units,))):
            uniform = streams.uniforms(int(np.prod(shape)), str(stream), *place, f"{layer}.{own}")
            state[f"{layer}.{own}"] = torch.tensor((2 * uniform - 1) / inputs**0.5, dtype=torch.float32).view(shape)
    return state


def features(state: State, x: Tensor) -> Tensor:
    """What the last layer gets."""
    x = x.flatten(1)
    for layer in ("layers.0", "layers.1"):
        x = F.linear(x, state[f"{layer}.weight"], state[f"{layer}.bias"]).relu()
    return x


def logits(state: State, x: Tensor) -> Tensor:
    return F.linear(features(state, x), state["classifier.weight"], state["classifier.bias"])


def masked(state: State, mask: Mask) -> State:
    return {name: tensor.masked_fill(~mask[name], 0.0) if name in mask else tensor for name, tensor in state.items()}


def look(state: State, images: Images) -> tuple[float, float]:
    """Error and mean cross-entropy, a thousand images at a time."""
    wrong, loss = 0, []
    for x, y in zip(images.x.split(1000), images.y.split(1000), strict=True):
        found = logits(state, x)
        wrong += int((found.argmax(1) != y).sum())
        loss.append(F.cross_entropy(found, y, reduction="none").double().sum())
    return wrong / len(images.y), float(torch.stack(loss).sum()) / len(images.y)


def pruned(state: State, mask: Mask) -> Mask:
    """Without the 45 % of the survivors that are smallest in magnitude over all layers, by sorting all of them."""
    ranked = sorted(
        (magnitude, place, flat)
        for place, name in enumerate(PRUNABLE)
        for flat, (magnitude, kept) in enumerate(
            zip(state[name].abs().flatten().tolist(), mask[name].flatten().tolist(), strict=True)
        )
        if kept
    )
    new = {name: mask[name].clone() for name in PRUNABLE}
    for _, place, flat in ranked[: int(FRACTION * len(ranked) + 0.5)]:
        new[PRUNABLE[place]].view(-1)[flat] = False
    return new


def shuffled(mask: Mask, level: int) -> Mask:
    """Each layer's entries in another order."""
    return {
        name: own.flatten()[torch.tensor(streams.permutation(own.numel(), "shuffle", 0, level, 0, name))].view(
            own.shape
        )
        for name, own in mask.items()
    }


def matched(train: Images) -> Images:
    """Ten images of each class whose mean features are those of the real ones, under 300 networks without training."""
    members = [np.flatnonzero(train.y.numpy() == c) for c in range(CLASSES)]
    start = [rows[streams.permutation(len(rows), "distill", 0, "start", c)[:IPC]] for c, rows in enumerate(members)]
    x = train.x[torch.tensor(np.concatenate(start))]
    real = torch.tensor(np.concatenate(members))
    share = F.one_hot(train.y[real]).T.float()
    share = share / share.sum(1, keepdim=True)
    velocity = torch.zeros_like(x)
    for iteration in range(ITERATIONS):
        network = drawn("distill", 0, "net", iteration)
        with torch.no_grad():
            wanted = share @ features(network, train.x[real])
        x.requires_grad_(True)
        loss = (wanted - features(network, x).view(CLASSES, IPC, -1).mean(1)).square().sum()
        (gradient,) = torch.autograd.grad(loss, x)
        x = x.detach()
        velocity = DM_MOMENTUM * velocity + gradient
        x = x - DM_RATE * velocity
    return Images(x, torch.arange(CLASSES).repeat_interleave(IPC))


@dataclass
class Replay:
    """Everything that replicate 0 has, by the label of the task that stores it."""

    train: Images
    test: Images
    states: dict[str, State] = field(default_factory=dict)
    looks: dict[str, tuple[float, ...]] = field(default_factory=dict)
    masks: dict[str, Mask] = field(default_factory=dict)
    curves: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def run(self, label, start, mask, level, *, copy=0, begin=0, until=None, on=None, recipe=REAL) -> State:
        """Train from `begin` updates on: torch's own Adam, fresh there, with gradients of masked weights at zero."""
        images = self.train if on is None else on
        until = recipe["length"] if until is None else until
        state = {name: value.clone().requires_grad_() for name, value in masked(start, mask or {}).items()}
        optimiser = torch.optim.Adam(list(state.values()), lr=recipe["lr"])
        per_epoch = -(-len(images.y) // BATCH)
        for t in range(begin, until):
            epoch, place = divmod(t, per_epoch)
            order = torch.tensor(streams.permutation(len(images.y), "order", 0, copy, level, epoch))
            batch = order[place * BATCH : (place + 1) * BATCH]
            optimiser.zero_grad()
            F.cross_entropy(logits(state, images.x[batch]), images.y[batch]).backward()
            for name, kept in (mask or {}).items():
                gradient = state[name].grad
                assert gradient is not None
                gradient.mul_(kept)
            optimiser.param_groups[0]["lr"] = recipe["lr"] * ((1 + math.cos(math.pi * (t / recipe["length"]))) / 2)
            optimiser.step()
        end = masked({name: value.detach() for name, value in state.items()}, mask or {})
        self.states[label], self.looks[label] = end, (*look(end, self.test), *look(end, images))
        return end

    def path(self, label: str, one: State, two: State) -> None:
        """Error and loss at eleven points from the one to the two."""
        assert any(not torch.equal(one[name], two[name]) for name in one)
        curve = self.curves[label] = {"test_error": [], "test_loss": [], "train_error": [], "train_loss": []}
        for alpha in [place / (POINTS - 1) for place in range(POINTS)]:
            between = {name: (1 - alpha) * one[name] + alpha * two[name] for name in one}
            for split, images in (("test", self.test), ("train", self.train)):
                error, loss = look(between, images)
                curve[f"{split}_error"].append(error)
                curve[f"{split}_loss"].append(loss)

    def stability(self, name, level, mask, start, own) -> None:
        """Copies from k = 0, of which the first is the network's own training, and from epoch 3 on."""
        here = f"{name}/s0/l{level}"
        self.path(f"{here}/path k=0 0-1", own, self.run(f"{here}/copy1", start, mask, level, copy=1))
        early = "imp-k3/s0/l0/train until 135" if mask is None else f"{here}/train until 135"
        at_k3 = self.run(early, start, mask, level, until=K3)
        ends = [self.run(f"{here}/k=135 copy{copy}", at_k3, mask, level, copy=copy, begin=K3) for copy in (0, 1)]
        self.path(f"{here}/path k=135 0-1", *ends)

    def everything(self) -> None:
        """The five networks."""
        start = drawn("init", 0)
        dense = self.run("dense/s0/l0/train", start, None, 0)
        self.stability("dense", 0, None, start, dense)
        whole = {name: torch.ones_like(start[name], dtype=torch.bool) for name in PRUNABLE}

        first = self.masks["imp/s0/l1/mask"] = pruned(dense, whole)
        mask, end = first, dense
        for level in range(1, AT_83 + 1):
            mask = first if level == 1 else self.prune(f"imp/s0/l{level}/mask", end, mask)
            end = self.run(f"imp/s0/l{level}/train", start, mask, level)
        self.stability("imp", AT_83, mask, start, end)

        at_k3 = self.states["imp-k3/s0/l0/train until 135"]
        mask = first  # the dense training is one, so the first mask is
        for level in range(1, AT_83 + 1):
            mask = first if level == 1 else self.prune(f"imp-k3/s0/l{level}/mask", end, mask)
            end = self.run(f"imp-k3/s0/l{level}/train", at_k3, mask, level, begin=K3)
        last = f"imp-k3/s0/l{AT_83}"
        other = self.run(f"{last}/copy1", at_k3, mask, AT_83, copy=1, begin=K3)
        self.path(f"{last}/path k=135 0-1", end, other)

        made = matched(self.train)
        self.states["distilled/dm10"] = {"images": made.x, "labels": made.y}
        mask, own, found = whole, dense, {}
        for level in range(AT_95 + 1):
            if level:
                mask = found[level] = self.prune(f"stable/s0/l{level}/mask", end, mask)
                own = self.run(f"stable/s0/l{level}/train", start, mask, level)
            if level < AT_83:
                label = f"stable/s0/l{level}/train on dm10"
                end = self.run(label, start, mask if level else None, level, on=made, recipe=DISTILLED)
            else:
                end = own
        for level in range(1, AT_95 + 1):
            mixed = self.masks[f"shuffled/s0/l{level}/mask-0"] = shuffled(found[level], level)
            self.run(f"shuffled/s0/l{level}/train", start, mixed, level)
        for level in (AT_83, AT_95):
            mixed = self.masks[f"shuffled/s0/l{level}/mask-0"]
            for name, own in (("stable", found[level]), ("shuffled", mixed)):
                self.stability(name, level, own, start, self.states[f"{name}/s0/l{level}/train"])

    def prune(self, label: str, end: State, mask: Mask) -> Mask:
        self.masks[label] = pruned(end, mask)
        return self.masks[label]


def bytes_of(tensors: State) -> str:
    """The digest of the file that holds these tensors, so that results whose files were used up can be compared, too."""
    from safetensors.torch import save

    return hashlib.sha256(save({name: value.contiguous() for name, value in sorted(tensors.items())})).hexdigest()


@pytest.mark.slow
def test_the_quickstart_is_what_plain_torch_makes_of_it(tmp_path):
    import lmcspec
    from lmcspec.store import Store

    plan = lmcspec.load(SPEC, ["replicates=1"]).plan(tmp_path / "store")
    plan.run(runner="inline", track=False, progress=False)
    store = Store.open(tmp_path / "store")
    finds = {task.label: store.find(name) for name, task in plan.graph.tasks.items()}
    stored = {label: result for label, result in finds.items() if result is not None}
    assert stored.keys() == finds.keys()

    torch.set_num_threads(1)
    replay = Replay(*digits())
    replay.everything()

    assert {*replay.states, *replay.masks, *replay.curves} == set(stored), "every task has its replay"
    assert len(replay.masks) == 15 and len(replay.curves) == 13
    for label, mask in replay.masks.items():
        assert stored[label].result["files"]["out/mask.safetensors"]["sha256"] == bytes_of(mask), label
    made = replay.states.pop("distilled/dm10")
    from safetensors.torch import load_file

    kept = load_file(stored["distilled/dm10"].out / "distilled.safetensors")
    assert torch.equal(kept["images"], made["images"]) and torch.equal(kept["labels"], made["labels"])
    for label, state in replay.states.items():
        assert stored[label].result["files"]["out/state.safetensors"]["sha256"] == bytes_of(state), label
        names = ("test_error", "test_loss", "train_error", "train_loss")
        assert tuple(stored[label].scalars[name] for name in names) == replay.looks[label], label
    for label, curve in replay.curves.items():
        found = stored[label].scalars["paths"]["average"]
        assert {name: found[name] for name in curve} == curve, label
        for split in ("test", "train"):
            errors = curve[f"{split}_error"]
            assert found["summary"][f"instability/{split}"] == max(errors) - (errors[0] + errors[-1]) / 2, label
