"""How much work a plan is, in tasks of each kind."""

from lmcspec.plan.graph import Plan


def counts(plan: Plan) -> dict[str, int]:
    """How many tasks of each kind, by-products left out; trainings apart by what they train on."""
    counted: dict[str, int] = {}
    for task in plan.counted:
        name = task.kind.replace("_", " ")
        if task.trains:
            name += " distilled" if task.on_distilled else " real"
        counted[name] = counted.get(name, 0) + 1
    return counted
