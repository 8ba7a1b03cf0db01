"""From a study to a plan: compile, compare with the store, cost, render. No torch."""

from lmcspec.plan.compile import MAX_TASKS, compile_study
from lmcspec.plan.graph import Graph, Plan, Series, Target
from lmcspec.plan.level import Level
from lmcspec.plan.task_counts import counts

__all__ = ["MAX_TASKS", "Graph", "Level", "Plan", "Series", "Target", "compile_study", "counts"]
