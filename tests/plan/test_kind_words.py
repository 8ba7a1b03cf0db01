"""What kinds of tasks are called: the same in tables, reasons, drawings and counts."""

from types import SimpleNamespace

from specs_for_tests import FIG7, plan_of

from lmcspec.plan.kind_words import kind_words
from lmcspec.plan.outlook import outlook
from lmcspec.plan.render import table
from lmcspec.plan.task_counts import counts


def test_a_name_of_several_words_and_trainings_on_distilled_sets():
    assert kind_words(SimpleNamespace(kind="load_weights", trains=False)) == "load weights"  # type: ignore
    for on_distilled, words in ((False, "train"), (True, "train distilled")):
        assert kind_words(SimpleNamespace(kind="train", trains=True, on_distilled=on_distilled)) == words  # type: ignore


def test_the_table_lists_the_kinds_by_these_words():
    plan = plan_of(FIG7)
    _, kinds, *_ = table(outlook(plan, None), None, "")
    listed = [row[0] for row in kinds.rows]
    assert listed == list(dict.fromkeys(kind_words(task) for task in plan.counted)) and "train distilled" in listed
    told = {"train real": "train"}
    assert sorted(told.get(name, name) for name in counts(plan)) == sorted(listed)
