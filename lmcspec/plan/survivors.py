"""How many weights survive at every level, counted as pruning counts them, wherever that can be known beforehand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lmcspec.catalog import Config
from lmcspec.plan.level import Level
from lmcspec.plan.levels import StagePlan, is_split, ranks_by_layer
from lmcspec.spec.study import Alignment, Stage


class RoundsWithoutEffect(NamedTuple):
    """Rounds of a stage that prune nothing, because their share of the eligible survivors rounds to none."""

    stage: StagePlan
    first: int
    """The level before the first of them; it has one mask with all up to `last`."""
    last: int
    eligible: int
    shared: int
    """Survivors of which the stage's fraction is a share: the eligible ones, or all."""

    @property
    def all(self) -> bool:
        """Whether no round of the stage prunes anything."""
        return (self.first, self.last) == (self.stage.entry, self.stage.entry + self.stage.rounds)


SMALL = 1e-3
"""A share, of a round or of what is left in the end, that may well be less than half a weight."""


def hangs_on_shapes(stages: Iterable[Stage]) -> bool:
    """Whether it takes the model's shapes to know that a network can be: that layers exist, and that rounds prune."""
    left = 1.0
    for stage in stages:
        left *= (1 - stage.fraction) ** (stage.rounds or 0)
        if stage.exclude or stage.fraction < SMALL or min(left, 1 - (stage.sparsity or 0)) < SMALL:
            return True
    return False


def excludes(alignment: Config) -> bool:
    """Whether a permutation prunes beforehand and leaves layers whole, which the model has to have."""
    return isinstance(alignment, Alignment) and bool(alignment.excludes)


def counted(
    stages: Sequence[StagePlan], levels: Sequence[Level], sizes: Mapping[str, int]
) -> tuple[tuple[Level, ...], tuple[RoundsWithoutEffect, ...], dict[str, int]]:
    """The levels with what survives at each, the rounds that prune nothing, and from when on layers are empty for sure.

    `sizes` are weights by layer. Layers that are ranked together may each be empty sooner than all of them are.

    A round prunes `floor(fraction * e + 1/2)` of the e eligible survivors (e counts excluded ones as well where the
    stage says so), whatever ranks them. From one global ranking
    it isn't known which layers they come from; so a later stage that spares some of these can't be counted, and nothing
    after it.
    """
    groups = [({layer}, size) for layer, size in sizes.items()]
    total = sum(sizes.values())
    known, idle, emptied = list(levels), [], dict[str, int]()
    for stage in stages:
        if stage.entry == 0:
            known[0] = replace(levels[0], surviving=total, prunable=total)
        if not stage.rounds:
            continue
        if stage.stage.mask is not None:
            if stage.survivors is None:
                known[1:] = [replace(level, prunable=total) for level in known[1:]]
                break
            groups = [({layer}, stage.survivors[layer]) for layer in sizes]
            known[1] = replace(levels[1], surviving=sum(stage.survivors.values()), prunable=total)
            emptied |= {layer: 1 for layer, left in stage.survivors.items() if not left}
            continue
        spared = set(stage.stage.exclude)
        if is_split((layers for layers, _ in groups), spared):
            known[stage.entry + 1 :] = [replace(level, prunable=total) for level in known[stage.entry + 1 :]]
            break
        counts = list(_rounds(stage, groups, total))
        kept = known[stage.entry].surviving or 0
        for done, count in enumerate(counts, 1):
            kept -= count
            known[stage.entry + done] = replace(levels[stage.entry + done], surviving=kept, prunable=total)
        eligible = sum(size for layers, size in groups if not layers & spared)
        shared = sum(size for _, size in groups) if stage.stage.fraction_of == "all" else eligible
        idle += _idle(stage, counts, eligible, shared)
        for level, left in enumerate(_after(stage, groups, counts), stage.entry + 1):
            groups = left
            gone = [layer for layers, size in left if not size for layer in layers]
            emptied |= {layer: level for layer in gone if layer not in emptied}
    return tuple(known), tuple(idle), emptied


def _rounds(stage: StagePlan, groups: Sequence[tuple[set[str], int]], total: int) -> Iterator[int]:
    """How many weights go in each round of a stage."""
    from lmcspec.science.shares import count_to_prune

    spared = set(stage.stage.exclude)
    eligible = sum(size for layers, size in groups if not layers & spared)
    surviving = sum(size for _, size in groups)
    for done in range(1, stage.rounds + 1):
        count = count_to_prune(stage.fraction, surviving if stage.stage.fraction_of == "all" else eligible)
        if stage.exact is not None and done == stage.rounds:
            count = max(0, surviving - (total - count_to_prune(stage.exact, total)))
        count = min(count, eligible)
        yield count
        eligible, surviving = eligible - count, surviving - count


def _idle(stage: StagePlan, counts: Sequence[int], eligible: int, shared: int) -> Iterator[RoundsWithoutEffect]:
    """Runs of rounds that prune nothing."""
    begin = None
    for level, count in enumerate([*counts, 1], stage.entry):
        if not count and begin is None:
            begin = level
        if count and begin is not None:
            yield RoundsWithoutEffect(stage, begin, level, eligible, shared)
            begin = None
        eligible, shared = eligible - count, shared - count


def _after(
    stage: StagePlan, groups: Sequence[tuple[set[str], int]], counts: Sequence[int]
) -> Iterator[list[tuple[set[str], int]]]:
    """What is known of layers after each round of a stage: of those ranked together only the sum."""
    from lmcspec.science.shares import share

    spared = set(stage.stage.exclude)
    places = [place for place, (layers, _) in enumerate(groups) if not layers & spared]
    if not places:
        yield from ([*groups] for _ in counts)
        return
    by_layer = ranks_by_layer(stage.stage, [groups[place][0] for place in places])
    together = set().union(*(groups[place][0] for place in places))
    left = [groups[place][1] for place in places]
    for count in counts:
        # Groups stay in the model's order, by which equal parts of a later round are handed out.
        if by_layer:
            left = [size - part for size, part in zip(left, share(count, left), strict=True)]
            now = {place: [(groups[place][0], size)] for place, size in zip(places, left, strict=True)}
        else:
            left = [sum(left) - count]
            now = {place: [] for place in places} | {places[0]: [(together, left[0])]}
        yield [group for place, old in enumerate(groups) for group in now.get(place, [old])]
