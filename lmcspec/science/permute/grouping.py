"""From labels to groups: names, sizes, and blocks of axes."""

from collections.abc import Mapping
from dataclasses import dataclass

from lmcspec.science.permute.groups import Block, Groups, Pinned
from lmcspec.science.permute.labels import BLOCKS, Axes, Axis, Units, settled, span


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups, and the names of units that make them."""

    groups: Groups
    names: Mapping[Units, str]

    def blocks(self, axis: Axis) -> tuple[Block, ...]:
        """The blocks of an axis; units that no tensor has belong to no group."""
        return _blocks(axis, self.names)


def grouped(
    labels: Mapping[str, Axes], uses: Mapping[str, int], counted: tuple[str, ...], unread: Mapping[str, str]
) -> Grouping:
    """The groups of tensors with these labels, in which of units within units only the outermost are free.

    `uses` says when each tensor is used for the first time: that orders groups. `unread` has what was not understood.
    """
    names = _named(labels)
    first = {name: (max(uses.values(), default=0), 0) for name in names.values()}
    sizes = {name: units.size for units, name in names.items()}
    for order, (tensor, axes) in enumerate(labels.items()):
        for units in (units for axis in axes for units in _movable(axis)):
            first[names[units]] = min(first[names[units]], (uses[tensor], order))
    pinned = [Pinned(place, reason) for place, reason in unread.items()]
    for name in counted:
        pinned += [entry for place, axis in enumerate(labels[name]) for entry in _held(f"{name} axis {place}", axis)]
    groups = Groups(
        sizes={name: sizes[name] for name in sorted(names.values(), key=lambda name: first[name])},
        axes={name: tuple(_blocks(axis, names) for axis in axes) for name, axes in labels.items()},
        counted=counted,
        pinned=tuple(pinned),
    )
    return Grouping(groups, names)


def _named(labels: Mapping[str, Axes]) -> dict[Units, str]:
    """Each group after the first tensor that has it on axis 0, or else on another axis."""
    names: dict[Units, str] = {}
    for later in (False, True):
        for tensor, axes in labels.items():
            for place, axis in list(enumerate(axes))[1:] if later else list(enumerate(axes))[:1]:
                for units in _movable(axis):
                    if units not in names:
                        base = tensor.removesuffix(".weight") + (f" axis {place}" if later else "")
                        names[units] = _new(base, set(names.values()))
    return names


def _new(base: str, taken: set[str]) -> str:
    """The name, numbered from the second of its kind on."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}#{number}", number + 1
    return name


def _movable(axis: Axis) -> list[Units]:
    return [units for run in settled(axis) for units in run if not units.fixed]


def _blocks(axis: Axis, names: Mapping[Units, str]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for run in settled(axis):
        movable = [at for at, units in enumerate(run) if not units.fixed]
        if len(movable) == 1 and run[movable[0]] in names:
            at = movable[0]
            blocks += [Block(names[run[at]], run[at].size, span(run[at + 1 :]))] * span(run[:at])
        elif blocks and blocks[-1].group is None:
            blocks[-1] = Block(None, blocks[-1].size + span(run))
        else:
            blocks.append(Block(None, span(run)))
    return tuple(blocks)


def _held(place: str, axis: Axis) -> list[Pinned]:
    """The stretches of an axis that stay, and why; those that never could move go without saying."""
    entries = []
    runs, start = settled(axis), 0
    for run in runs:
        reasons = [units.reason for units in run if units.reason and units.reason != BLOCKS]
        if all(units.fixed for units in run) and span(run) > 1 and reasons and not reasons[0].endswith("is a window"):
            stretch = "" if len(runs) == 1 else f", entries {start} to {start + span(run) - 1}"
            entries.append(Pinned(place + stretch, reasons[0]))
        start += span(run)
    return entries
