"""What a network's classifier gets: the features in which images are compared."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def features(module: nn.Module, classifier: str) -> Iterator[Callable[[Tensor], Tensor]]:
    """A function from images (n, C, H, W) to the features (n, d) that the classifier would get."""
    caught: list[Tensor] = []
    hook = module.get_submodule(classifier).register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))

    def phi(images: Tensor) -> Tensor:
        module(images)
        return caught.pop().flatten(1)

    try:
        yield phi
    finally:
        hook.remove()
