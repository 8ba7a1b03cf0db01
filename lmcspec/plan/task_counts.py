"""How much work a plan is, in tasks of each kind."""

from lmcspec.plan.graph import Plan
from lmcspec.plan.kind_words import kind_words


def counts(plan: Plan) -> dict[str, int]:
    """How many tasks of each kind, by-products left out; trainings apart by what they train on."""
    counted: dict[str, int] = {}
    for task in plan.counted:
        name = kind_words(task) + (" real" if task.trains and not task.on_distilled else "")
        counted[name] = counted.get(name, 0) + 1
    return counted
