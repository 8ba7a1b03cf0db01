"""The colours of networks: the same in figures and in what a tracking server shows."""

from collections.abc import Callable, Sequence

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f5539", "#6a3d9a", "#b2182b", "#4d4d4d")
"""Told apart by most colour-blind people, too (Okabe and Ito's, and more)."""
DENSE = "#6b6b6b"


def colour_of(network: str, pruned: Sequence[str], original: Callable[[str], str]) -> str:
    """The colour of one of a case's networks, of which these are `pruned`, in the order of the spec; else grey.

    Where there are more networks than colours, baselines have that of the `original` network whose masks they take.
    """
    if network not in pruned:
        return DENSE
    if len(pruned) <= len(COLOURS):
        return COLOURS[pruned.index(network)]
    originals = list(dict.fromkeys(map(original, pruned)))
    return COLOURS[originals.index(original(network)) % len(COLOURS)]
