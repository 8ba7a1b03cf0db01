"""Copies that part at k: which there are, where on their way they are looked at, and the tasks that train them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.base.steps import Step
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.accuracy import recipe_of
from lmcspec.plan.measures.request import Request
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.settings import ResolvedRecipe
from lmcspec.plan.trainings import Start, StartsAfterEnd, Training, Unsuited
from lmcspec.tasks import Part


class Dropped(NamedTuple):
    """What copies with dropped masks start from: all weights at the rewind point, and how pruned ones decay."""

    start: str
    recipe: Part
    branches: tuple[int, ...]
    """The updates at which their training began, branched and ended."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One level of one network in one replicate, whose copies part at k."""

    request: Request
    network: NetworkPlan
    replicate: int
    level: int
    name: str
    """The recipe by which the copies train."""
    k: Step

    @property
    def recipe(self) -> ResolvedRecipe:
        """The recipe by which the copies train, in updates."""
        return self.request.emit.recipe(self.name)

    @property
    def at(self) -> int:
        """The update at which the copies part."""
        return self.recipe.updates(self.k)

    @property
    def mask(self) -> str | None:
        """The task that made the level's mask; None where it is dense."""
        return self.request.emit.mask(self.network, self.replicate, self.level)

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """The numbers of the copies, two by two."""
        return combinations(range(self.request.config.copies), 2)

    @property
    def ends(self) -> list[int | None]:
        """Where the copies are looked at: after so many updates on their way, last of all at their end (None).

        With `through` that is at its multiples on the clock of the training, so that all k share them.
        """
        if self.request.config.through is None:
            return [None]
        every = max(1, self.recipe.updates(self.request.config.through))
        first = (self.at // every + 1) * every
        return [*range(first, self.recipe.recipe.length, every), None]

    def copy(self, number: int, until: int | None = None) -> str:
        """The training of a copy until some update, its end by default.

        Where k is the rewind point, copy 0 is the level's own training. Where k comes later, the level's subnetwork
        trains to k under copy 0 and all copies start there; with carried optimiser state copy 0 simply goes on.
        """
        emit, recipe = self.request.emit, self.recipe
        carried = number == 0 and recipe.recipe.optimiser_state == "carry"
        if self.at == self._rewind or carried:
            return emit.level_run(self.network, self.replicate, self.level, self.name, number, until)
        role = f"{self._place}/k={self.at} copy{number}{self._by}"
        noise = SgdNoise(self.replicate, number, self.level)
        start = Start("given", self.start, self.k)
        training = Training(start, self.mask, recipe, emit.real, noise, until, keep="until-used")
        return emit.train(training, role if until is None else f"{role} until {until}")

    @property
    def start(self) -> str:
        """The training of the state at which all copies start; where that is the rewind point, of no updates at all."""
        return self.request.emit.level_run(self.network, self.replicate, self.level, self.name, 0, self.at)

    def dropped(self, until: int | None = None) -> Dropped:
        """What pruned weights are without their mask. Raises Unsuited where that is not the same for all of them."""
        optimiser = self.recipe.recipe.optimiser
        if optimiser.decayed(1.0, ()) is None:
            message = f"without masks, what {optimiser.name} makes of a pruned weight is not known"
            raise Unsuited("E424", message, 'keep them: masks = "kept"')
        request = self.request
        start = request.emit.start(self.network, self.replicate, self.level)
        begin = self.recipe.updates(start.step)
        task = start.task
        if start.kind != "given" or task is None:
            role = f"{self._place}/start of all weights{self._by}"
            whole, noise = start._replace(last=None), SgdNoise(self.replicate)
            task = request.emit.train(Training(whole, None, self.recipe, request.emit.real, noise, begin), role)
        end = self.recipe.recipe.length if until is None else until
        return Dropped(task, self.recipe.part, (begin, end) if self.at == begin else (begin, self.at, end))

    def role(self, what: str, pair: tuple[int, ...], until: int | None) -> str:
        """The role of a task that computes something from copies."""
        role = f"{self._place}/{what} k={self.at} {'-'.join(map(str, pair))}"
        return role if until is None else f"{role} at {until}"

    def target(self, kind: str, task: str, pair: tuple[int, ...], until: int | None) -> Target:
        """The numbers that a measure asks of copies."""
        cell = self.network, self.replicate, self.level
        return self.request.target(kind, cell, task, at=str(self.k), at_updates=self.at, copies=pair, through=until)

    @property
    def _place(self) -> str:
        return f"{self.request.emit.prefix}{self.network.name}/s{self.replicate}/l{self.level}"

    @property
    def _by(self) -> str:
        return "" if self.name == self.network.measured_with(self.level) else f" by {self.name}"

    @property
    def _rewind(self) -> int:
        return self.recipe.updates(self.request.emit.start(self.network, self.replicate, self.level).step)


def branches_of(request: Request) -> Iterator[Branch]:
    """Every cell and k of a measure. A k before the rewind point has no meaning: the cell does not exist."""
    skipped: dict[tuple[str, str], int] = {}
    for network, replicate, level in request.cells():
        name = recipe_of(request, network, level)
        recipe = request.emit.recipe(name)
        rewind = request.emit.start(network, replicate, level).step
        seen: set[int] = set()
        for index, written in enumerate(request.config.at):
            k = rewind if written == "rewind" else written
            if recipe.updates(k) in seen:
                continue
            seen.add(recipe.updates(k))
            if recipe.updates(k) < recipe.updates(rewind):
                place = network.name, "0" if k == Step() else str(k)
                skipped[place] = skipped.get(place, 0) + 1
                continue
            # Weights of a file that are trained to the end have no copies that could part.
            named = written != "rewind" or k == (network.original or network).origin
            if named and k != Step() and recipe.updates(k) >= recipe.recipe.length:
                raise StartsAfterEnd(
                    f"k = {k} is update {recipe.updates(k)} of the recipe `{name}`, by which level {level} of "
                    f"{network.name} is trained to be measured, but that ends after {recipe.recipe.length}",
                    ("measures", request.name, "at", index),
                )
            yield Branch(request, network, replicate, level, name, k)
    for (network_name, written), count in skipped.items():
        place = f"{request.case}: " if request.case else ""
        request.notes.append(
            f"{place}{request.name} of {network_name} from k = {written}: "
            f"{count} cells lie before its rewind point and do not exist"
        )
