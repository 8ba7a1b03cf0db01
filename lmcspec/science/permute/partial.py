"""Networks put together of two times of a training, of which one is aligned in place of the whole.

Sharma et al. (2024), section 5: how much of a permutation that is found early is owed to which layers.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

from torch import Tensor

How = Literal["bottom-up", "top-down", "put-in", "leave-out"]


def frankenstein(
    early: Mapping[str, Tensor], late: Mapping[str, Tensor], layer: str, how: How, order: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """The state `late` of a network with some of its tensors from the state `early` of the same network.

    Those of `early` are, with K the first tensor of `layer`, the exact path of a module (`layers.1` is not
    `layers.10`):

    `bottom-up`   all before K
    `top-down`    K and all after it
    `put-in`      those of the layer alone
    `leave-out`   all but those of the layer

    Buffers go with their module. Tensors are in the order of the state, from input to output; where a module defines
    its layers in another order, `order` lists the tensors' names. ValueError where no tensor lies beneath `layer`.
    """
    if early.keys() != late.keys():
        raise ValueError(f"the two states are of different models: {sorted(early.keys() ^ late.keys())[:3]}")
    if order is not None and (odd := sorted(late.keys() ^ set(order))):
        raise ValueError(f"the order has not the names of the state: {odd[:3]}")
    chosen = taken(late if order is None else order, layer, how)
    return {name: early[name] if name in chosen else tensor for name, tensor in late.items()}


def taken(names: Iterable[str], layer: str, how: How) -> frozenset[str]:
    """Which of these names, ordered from input to output, `frankenstein` takes from the early state."""
    names = list(names)
    inside = [name == layer or name.startswith(f"{layer}.") for name in names]
    if not any(inside):
        raise ValueError(f"no tensor lies beneath {layer!r}: give the exact path of a module{_near(layer, names)}")
    first = inside.index(True)
    match how:
        case "bottom-up":
            return frozenset(names[:first])
        case "top-down":
            return frozenset(names[first:])
        case "put-in":
            return frozenset(name for name, within in zip(names, inside, strict=True) if within)
        case "leave-out":
            return frozenset(name for name, within in zip(names, inside, strict=True) if not within)
        case _:
            raise ValueError(f"there is no way {how!r}; there are bottom-up, top-down, put-in and leave-out")


def _near(layer: str, names: Sequence[str]) -> str:
    paths = {name[:place] for name in names for place, letter in enumerate(name) if letter == "."}
    ends = sorted(path for path in paths if path.endswith(f".{layer}"))
    near = ends or get_close_matches(layer, sorted(paths), 1)
    return f", such as {near[0]!r}" if near else ""
