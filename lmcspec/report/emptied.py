"""Layers of which pruning left nothing while others have weights, by what masks say of themselves."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmcspec.report.tidy import Row


@dataclass(frozen=True, slots=True)
class Emptied:
    """Layers that are empty at the same levels of networks of one family."""

    networks: tuple[str, ...]
    layers: tuple[str, ...]
    levels: tuple[int, ...]
    everywhere: bool
    """Whether they are in all replicates that there are."""


def emptied_layers(scalars: Mapping[str, Any]) -> tuple[str, ...]:
    """The layers of a mask without a weight; none where the whole network has none, or the mask doesn't say."""
    layers = scalars.get("layers", {})
    # Where another task's numbers stand as a mask's, they have its form: a table for each layer, not two counts.
    empty = tuple(name.removesuffix(".weight") for name, own in layers.items() if isinstance(own, list) and not own[0])
    return empty if len(empty) < len(layers) else ()


def emptied(rows: Iterable["Row"]) -> Iterator[Emptied]:
    """All of them, in the order of networks; alike members of a family together."""
    there: dict[tuple[str, int], set[int]] = {}
    held: dict[tuple[str, str], dict[int, set[int]]] = {}
    for row in rows:
        there.setdefault((row.network, row.level), set()).update([row.replicate] if row.density is not None else [])
        for layer in row.emptied:
            held.setdefault((row.network, layer), {}).setdefault(row.level, set()).add(row.replicate)
    layers: dict[tuple[str, tuple[int, ...], bool], list[str]] = {}
    for (network, layer), levels in held.items():
        everywhere = all(found == there[network, level] for level, found in levels.items())
        layers.setdefault((network, tuple(sorted(levels)), everywhere), []).append(layer)
    alike: dict[tuple[str, tuple[str, ...], tuple[int, ...], bool], list[str]] = {}
    for (network, levels, everywhere), own in layers.items():
        alike.setdefault((network.partition("[")[0], tuple(own), levels, everywhere), []).append(network)
    for (_, own, levels, everywhere), networks in alike.items():
        yield Emptied(tuple(networks), own, levels, everywhere)
