"""Accuracy on the way: states that each level's own training passes evaluate themselves."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError

BASE = """
study = "way"
dataset = "digits"
model = "lenet-300-100"
recipes.real = { length = "4ep", batch = 32, optimiser = { name = "sgd", lr = 0.1 } }
networks.imp = [{ rounds = 1, rewind = "50it" }]
"""
EPOCH = 45
"""1,437 images in batches of 32."""


def places(through: str):
    plan = plan_of(f"{BASE}measures.accuracy = {{ {through} }}\n")
    found = {}
    for one in plan.targets:
        task = plan.tasks[one.task]
        assert task.kind == "train" and task.params.until == (4 * EPOCH if one.through is None else one.through)
        found.setdefault(one.level, []).append(one.through)
    return plan, found


def test_at_the_multiples_of_a_step_from_where_a_level_begins():
    _, found = places('through = "1ep"')
    assert found == {0: [0, 45, 90, 135, None], 1: [50, 90, 135, None]}


def test_at_stated_steps():
    _, found = places('through = ["10it", "2ep"]')
    assert found == {0: [10, 90, None], 1: [90, None]}


def test_a_step_before_the_rewind_point_is_noted_once():
    plan, found = places('copies = 2, through = ["10it", "2ep"]')
    assert found[1] == [90, None] * 2
    (note,) = (note for note in plan.notes if "through" in note)
    assert note == "accuracy of imp through 10it: levels that rewind to 50it begin after it"
    assert not any("through" in note for note in places('through = ["50it", "2ep"]')[0].notes)


def test_nothing_is_trained_for_it_and_nothing_else_moves():
    with_it, without = places('through = ["10it", "2ep"]')[0], places("")[0]
    assert [task.id for task in with_it.counted] == [task.id for task in without.counted]
    assert [one for one in with_it.targets if one.through is None] == list(without.targets)


def test_a_step_after_the_end_is_an_error():
    for through, path in (('"9ep"', "measures.accuracy.through"), ('["1ep", "9ep"]', "measures.accuracy.through[1]")):
        with pytest.raises(SpecError) as error:
            places(f"through = {through}")
        assert [(one.code, one.path) for one in error.value.problems] == [("E401", path)]
