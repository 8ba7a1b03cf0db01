"""Permutations as tasks: which networks of two partners are aligned, and what is carried over by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog import Config, MatcherCard, get
from lmcspec.catalog.code import code_of
from lmcspec.catalog.in_updates import counted, in_updates
from lmcspec.plan.aligned import aligned
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.subnetworks import Subnetworks
from lmcspec.plan.trainings import Unsuited
from lmcspec.spec.family import Ways
from lmcspec.spec.names import NONE
from lmcspec.spec.study import Alignment
from lmcspec.tasks import Part
from lmcspec.tasks.detour import Detour
from lmcspec.tasks.match import Match
from lmcspec.tasks.transport import Transport


class Partners(NamedTuple):
    """Two replicates that are compared, and the third that they may be compared by."""

    a: int
    b: int
    third: int | None = None

    @property
    def number(self) -> int:
        """The address of random draws for the two: pairs counted 01, 02, 12, 03, 13 …"""
        low, high = sorted((self.a, self.b))
        return low + high * (high - 1) // 2


def partners(replicates: int, together: int) -> list[Partners]:
    """The pairs of a study: the first two of each `together` replicates."""
    if together < 2:
        return []
    firsts = range(0, replicates - together + 1, together)
    return [Partners(first, first + 1, first + 2 if together > 2 else None) for first in firsts]


@dataclass(slots=True, eq=False, repr=False)
class Alignments:
    """Emits the tasks that align the networks of partners in one case."""

    emit: Subnetworks
    networks: Mapping[str, NetworkPlan]
    """All networks of the case."""
    written: Mapping[str, Config]
    """The study's permutations."""
    pairs: Sequence[Partners]
    ways: Ways = field(default_factory=Ways)
    """The families of the permutations."""
    _meant: dict[tuple, list[str]] = field(default_factory=dict)

    def under(self, names: Iterable[str], network: NetworkPlan) -> list[str]:
        """The permutations that names mean for a network, those of families spelled out."""
        key = (network.name, *names)
        if key not in self._meant:
            self._meant[key] = self.ways.under(key[1:], network.name)
        return self._meant[key]

    def single(self, name: str, network: NetworkPlan) -> str:
        """The only permutation that a name means for a network. Raises Unsuited where it means several."""
        first, *others = self.under([name], network)
        if others:
            message = f"`{name}` is a family, and {network.name} goes with {1 + len(others)} of its members"
            raise Unsuited("E217", message, f"name one member, such as {first!r}")
        return first

    def permutation(self, name: str, pair: Partners, level: int) -> str | None:
        """The task that aligns the second partner with the first, for what is looked at on a level; None for `none`."""
        if name == NONE:
            return None
        settings = self.of(name)
        if settings.via is None:
            return self._match(name, pair, level)
        assert pair.third is not None, "a study without triples has no permutation by way of a third"
        ways = {
            "a": self._match(name, Partners(pair.third, pair.a), level),
            "b": self._match(name, Partners(pair.third, pair.b), level),
        }
        return self.emit.graph.add("detour", Detour(self.emit.model), ways, role=self._role(name, pair, level))

    def masks(self, name: str, pair: Partners, level: int) -> dict[str, str]:
        """The masks by which a permutation prunes both partners before it aligns them, as inputs of a path."""
        settings = self.of(name)
        network, number = self._where(name, level)
        ends = {"mask-a": pair.a, "mask-b": pair.b}
        masks = {end: aligned(self.emit, network, each, number, settings, name).mask for end, each in ends.items()}
        return {end: mask for end, mask in masks.items() if mask is not None}

    def between(self, name: str, a: int, b: int, level: int) -> tuple[str, bool]:
        """The task that aligns any two replicates, and whether it has to be undone, so that b comes near a.

        It is one task for both directions: the higher one is aligned with the lower. Raises Unsuited for a way that
        is none of two.
        """
        if self.of(name).via is not None:
            message = f"`{name}` goes by way of a third partner, and on a path any two are aligned"
            raise Unsuited(
                "E440", message, "take a permutation that aligns two directly", ("permutations", name, "via")
            )
        return self._match(name, Partners(*sorted((a, b))), level), a > b

    def of(self, name: str) -> Alignment:
        """The settings of a permutation. Raises Unsuited where the name is that of a family."""
        if name in self.ways.families:
            members = self.ways.families[name].members
            raise Unsuited("E217", f"`{name}` is a family", f"name one member, such as {members[0].name!r}")
        settings = self.written[name]
        assert isinstance(settings, Alignment)
        return settings

    def carried(self, network: NetworkPlan, replicate: int, level: int) -> str | None:
        """The mask of the other partner's network, carried over by the permutation that aligns the two."""
        assert network.original is not None and network.like is not None
        pair = next(pair for pair in self.pairs if replicate in (pair.a, pair.b))
        other = pair.b if replicate == pair.a else pair.a
        mask = self.emit.mask(network.original, other, level)
        way = self.permutation(network.like.under or NONE, pair, level)
        if mask is None or way is None:
            return mask
        role = f"{self.emit.prefix}{network.name}/s{replicate}/l{level}/mask of s{other}"
        inputs = {"mask": mask, "permutation": way}
        return self.emit.graph.add("transport", Transport(self.emit.model, replicate == pair.b), inputs, role=role)

    def _match(self, name: str, pair: Partners, level: int) -> str:
        settings = self.of(name)
        network, number = self._where(name, level)
        card = get("matcher", settings.model_dump()["method"])
        assert isinstance(card, MatcherCard)
        images = card.images(settings)
        params = Match(
            model=self.emit.model,
            method=Part.of(self._method(settings, images)),
            data=None if images == 0 else self.emit.data,
            images=images or 0,
            code=code_of(card),
        )
        inputs: dict[str, str] = {}
        for end, replicate in (("a", pair.a), ("b", pair.b)):
            state, early, mask = aligned(self.emit, network, replicate, number, settings, name)
            of_end = {end: state, f"early-{end}": early, f"mask-{end}": mask}
            inputs |= {key: task for key, task in of_end.items() if task is not None}
        if (rewound := settings.rewind_layers) is not None and "early-a" in inputs:
            params = replace(params, layers=rewound.layers, how=rewound.how)
        role = self._role(name, pair, number)
        return self.emit.graph.add("match", params, inputs, {"pair": pair.number}, role=role)

    def _method(self, settings: Alignment, images: int | None) -> dict[str, Any]:
        """The settings of the method itself, steps in batches of the images at which it looks: None for all."""
        every = self.emit.real.images
        seen = every if images is None else min(images, every)
        per_epoch = updates_per_epoch(seen, getattr(settings, "batch", max(1, seen)))
        written = counted(in_updates(settings, per_epoch))
        return {key: value for key, value in written.items() if key not in Alignment.model_fields}

    def _where(self, name: str, level: int) -> tuple[NetworkPlan, int]:
        """The network that a permutation aligns, and its level where something on `level` is looked at."""
        settings = self.of(name)
        network = self.networks[settings.network]
        number = level if settings.level == "same" else settings.level
        if number >= len(network.levels):
            message = (
                f"`{name}` aligns level {number} of {network.name!r}, which has levels 0 to {len(network.levels) - 1}"
            )
            help = "look at these levels alone under it, or give the permutation one of them"
            raise Unsuited("E403", message, help)
        return network, number

    def _role(self, name: str, pair: Partners, level: int) -> str:
        return f"{self.emit.prefix}{name}/s{pair.a}-s{pair.b}/l{level}/permutation"
