"""What a name means in a spec: a value that it sets, or a task of its plan."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from lmcspec.base.errors import UsageError
from lmcspec.plan.chosen import Figures
from lmcspec.plan.explain import TaskExplanation, explain_task, may_be_id, task_called
from lmcspec.plan.figures_chosen import figures_of
from lmcspec.plan.graph import Plan
from lmcspec.plan.outlook import outlook
from lmcspec.plan.planned_study import is_saved, plan_study, read_study
from lmcspec.spec import load
from lmcspec.spec.explain import Explanation, case_called, explain_path
from lmcspec.spec.explain_key import of_no_table, with_words
from lmcspec.spec.explain_written import as_written

if TYPE_CHECKING:
    from lmcspec.store import Store


def explain_named(
    spec: Path,
    name: str,
    sets: Sequence[str],
    open_store: "Callable[[], Store | None]",
    *,
    case: str = "",
    max_tasks: int,
) -> Explanation | TaskExplanation:
    """The value at that path of the spec if there is one, else the task with that label or first digits of an id.

    A key whose table the spec lacks is told as one that nobody sets. The store is opened only for a task.
    Raises UsageError where there is neither.
    """
    if is_saved(spec):
        store = open_store()
        return _task(read_study(spec, sets, store, max_tasks).plan, name, case, store)
    loaded = load(spec, sets)
    case_called(loaded, case)
    try:
        return with_words(explain_path(loaded, name, case), loaded, case)
    except UsageError as error:
        no_value = error
    if (written := as_written(loaded, name, case)) is not None:
        return with_words(written, loaded, case)
    if "/" not in name and not may_be_id(name):
        if (unset := of_no_table(no_value, loaded, name, case)) is not None:
            return unset
        raise UsageError(str(no_value), help=no_value.help)
    store = open_store()
    try:
        return _task(plan_study(loaded, store, max_tasks).plan, name, case, store, figures_of(loaded))
    except UsageError:
        # `networks.imp[recipe=a/b].rounds` has a "/" too, but begins with a key of the spec.
        if re.split(r"[.\[]", name, maxsplit=1)[0] in type(loaded.cases[0].study).model_fields:
            raise UsageError(str(no_value), help=no_value.help) from None
        raise


def _task(
    plan: Plan, name: str, case: str, store: "Store | None", figures: Figures = MappingProxyType({})
) -> TaskExplanation:
    task, label = task_called(plan, name, case)
    return explain_task(outlook(plan, store), task, label, figures)
