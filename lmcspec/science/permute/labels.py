"""Labels of axes: what of an axis moves with what of other axes.

The label of an axis is a sequence of *runs*, one behind the other. A run is a product of *units*, from the outermost to
the innermost, as `view` makes of several axes one: `(a, b)` are a.size blocks of b.size entries. Units of which nothing
is known yet are free to move. What a forward pass does with axes ties their units to each other, cuts them into
stretches, makes products of them, or fixes them: a union-find whose nodes can also come apart. A law holds throughout:
whatever permutation each of the free units undergoes, in all places at once, the function of the network stays.
"""

import math
from collections.abc import Iterable, Sequence

LONGEST = 4096
"""Runs of an axis, at most: what would need more is fixed."""
BLOCKS = "whole blocks of it move"
CROSSING = "its blocks cross those that it meets"


class Units:
    """`size` neighbours that may change places, or stay for a `reason`; equal to nothing but themselves.

    `parts` is what they turned out to be, if they were tied, cut or factored since.
    """

    __slots__ = ("parts", "reason", "size")

    def __init__(self, size: int, reason: str | None = None) -> None:
        self.size = size
        self.reason = reason
        self.parts: Axis | None = None

    @property
    def fixed(self) -> bool:
        """Whether they stay."""
        return self.reason is not None


Run = tuple[Units, ...]
Axis = tuple[Run, ...]
Axes = tuple[Axis, ...]


def free(size: int) -> Axis:
    """An axis of units that nothing holds yet; a single entry has nowhere to go."""
    return fixed(size, "") if size < 2 else ((Units(size),),)


def fixed(size: int, reason: str) -> Axis:
    """An axis whose entries stay where they are."""
    return ((Units(size, reason),),) if size else ()


def length(axis: Iterable[Run]) -> int:
    """Entries of an axis."""
    return sum(span(run) for run in axis)


def span(run: Run) -> int:
    """Entries of a run: the product of its units."""
    return math.prod(units.size for units in run)


def settled(axis: Axis) -> Axis:
    """The same axis by what its units have turned out to be, with fixed entries gathered."""
    gathered: list[Run] = []
    for run in axis:
        expanded: list[Run] = [()]
        for units in run:
            expanded = _times(expanded, settled(units.parts) if units.parts is not None else ((units,),))
        for part in map(_tidy, expanded):
            before = gathered[-1] if gathered else None
            if before and len(before) == len(part) == 1 and before[0].fixed and part[0].fixed:
                reason = before[0].reason or part[0].reason
                if not before[0].reason or not part[0].reason or before[0].reason == part[0].reason:
                    gathered[-1] = (Units(before[0].size + part[0].size, reason),)
                    continue
            gathered.append(part)
    return tuple(gathered)


def pin(axis: Iterable[Run], reason: str) -> bool:
    """Let all entries of an axis stay where they are; whether some were free."""
    moved = False
    for run in settled(tuple(axis)):
        for units in run:
            if not units.fixed:
                units.reason, moved = reason, True
    return moved


def product(outer: Axis, inner: Axis) -> Axis:
    """The axis that `view` makes of two neighbours: entry i of the first and j of the second at i * length + j."""
    return tuple(_times(settled(outer), settled(inner)))


def tie(first: Axis, second: Axis) -> None:
    """Let two axes of one length move alike: where one is cut or in blocks, so is the other."""
    left, right = list(reversed(first)), list(reversed(second))
    while left and right:
        run, other = _pop(left), _pop(right)
        if span(run) == span(other):
            _tie_runs(run, other)
            continue
        longer, shorter, rest, same = (
            (run, other, left, right) if span(run) > span(other) else (other, run, right, left)
        )
        head, tail = _split(longer, span(shorter))
        rest.extend(reversed((*head, *tail)))
        same.append(shorter)


def cut(axis: Axis, at: int) -> tuple[Axis, Axis]:
    """The first `at` entries of an axis and the others; units between which that falls belong to different groups."""
    left: list[Run] = []
    right = list(reversed(axis))
    while at > 0 and right:
        run = _pop(right)
        if span(run) > at:
            head, tail = _split(run, at)
            right.extend(reversed((*head, *tail)))
            continue
        left.append(run)
        at -= span(run)
    return tuple(left), tuple(reversed(right))


def pieces(axis: Axis, sizes: Sequence[int]) -> list[Axis]:
    """The axis cut into stretches of these sizes."""
    parts = []
    for size in sizes:
        head, axis = cut(axis, size)
        parts.append(head)
    return parts


def factored(axis: Axis, sizes: Sequence[int]) -> list[Axis]:
    """The axes that `view` makes of one, from the outermost to the innermost; their product is the axis."""
    if len(sizes) == 1:
        return [axis]
    head, tail = _outer_and_inner(axis, sizes[0], math.prod(sizes[1:]))
    return [head, *factored(tail, sizes[1:])]


