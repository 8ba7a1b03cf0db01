"""What a plan says of why tasks run: each change beside its tasks, whatever else moves along with it."""

from collections import Counter

import pytest
from specs_for_tests import STABILITY, TINY, plan_of

from lmcspec.plan.document import to_document
from lmcspec.plan.outlook import Outlook, outlook
from lmcspec.plan.why_lines import groups, why_lines
from lmcspec.store import Store, record_plan


@pytest.fixture
def after(tmp_path):
    """A plan against a store that remembers another one of the study, and has no results."""

    def hold(text: str, *sets: str, before: str = "") -> Outlook:
        store = Store.open(tmp_path / "store")
        earlier = plan_of(before or text)
        record_plan(store, earlier.study, to_document(earlier))
        return outlook(plan_of(text, *sets), store)

    return hold


def lines(view: Outlook, *, everything: bool = False) -> list[str]:
    return [str(line) for line in why_lines(view, everything=everything)]


def test_one_change_stands_beside_its_reason_and_above_its_tasks(after):
    said = lines(after(TINY, "recipes.real.optimiser.lr=0.2"))
    assert said[0] == "  ~ params-changed  recipe.optimiser.lr 0.1 -> 0.2"
    assert said[1] == "      3 tasks (train); 2 more follow from these (prune)"
    assert [line.split()[-1] for line in said[2:]] == ["dense/s0/l0/train", "imp/s0/l1/train", "imp/s0/l2/train"]


def test_several_changes_stand_one_below_the_other(after):
    said = lines(after(TINY, 'recipes.real.optimiser={name="adam",lr=0.1}'))
    assert said[0] == f"  ~ params-changed  {len(said) - 5} changes"
    columns = {line[6:].split("  ")[0]: line[6:].split("  ")[-1].strip() for line in said[1:-4]}
    assert columns["recipe.optimiser.name"] == "sgd -> adam"
    assert columns["recipe.optimiser.momentum"] == "0.9 -> not set"
    assert columns["recipe.optimiser.beta1"] == "not set -> 0.9"
    assert len({line.index(" -> ") - len(line.split(" -> ")[0].split()[-1]) for line in said[1:3]}) == 1, "aligned"


def test_where_tasks_begin_and_end_makes_no_group_of_its_own(after):
    """With another batch an epoch has other updates, and tasks that end at its middle move by other numbers."""
    text = TINY.replace('"1ep"', '"2ep"').replace("accuracy = {}", 'stability = { levels = ["dense"], at = ["1ep"] }')
    view = after(text, "recipes.real.batch=128")
    assert {change.field for reason in view.reasons.values() for change in reason.changes} > {"until", "begin"}
    told = [group for group in groups(view) if group.cause.code == "params-changed"]
    fields = [{change.field for change in group.cause.changes} for group in told]
    assert len(told) == 1 and "recipe.batch" in fields[0] and not fields[0] & {"until", "begin"}


def test_every_task_is_told_once(after):
    view = after(STABILITY, "networks.imp[0].fraction=0.4", "replicates=2")
    told = Counter(task for group in groups(view) for task in (*group.tasks, *group.following))
    assert told == Counter(view.diff.run)
    (changed,) = (group for group in groups(view) if group.cause.changes)
    root = view.plan.roles["imp/s0/l1/mask"]
    assert changed.tasks == [root]
    assert set(changed.following) == {task for task, reason in view.reasons.items() if reason.root == root}


def test_all_tasks_are_listed_if_so_wished(after):
    view = after(TINY)
    assert len(lines(view)) == 1, "of a first run the table tells"
    listed = [line.split()[-1] for line in lines(view, everything=True)[1:]]
    assert sorted(listed) == sorted(task.label for task in view.counted)
