"""The tasks of a plan that somebody names."""

from collections.abc import Sequence

from lmcspec.base.errors import UsageError
from lmcspec.catalog import nearest
from lmcspec.plan.graph import Plan


def selected(plan: Plan, selectors: Sequence[str]) -> frozenset[str]:
    """The tasks that `--force` names, by the first digits of an id, a label or the beginning of one."""
    chosen: set[str] = set()
    for selector in selectors:
        meant = {
            task for role, task in plan.roles.items() if role == selector or role.startswith(selector.rstrip("/") + "/")
        } | {task for task in plan.tasks if len(selector) >= 4 and task.startswith(selector)}
        if not meant:
            near = nearest(selector, list(plan.roles))
            raise UsageError(
                f"--force {selector}: the plan has no such task", help=f"did you mean {near}?" if near else ""
            )
        chosen |= meant
    return frozenset(chosen)