def choose(axis: Axis) -> None:
    """Of units within units let the outermost move, in whole blocks; the others stay within these."""
    for run in settled(axis):
        movable = [units for units in run if not units.fixed]
        for units in movable[1:]:
            units.reason = BLOCKS


def _tidy(run: Run) -> Run:
    """Without single entries, and with fixed neighbours as one."""
    kept: list[Units] = []
    for units in run:
        if units.size == 1:
            continue
        if kept and kept[-1].fixed and units.fixed:
            kept[-1] = Units(kept[-1].size * units.size, kept[-1].reason or units.reason)
        else:
            kept.append(units)
    reason = next((units.reason for units in run if units.reason), "")
    return tuple(kept) or (Units(1, reason),)


def _times(outer: Iterable[Run], inner: Axis) -> list[Run]:
    if len(inner) == 1:
        return [run + inner[0] for run in outer]
    result: list[Run] = []
    for run in outer:
        times = span(run)
        if all(units.fixed for units in run) and times * len(inner) <= LONGEST:
            result.extend(inner * times)
        else:
            pin(inner, BLOCKS)
            result.append((*run, Units(length(inner), BLOCKS)))
    return result


def _pop(stack: list[Run]) -> Run:
    """The next run of a reversed axis, settled."""
    first, *others = settled((stack.pop(),))
    stack.extend(reversed(others))
    return first


def _split(run: Run, at: int) -> tuple[Axis, Axis]:
    """A settled run before and from entry `at` on, 0 < at < its span."""
    outermost, within = run[0], run[1:]
    blocks, left_over = divmod(at, span(within))
    if not left_over:
        head, tail = Units(blocks, outermost.reason), Units(outermost.size - blocks, outermost.reason)
        if not outermost.fixed:
            outermost.parts = ((head,), (tail,))
        return ((head, *within),), ((tail, *within),)
    if not outermost.fixed:
        pin((run,), CROSSING)
        return fixed(at, CROSSING), fixed(span(run) - at, CROSSING)
    head, tail = _split(within, left_over)
    before = ((Units(blocks, outermost.reason), *within),) if blocks else ()
    behind = outermost.size - blocks - 1
    return before + head, tail + (((Units(behind, outermost.reason), *within),) if behind else ())


def _tie_runs(first: Run, second: Run) -> None:
    """Tie two runs of one span, from the outermost units to the innermost."""
    while True:
        first, second = _now(first), _now(second)
        if not first or not second:
            return
        mine, other = first[0], second[0]
        if mine.size == other.size:
            _merge(mine, other)
            first, second = first[1:], second[1:]
        elif mine.size % other.size == 0:
            first = (*_blocks(mine, other.size), *first[1:])
        elif other.size % mine.size == 0:
            second = (*_blocks(other, mine.size), *second[1:])
        else:
            pin((first, second), CROSSING)
            return


def _now(run: Run) -> Run:
    """The run by what its units were tied to or factored into since it was settled; fixed neighbours stay apart."""
    parts = (_now(units.parts[0]) if units.parts is not None else (units,) for units in run if units.size > 1)
    return tuple(units for part in parts for units in part)


def _merge(units: Units, other: Units) -> None:
    if units is other:
        return
    if units.fixed or other.fixed:
        reason = units.reason or other.reason or ""
        units.reason = reason if units.reason is None else units.reason
        other.reason = reason if other.reason is None else other.reason
    else:
        other.parts = ((units,),)


def _blocks(units: Units, count: int) -> Run:
    """The same units as `count` blocks."""
    outer, inner = Units(count, units.reason), Units(units.size // count, units.reason)
    if not units.fixed:
        units.parts = ((outer, inner),)
    return outer, inner


def _outer_and_inner(axis: Axis, outer: int, inner: int) -> tuple[Axis, Axis]:
    if outer == 1 or inner == 1:
        return (fixed(1, ""), axis) if outer == 1 else (axis, fixed(1, ""))
    runs = settled(axis)
    if all(span(run) % inner == 0 for run in runs):
        heads: list[Run] = []
        tail: Axis | None = None
        for run in runs:
            head, within = Units(span(run) // inner), Units(inner)
            _tie_runs(run, _tidy((head, within)))
            heads.append((head,))
            if tail is None:
                tail = ((within,),)
            else:
                tie(tail, ((within,),))
        return tuple(heads), tail or ()
    stretches = pieces(axis, [inner] * outer)
    for stretch in stretches[1:]:
        tie(stretches[0], stretch)
    return fixed(outer, "its stretches are alike"), stretches[0]
