"""The groups of a network in words."""

from dataclasses import dataclass

from lmcspec.science.permute.groups import Block, Groups


@dataclass(frozen=True, slots=True)
class Row:
    """One group: its units, and the axes that move with it, as `blocks.0.conv.weight axis 1`.

    Behind an axis that has more than the group's units stands how they lie there: `in blocks of 4`, `3 times`.
    """

    group: str
    units: int
    places: tuple[str, ...]


def rows(groups: Groups) -> tuple[Row, ...]:
    """A row for each group, from input to output."""
    places: dict[str, list[str]] = {group: [] for group in groups.sizes}
    for tensor, axes in groups.axes.items():
        for axis, blocks in enumerate(axes):
            for group in dict.fromkeys(block.group for block in blocks if block.group is not None):
                places[group].append(f"{tensor} axis {axis}{_lying(blocks, group)}")
    return tuple(Row(group, size, tuple(places[group])) for group, size in groups.sizes.items())


def described(groups: Groups) -> list[str]:
    """Lines of text: each group with its units and axes, then what stays and why."""
    lines = [f"{_counted(len(groups.sizes), 'group')}, {_counted(sum(groups.sizes.values()), 'unit')}"]
    for row in rows(groups):
        lines.append(f"  {row.group}: {_counted(row.units, 'unit')} in {_counted(len(row.places), 'place')}")
        lines += [f"    {place}" for place in row.places]
    if groups.pinned:
        lines.append("stays as it is")
        lines += [f"  {entry.place}: {entry.reason}" for entry in groups.pinned]
    return lines


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _lying(blocks: tuple[Block, ...], group: str) -> str:
    mine = [block for block in blocks if block.group == group]
    inner = f" in blocks of {mine[0].inner}" if mine[0].inner > 1 else ""
    times = f", {len(mine)} times" if len(mine) > 1 else ""
    beside = ", beside others" if len(mine) < len(blocks) else ""
    return inner + times + beside
