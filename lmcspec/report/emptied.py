"""Layers of which pruning left nothing while others have weights, by what masks say of themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lmcspec.report.tidy import Row


@dataclass(frozen=True, slots=True)
class Emptied:
    """Layers that are empty at the same levels of networks of one family."""

    networks: tuple[str, ...]
    layers: tuple[str, ...]
    levels: tuple[int, ...]
    everywhere: bool
    """Whether they are in all replicates that there are."""


def emptied(rows: Iterable[Row]) -> Iterator[Emptied]:
    """All of them, in the order of networks; alike members of a family together."""
    with_mask: dict[tuple[str, int], set[int]] = {}
    held: dict[tuple[str, str], dict[int, set[int]]] = {}
    for row in rows:
        with_mask.setdefault((row.network, row.level), set()).update([row.replicate] if row.density is not None else [])
        for layer in row.emptied:
            held.setdefault((row.network, layer), {}).setdefault(row.level, set()).add(row.replicate)
    layers: dict[tuple[str, tuple[int, ...], bool], list[str]] = {}
    for (network, layer), levels in held.items():
        everywhere = all(replicates == with_mask[network, level] for level, replicates in levels.items())
        layers.setdefault((network, tuple(sorted(levels)), everywhere), []).append(layer)
    alike: dict[tuple[str, tuple[str, ...], tuple[int, ...], bool], list[str]] = {}
    for (network, levels, everywhere), names in layers.items():
        alike.setdefault((network.partition("[")[0], tuple(names), levels, everywhere), []).append(network)
    for (_, names, levels, everywhere), networks in alike.items():
        yield Emptied(tuple(networks), names, levels, everywhere)
