"""A network of one case, laid out: its stages and levels, and whose masks it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmcspec.base.steps import Step
from lmcspec.catalog import Config
from lmcspec.plan.level import Level
from lmcspec.plan.levels import StagePlan
from lmcspec.spec.study import Like


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """A network of one case, laid out."""

    name: str
    stages: tuple[StagePlan, ...]
    levels: tuple[Level, ...]
    like: Like | None = None
    original: "NetworkPlan | None" = None
    """The network that `like` names."""
    alignment: Config | None = None
    """The permutation by which its masks come from a partner; None where they don't, or are taken as they are."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The member that stands for a recipe's name, for networks of a family over a recipe."""

    def recipe(self, name: str) -> str:
        """The recipe that a name means for this network."""
        return self.renamed.get(name, name)

    def begins_at(self, level: int) -> Step:
        """The point of its training at which a level begins: the rewind point, or where it goes on with a schedule."""
        stages = (self.original or self).stages
        stage = next((stage for stage in reversed(stages) if stage.entry <= level), None)
        return stage.begins_at(level) if stage else Step()

    def measured_with(self, level: int) -> str:
        """The recipe with which a level is trained to be measured unless told: its stage's `retrain`, or `real`."""
        stages = (self.original or self).stages
        stage = next((stage for stage in reversed(stages) if stage.entry <= level), None)
        return self.recipe((stage.stage.retrain if stage else None) or "real")

    def stage_recipe(self, stage: StagePlan) -> tuple[str, str]:
        """(recipe, training set) of the trainings that rank in a stage."""
        on = stage.stage.data
        return self.recipe(stage.stage.recipe or ("real" if on == "real" else "distilled")), on

    def never_pruned(self, level: int) -> tuple[str, ...]:
        """The layers that all stages exclude which have pruned by this level: whole in it, and in its baselines."""
        stages = [set(stage.stage.exclude) for stage in self.stages if stage.entry < level and stage.rounds]
        return tuple(sorted(set.intersection(*stages))) if stages else ()

    @property
    def weights(self) -> str | None:
        """The weights from a file with which it starts; None where they are drawn."""
        return self.stages[0].stage.weights if self.stages else None

    @property
    def origin(self) -> Step:
        """How far the weights are trained with which it starts."""
        return self.stages[0].origin if self.stages else Step()

    @property
    def start(self) -> int:
        """The level at which the last stage enters."""
        return self.stages[-1].entry if self.stages else 0
