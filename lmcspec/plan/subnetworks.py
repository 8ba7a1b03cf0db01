"""Subnetworks as tasks: the mask, the starting point and the training of every level of every network.

All sharing happens here, and only by ids: two networks that ask for the same work get the same task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.base.steps import Step
from lmcspec.catalog import CriterionCard, get, identity
from lmcspec.catalog.code import code_of
from lmcspec.plan.given_tensors import NOTHING, GivenTensors
from lmcspec.plan.graph import Graph
from lmcspec.plan.levels import StagePlan
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.settings import ResolvedRecipe, TrainingSet
from lmcspec.plan.trainings import Start, StartsAfterEnd, Training, check_suits
from lmcspec.tasks import Part
from lmcspec.tasks.load_mask import LoadMask
from lmcspec.tasks.load_weights import LoadWeights
from lmcspec.tasks.prune import Prune
from lmcspec.tasks.shuffle import Shuffle
from lmcspec.tasks.training import Train

_STRIDE = 50
"""Levels that ask for each other at a time."""


@dataclass(slots=True, eq=False, repr=False)
class Subnetworks:
    """Emits the tasks of one case. Every method returns task ids and may be called again for the same."""

    graph: Graph
    prefix: str
    model: Part
    data: Part
    real: TrainingSet
    sets: Mapping[str, TrainingSet]
    recipes: Mapping[tuple[str, str], ResolvedRecipe]
    """By (recipe, training set)."""
    carried: Callable[[NetworkPlan, int, int], str | None] | None = None
    """The mask that comes from a partner, in a study of some."""
    given: GivenTensors = NOTHING
    """Weights and masks from files."""
    _memory: dict[tuple, str | None] = field(default_factory=dict)

    def recipe(self, name: str, on: str = "real") -> ResolvedRecipe:
        """A recipe on a training set."""
        return self.recipes[name, on]

    # ------------------------------------------------------------------ masks

    def mask(self, network: NetworkPlan, replicate: int, level: int) -> str | None:
        """The task whose mask this level has; None where it is dense."""
        if network.original is not None:
            assert network.like is not None
            if network.like.mask_from == "partner":
                assert self.carried is not None, "a study without partners has no masks of theirs"
                return self.carried(network, replicate, level)
            mask = self.mask(network.original, replicate, level)
            if mask is None or network.like.mask == "same":
                return mask
            spared = network.original.never_pruned(level) if network.like.mask != "shuffled" else ()
            params = Shuffle(self.model, network.like.mask, spared)
            return self._shuffled(params, mask, network.name, replicate, level, 0)
        return self._mask(network, len(network.stages) - 1, replicate, level)

    def _mask(self, network: NetworkPlan, index: int, replicate: int, level: int) -> str | None:
        """The mask of a level as it stands when stage `index` is the last one."""
        if index < 0:
            return None
        stage = network.stages[index]
        if level < stage.entry:
            return self._mask(network, index - 1, replicate, level)
        key = ("mask", network.name, index, replicate, level)
        if key not in self._memory:
            if stage.stage.iterative:
                # Each level asks for the one before: from the bottom in strides, as Python's stack is no deeper.
                for below in range(stage.entry + _STRIDE, level, _STRIDE):
                    self._mask(network, index, replicate, below)
            self._memory[key] = self._make_mask(network, stage, replicate, level)
        return self._memory[key]

    def _make_mask(self, network: NetworkPlan, stage: StagePlan, replicate: int, level: int) -> str | None:
        if level == stage.entry:
            entering = self._mask(network, stage.index - 1, replicate, level)
            if not stage.stage.shuffle or entering is None:
                return entering
            return self._shuffled(Shuffle(self.model), entering, network.name, replicate, level, stage.index)
        if stage.stage.mask is not None:
            return self._loaded_mask(stage.stage.mask, replicate)
        step_by_step = stage.stage.iterative
        before = level - 1 if step_by_step else stage.entry
        card = get("criterion", stage.stage.criterion.name)
        assert isinstance(card, CriterionCard)
        inputs, seeds, start, images = {}, {}, "given", TrainingSet("", 0)
        if card.trains:
            inputs["state"] = self._ranking_run(network, stage, replicate, before)
        elif not card.rewound:
            seeds = {"replicate": replicate, "level": level, "draw": 0}
        elif stage.stage.rewind not in (Step(), stage.origin):
            inputs["state"] = self._rewind_state(network, stage, replicate)
        elif (origin := self._origin(network, replicate)).task is not None:
            inputs["state"] = origin.task
        else:
            start, seeds = "init", {"replicate": replicate}
        mask = self._mask(network, stage.index, replicate, before)
        if mask:
            inputs["mask"] = mask
        if card.images:
            _, images = self._stage_recipe(network, stage)
        if images.tasks:
            inputs["data"] = images.task(replicate)
        params = Prune(
            model=self.model,
            criterion=Part.of(identity(stage.stage.criterion)),
            fraction=stage.fraction,
            rounds=1 if step_by_step else level - stage.entry,
            scope=stage.stage.scope,
            fraction_of=stage.stage.fraction_of if stage.stage.exclude else "eligible",
            exclude=tuple(sorted(stage.stage.exclude)),
            sparsity=stage.exact if level == stage.entry + stage.rounds else None,
            start=start,  # pyright: ignore[reportArgumentType]
            data=self.data if card.images else None,
            train_on=images.file,
            code=code_of(card),
        )
        return self.graph.add("prune", params, inputs, seeds, role=self._role(network.name, replicate, level, "mask"))

    def _shuffled(self, params: Shuffle, mask: str, name: str, replicate: int, level: int, draw: int) -> str:
        seeds = {"replicate": replicate, "level": level, "draw": draw}
        return self.graph.add(
            "shuffle", params, {"mask": mask}, seeds, role=self._role(name, replicate, level, f"mask-{draw}")
        )

    def _loaded_mask(self, name: str, replicate: int) -> str:
        given = self.given.masks[name]
        role = f"{self.prefix}masks/{name}" + f"/s{replicate}" * (len(given.files) > 1)
        return self.graph.add("load_mask", LoadMask(self.model, given.part(replicate)), role=role)

    # ------------------------------------------------------------- trainings

    def train(self, training: Training, role: str) -> str:
        """The task of a training. Raises Unsuited where the recipe asks for what the images don't have."""
        start, recipe, on, noise = training.start, training.recipe, training.on, training.noise
        check_suits(recipe, on)
        inputs = {}
        if start.task:
            inputs["start"] = start.task
        if start.last:
            inputs["last"] = start.last
        if training.mask:
            inputs["mask"] = training.mask
        if on.tasks:
            inputs["data"] = on.task(noise.replicate)
        params = Train(
            model=self.model,
            recipe=recipe.part,
            data=self.data,
            begin=recipe.updates(start.step) if training.begin is None else training.begin,
            until=recipe.recipe.length if training.until is None else training.until,
            start=start.kind,  # pyright: ignore[reportArgumentType]
            restore="prunable" if start.last else "all",
            train_on=on.file,
        )
        seeds = {"replicate": noise.replicate, "copy": noise.copy, "level": noise.level}
        return self.graph.add("train", params, inputs, seeds, role=role, keep=training.keep)

    def level_run(
        self, network: NetworkPlan, replicate: int, level: int, recipe: str, copy: int = 0, until: int | None = None
    ) -> str:
        """A level's subnetwork trained from its rewind point with `recipe` on the study's images.

        Raises StartsAfterEnd where that recipe has nothing left to do there.
        """
        what = _called(f"copy{copy}" if copy else "train", recipe, network.measured_with(level))
        role = self._role(network.name, replicate, level, what)
        start = self.start(network, replicate, level)
        self._check_start(network, level, start.step, recipe)
        training = Training(
            start,
            self.mask(network, replicate, level),
            self.recipe(recipe),
            self.real,
            SgdNoise(replicate, copy, level),
            until=until,
            keep="until-used" if copy or until is not None else "always",
        )
        return self.train(training, role if until is None else f"{role} until {until}")

    def _check_start(self, network: NetworkPlan, level: int, step: Step, recipe: str) -> None:
        resolved = self.recipe(recipe)
        origin, length = network.original or network, resolved.recipe.length
        # Weights of a file that are trained to the end are measured as they are: nothing is left to train.
        as_they_are = origin.weights is not None and step == origin.origin and resolved.updates(step) == length
        if step != Step() and resolved.updates(step) >= length and not as_they_are:
            stage = self._owner(origin, level)
            key = "schedule_from" if stage.stage.start == "trained" else "rewind"
            raise StartsAfterEnd(
                f"{key} = {step} is update {resolved.updates(step)} of the recipe `{recipe}`, by which level {level} "
                f"of {network.name} is trained to be measured, but that ends after {length}",
                ("networks", origin.name, stage.index, key),
            )

    def start(self, network: NetworkPlan, replicate: int, level: int) -> Start:
        """The rewind point of a level, as its measures see it."""
        if network.original is not None:
            assert network.like is not None
            start = self.start(network.original, replicate, level)
            if level and network.like.weights == "reinitialised":
                return Start("reinit", step=start.step)
            return start
        if not network.stages:
            return Start()  # drawn: only a stage can say otherwise
        if level > _STRIDE:
            self.mask(network, replicate, level)
        return self._start(network, self._owner(network, level), replicate, level)

    def _owner(self, network: NetworkPlan, level: int) -> StagePlan:
        return next(stage for stage in reversed(network.stages) if stage.entry <= level)

    def _start(self, network: NetworkPlan, stage: StagePlan, replicate: int, level: int) -> Start:
        settings, begin = stage.stage, stage.begins_at(level)
        if settings.start == "trained" and level:
            before = stage if level > stage.entry else network.stages[stage.index - 1]
            # What was pruned goes on: cut one by one, that is the level before, cut at once the stage's first training.
            pruned = level - 1 if before.stage.iterative else before.entry
            trained = self._ranking_run(network, before, replicate, pruned)
            return Start("given", trained, begin)
        last = None
        if settings.restore == "prunable" and level:
            before = stage if level > stage.entry else network.stages[stage.index - 1]
            last = self._ranking_run(network, before, replicate, level - 1)
        if begin == stage.origin:
            return self._origin(network, replicate)._replace(last=last)
        return Start("given", self._rewind_state(network, stage, replicate), begin, last)

    def _origin(self, network: NetworkPlan, replicate: int) -> Start:
        """What a network starts with: weights that are drawn, or those of a file."""
        if network.weights is None:
            return Start()
        given = self.given.weights[network.weights]
        role = f"{self.prefix}weights/{network.weights}" + f"/s{replicate}" * (len(given.files) > 1)
        task = self.graph.add("load_weights", LoadWeights(self.model, given.part(replicate)), role=role)
        return Start("given", task, given.step)

    def _rewind_state(self, network: NetworkPlan, stage: StagePlan, replicate: int) -> str:
        recipe, on = self._stage_recipe(network, stage)
        until = recipe.updates(stage.stage.rewind)
        if stage.stage.rewind_of == "dense":
            origin = self._origin(network, replicate)
            whose = "dense" if origin.task is None else f"{network.name} dense"
            role = f"{self._role(whose, replicate, 0, _ranking(network, stage, 'real'))} until {until}"
            return self.train(Training(origin, None, recipe, on, SgdNoise(replicate), until), role)
        return self._ranking_run(network, stage, replicate, stage.entry, until)

    def _ranking_run(
        self, network: NetworkPlan, stage: StagePlan, replicate: int, level: int, until: int | None = None
    ) -> str:
        """The training of a level by its stage's own recipe, whose end weights rank."""
        key = ("rank", network.name, stage.index, replicate, level, until)
        if key not in self._memory:
            recipe, on = self._stage_recipe(network, stage)
            what = _ranking(network, stage, network.measured_with(level))
            role = self._role(network.name, replicate, level, what)
            training = Training(
                self._start(network, stage, replicate, level),
                self._mask(network, stage.index, replicate, level),
                recipe,
                on,
                SgdNoise(replicate, 0, level),
                until,
            )
            self._memory[key] = self.train(training, role if until is None else f"{role} until {until}")
        task = self._memory[key]
        assert task is not None
        return task

    def _stage_recipe(self, network: NetworkPlan, stage: StagePlan) -> tuple[ResolvedRecipe, TrainingSet]:
        name, on = network.stage_recipe(stage)
        return self.recipe(name, on), self.real if on == "real" else self.sets[on]

    def _role(self, network: str, replicate: int, level: int, what: str) -> str:
        return f"{self.prefix}{network}/s{replicate}/l{level}/{what}"


def _ranking(network: NetworkPlan, stage: StagePlan, usual: str) -> str:
    """What a training that ranks is called: beside it may stand one by the `usual` recipe, which measures its level."""
    recipe, on = network.stage_recipe(stage)
    if on == "real":
        return _called("train", recipe, usual)
    return _called(f"train on {on}", recipe, network.recipe("distilled"))


def _called(what: str, recipe: str, usual: str) -> str:
    return what if recipe == usual else f"{what} by {recipe}"
