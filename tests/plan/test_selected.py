"""Tasks of a plan by label, by what they lie under, by the beginning of an id."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.plan.selected import selected

STUDY = SEVEN_UPDATES + "[networks]\ndense = []\nimp = [{ data = 'real', rounds = 1 }]\n[measures]\naccuracy = {}\n"


def test_tasks_by_label_by_what_they_lie_under_and_by_id():
    plan = plan_of(STUDY)
    role, task = next((role, task) for role, task in plan.roles.items() if role.startswith("imp/s0/"))
    under = {found for name, found in plan.roles.items() if name.startswith("imp/s0/")}
    assert selected(plan, []) == frozenset()
    assert selected(plan, ["imp/s0"]) == under == selected(plan, ["imp/s0/"])
    assert task in selected(plan, [role]) and selected(plan, [task[:16]]) == {task}
    with pytest.raises(UsageError, match="the plan has no such task"):
        selected(plan, [task[:3]])
