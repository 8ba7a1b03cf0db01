"""What can be named in a spec: cards of models, data sets, optimisers, criteria, measures and the rest. No torch."""

from lmcspec.catalog.card import (
    KINDS,
    AugmentationCard,
    Card,
    CriterionCard,
    DatasetCard,
    DistillerCard,
    MatcherCard,
    MeasureCard,
    ModelCard,
    OptimiserCard,
    PlotCard,
    RunnerCard,
    ScheduleCard,
)
from lmcspec.catalog.config import (
    ADDED_LATER,
    NEUTRAL,
    Config,
    Named,
    Several,
    StepField,
    StepOrEnd,
    StepOrRewind,
    identity,
)
from lmcspec.catalog.metric import Metric, Metrics, Unit
from lmcspec.catalog.optimiser import Optimiser
from lmcspec.catalog.registry import built_in, find, get, names, nearest, plug_ins
from lmcspec.catalog.schedule import Schedule

__all__ = [
    "ADDED_LATER",
    "KINDS",
    "NEUTRAL",
    "AugmentationCard",
    "Card",
    "Config",
    "CriterionCard",
    "DatasetCard",
    "DistillerCard",
    "MatcherCard",
    "MeasureCard",
    "Metric",
    "Metrics",
    "ModelCard",
    "Named",
    "Optimiser",
    "OptimiserCard",
    "PlotCard",
    "RunnerCard",
    "Schedule",
    "ScheduleCard",
    "Several",
    "StepField",
    "StepOrEnd",
    "StepOrRewind",
    "Unit",
    "built_in",
    "find",
    "get",
    "identity",
    "names",
    "nearest",
    "plug_ins",
]
