"""Random paths through a set of networks."""

from functools import reduce

from lmcspec.base import streams
from lmcspec.base.addresses import Address


def random_paths(networks: int, length: int, count: int, *address: Address) -> list[tuple[int, ...]]:
    """`count` different paths through `length` + 1 of the networks 0 … networks-1, each network once in a path.

    They are drawn from the stream `match` at this address, each turned so that it starts at its smaller end; all there
    are, if there are no more than `count`. The step from the end back to the start makes a cycle of a path.
    """
    if not 1 <= length < networks:
        raise ValueError(f"a path of {length} steps needs {length + 1} networks, and there are {networks}")
    count = min(count, possible_paths(networks, length))
    paths: dict[tuple[int, ...], None] = {}
    draw = 0
    while len(paths) < count:
        visited = streams.permutation(networks, "match", *address, "path", draw)[: length + 1].tolist()
        paths[tuple(visited if visited[0] < visited[-1] else reversed(visited))] = None
        draw += 1
    return list(paths)


def possible_paths(networks: int, length: int) -> int:
    """How many paths there are through `length` + 1 of the networks, one and the same in both directions."""
    return _falling(networks, length + 1) // 2


def _falling(number: int, factors: int) -> int:
    """number (number - 1) … with so many factors."""
    return reduce(lambda product, place: product * (number - place), range(factors), 1)
