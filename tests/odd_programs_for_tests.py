"""Networks that do with Python and torch what the rules can't foresee, and give something else than a tensor."""

from dataclasses import dataclass

import torch
from calls_for_tests import Calls
from torch import Tensor, nn

FEATURES = 3 * 8 * 8


def works_in_place() -> Calls:
    """Layers' outputs are changed where they lie, one unit is overwritten, and so is part of a view."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x.flatten(1))
        h.relu_().mul_(2).add_(m.b(x.flatten(1)))
        h[:, 0] = 0
        h.t()[5] += 1
        return m.out(h)

    return Calls(forward, a=nn.Linear(FEATURES, 6), b=nn.Linear(FEATURES, 6), out=nn.Linear(6, 4))


def remembers_a_mean() -> Calls:
    """A buffer that follows the activations, assigned anew in training."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x.flatten(1))
        if m.training:
            m.mean = 0.9 * m.mean + 0.1 * h.detach().mean(0)
        return m.out(h - m.mean)

    module = Calls(forward, a=nn.Linear(FEATURES, 6), out=nn.Linear(6, 4))
    module.register_buffer("mean", torch.zeros(6))
    return module


def by_rows() -> Calls:
    """`torch.vmap` over images: within it nothing is seen, and it may have used any parameter."""
    return Calls(
        lambda m, x: m.out(m.b(torch.vmap(lambda row: row.cumsum(0))(m.a(x.flatten(1)))).relu()),
        a=nn.Linear(FEATURES, 6), b=nn.Linear(6, 7), out=nn.Linear(7, 4),
    )  # fmt: skip


def by_gradients() -> Calls:
    """The gradient of a function of activations, as energy models have it."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        return m.out(m.b(torch.func.grad(lambda h: h.cumsum(1).square().sum())(m.a(x.flatten(1)))).relu())

    return Calls(forward, a=nn.Linear(FEATURES, 6), b=nn.Linear(6, 7), out=nn.Linear(7, 4))


class Turned(nn.Module):
    """Units in the reverse order, within a script that is compiled."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu().flip(1)


def scripted() -> Calls:
    """A compiled script, in which nothing is seen."""
    return Calls(
        lambda m, x: m.out(m.c(m.b(m.a(x.flatten(1)))).relu()),
        a=nn.Linear(FEATURES, 6), b=torch.jit.script(Turned()), c=nn.Linear(6, 7), out=nn.Linear(7, 4),
    )  # fmt: skip


def frozen() -> Calls:
    """The same of parameters that don't train: no gradient says that something was not seen."""
    return scripted().requires_grad_(False)


def gives_a_dictionary() -> Calls:
    """Logits, features and what is no tensor, nested."""
    return Calls(
        lambda m, x: {"logits": m.out(m.a(x.flatten(1)).relu()), "more": [m.b(x.flatten(1)), 3, "words", None]},
        a=nn.Linear(FEATURES, 6), b=nn.Linear(FEATURES, 5), out=nn.Linear(6, 4),
    )  # fmt: skip


@dataclass
class Answer:
    """As libraries of transformers give it."""

    logits: Tensor
    hidden: Tensor


def gives_an_object() -> Calls:
    """A dataclass, whose tensors are outputs like any other."""
    return Calls(
        lambda m, x: Answer(m.out(m.a(x.flatten(1)).relu()), m.b(x.flatten(1))),
        a=nn.Linear(FEATURES, 6), b=nn.Linear(FEATURES, 5), out=nn.Linear(6, 4),
    )  # fmt: skip


def gives_waves() -> Calls:
    """Complex numbers."""
    return Calls(
        lambda m, x: torch.fft.fft(m.out(m.a(x.flatten(1)).relu())), a=nn.Linear(FEATURES, 6), out=nn.Linear(6, 4)
    )


def gives_classes() -> Calls:
    """Whole numbers and truths."""

    def forward(m: Calls, x: Tensor) -> tuple[Tensor, Tensor]:
        logits = m.out(m.a(x.flatten(1)).relu())
        return logits.argmax(1), logits > 0

    return Calls(forward, a=nn.Linear(FEATURES, 6), out=nn.Linear(6, 4))


def draws_noise() -> Calls:
    """Noise in evaluation, too: it is a constant, and units that it is added to stay."""
    return Calls(
        lambda m, x: m.out(m.b(m.a(x.flatten(1)) + torch.randn(len(x), 6, dtype=x.dtype)).relu()),
        a=nn.Linear(FEATURES, 6), b=nn.Linear(6, 7), out=nn.Linear(7, 4),
    )  # fmt: skip


def several_ways() -> Calls:
    """Which layer comes last hangs on the activations: the report says that a number decided."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x.flatten(1)).relu()
        return m.out(h) if h.sum() > -1 else m.other(h)

    return Calls(forward, a=nn.Linear(FEATURES, 6), out=nn.Linear(6, 4), other=nn.Linear(6, 4))
