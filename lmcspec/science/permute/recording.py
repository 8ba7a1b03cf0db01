"""A forward pass, operation by operation, as it runs.

Torch hands every operation on tensors to the mode that is active (`torch.overrides`), with its name, its arguments and
what came out. So whatever Python does between them, branches, loops, sizes, autograd functions, is behind us when an
operation is seen, and none has to be traced by symbols.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lmcspec.science.permute.rules.rule import tensors_in

Seen = Callable[[str, tuple[Any, ...], Mapping[str, Any], Any], None]
"""Is told the name of an operation, its arguments and its output, once it is done."""


class Recorder(TorchFunctionMode):
    """While it is active, `seen` is told of every operation; what happens within one is not seen."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        self._seen(name_of(func), args, kwargs, output)
        return output


def name_of(func: Any) -> str:
    """What an operation is called, wherever it is called from: `add` for `x + y`, `x.add(y)` and `x += y`."""
    name = getattr(func, "__name__", type(func).__name__)
    if name in ("__get__", "__set__"):
        attribute = getattr(getattr(func, "__self__", None), "__name__", "attribute")
        return attribute if name == "__get__" else f"setting {attribute}"
    if name.startswith("__") and name.endswith("__"):
        return name.strip("_")
    return name.rstrip("_")


class Taker:
    """Counts the operations that make tensors, and keeps the outputs of some of them.

    `expected` has the names in order, as a first pass had them.
    """

    def __init__(self, expected: Sequence[str], wanted: set[int]) -> None:
        self.taken: dict[int, Tensor] = {}
        self._expected = expected
        self._wanted = wanted
        self._count = 0

    def __call__(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
        """Take the output if it is wanted, as it is now: what comes later may work in place."""
        if not tensors_in(output):
            return
        number, self._count = self._count, self._count + 1
        if number >= len(self._expected) or self._expected[number] != name:
            raise RuntimeError(
                f"operation {number} of the network is {name} and was {self._expected[number : number + 1]} as its "
                "groups were traced: trace it with images of this kind"
            )
        if number in self._wanted:
            self.taken[number] = output.detach().clone()


def outputs_of(module: nn.Module, state: Mapping[str, Tensor], images: Tensor) -> Any:
    """What the module gives with this state in place of its parameters and buffers, each under its first name."""
    names = {name for name, _ in [*module.named_parameters(), *module.named_buffers()]}
    first = {name: tensor for name, tensor in state.items() if name in names}
    return torch.func.functional_call(module, first, (images,))


@contextmanager
def modules_followed(module: nn.Module) -> Iterator[Callable[[], str]]:
    """A function that gives the path of the submodule whose `forward` is running."""
    paths: list[str] = []
    hooks = []
    for path, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            continue  # which takes no hooks, and in which nothing is seen
        hooks.append(part.register_forward_pre_hook(lambda *_, path=path: paths.append(path)))
        hooks.append(part.register_forward_hook(lambda *_: (paths.pop(), None)[1], always_call=True))
    try:
        yield lambda: paths[-1] if paths else ""
    finally:
        for hook in hooks:
            hook.remove()
