"""Alignment through other networks: by a third one, along paths, and around cycles.

p that aligns B to A is applied to B, and brings it into the frame of A. A *path* of networks N_0 … N_k has permutations
p_1 … p_k, of which p_i aligns N_i to N_(i-1); it is a cycle where N_k is N_0.
"""

from collections.abc import Sequence
from functools import reduce

from lmcspec.base import streams
from lmcspec.base.addresses import Address
from lmcspec.science.permute.algebra import Permutation, compose, invert


def induced(a_to_c: Permutation, b_to_c: Permutation) -> Permutation:
    """What two alignments to C say of B and A: q with apply(B, q) = apply(apply(B, b_to_c), a_to_c inverted).

    B is brought into the frame of C, and from there into A's. Compare its fixed points with those of A and B aligned
    directly.
    """
    return compose(b_to_c, invert(a_to_c))


def along(path: Sequence[Permutation]) -> Permutation:
    """p_1 … p_k of a path as a single permutation, which brings N_k into the frame of N_0.

    p_k acts first and p_1 last. Around a cycle the identity would be perfect: count the fixed points, or measure the
    barrier between N_0 and itself so permuted. An empty path is the identity.
    """
    return reduce(compose, reversed(path), {})


def random_paths(networks: int, length: int, count: int, *address: Address) -> list[tuple[int, ...]]:
    """`count` different paths through `length` + 1 of the networks 0 … networks-1, each network once in a path.

    They are drawn from the stream `match` at this address, each turned so that it starts at its smaller end; all there
    are, if there are no more than `count`. The step from the end back to the start makes a cycle of a path.
    """
    if not 1 <= length < networks:
        raise ValueError(f"a path of {length} steps needs {length + 1} networks, and there are {networks}")
    possible = _falling(networks, length + 1) // 2
    paths: dict[tuple[int, ...], None] = {}
    draw = 0
    while len(paths) < min(count, possible):
        visited = streams.permutation(networks, "match", *address, "path", draw)[: length + 1].tolist()
        paths[tuple(visited if visited[0] < visited[-1] else reversed(visited))] = None
        draw += 1
    return list(paths)


def _falling(number: int, factors: int) -> int:
    """number (number - 1) … with so many factors."""
    return reduce(lambda product, place: product * (number - place), range(factors), 1)
