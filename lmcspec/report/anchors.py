"""Where numbers stand on a page: their addresses, the same in every report of a study."""

import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import quote

_SPACE = re.compile(r"[\s%]")
_SAFE = "/=,.+-_~@:"


class Placed(Protocol):
    """A row of results, or a target: where a number stands in its study, whichever replicate it is of."""

    @property
    def case(self) -> str: ...
    @property
    def network(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def measure(self) -> str: ...
    @property
    def k_updates(self) -> int | None: ...
    @property
    def under(self) -> str: ...
    @property
    def through(self) -> int | None: ...


def anchor_of(number: Placed) -> str:
    """The address of a number on its study's page: `imp/l3/accuracy`, `imp/l3/stability/k=135`.

    It is the place of its tasks' labels without the replicate. No two numbers of a study share one, and none is that
    of a section or a task, which have no `/`.
    """
    place = [number.case] * bool(number.case) + [number.network, f"l{number.level}", number.measure]
    if number.k_updates is not None:
        place.append(f"k={number.k_updates}")
    if number.under:
        place.append(f"under={number.under}")
    if number.through is not None:
        place.append(f"at={number.through}")
    # An address has no white space; what stands for it must be told from what is written so.
    return _SPACE.sub(lambda space: quote(space[0]), "/".join(place))


def link_to(anchor: str) -> str:
    """What leads to an address on the same page."""
    return f"#{quote(anchor, safe=_SAFE)}"


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind each that another one had before: two studies may be called the same."""
    taken: dict[str, None] = {}
    for name in names:
        place, different = 2, name
        while different in taken:
            different, place = f"{name}-{place}", place + 1
        taken[different] = None
    return list(taken)
