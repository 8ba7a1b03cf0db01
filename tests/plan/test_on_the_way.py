"""Measures at points of a level's own training: which states they take, and that nothing is trained twice for them."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError

BASE = """
study = "points"
dataset = "digits"
model = "lenet-300-100"
recipes.real = { length = "40it", batch = 32, optimiser = { name = "sgd", lr = 0.1 } }
networks.imp = [{ rounds = 2, rewind = "6it" }]
"""


def hessians(at: str, more: str = ""):
    plan = plan_of(f'{BASE}measures.hessian = {{ levels = ["dense", "last"]{at} }}\n{more}')
    return plan, [one for one in plan.targets if one.measure == "hessian"]


def test_the_end_alone_is_what_it_always_was():
    before, after = hessians("")[0], hessians(', at = ["end"]')[0]
    assert before.tasks.keys() == after.tasks.keys()
    assert [(one.at, one.at_updates) for one in after.targets] == [("", 0)] * len(after.targets)


def test_points_are_states_of_the_level_s_own_training():
    plan, targets = hessians(', at = ["rewind", "12it", "end"]')
    own = [one for one in targets if one.replicate == 0]
    assert [(one.level, one.at, one.at_updates) for one in own] == [
        (0, "0ep", 0),
        (0, "12it", 12),
        (0, "end", 40),
        (2, "6it", 6),
        (2, "12it", 12),
        (2, "end", 40),
    ]
    for one in own:
        task = plan.tasks[one.task]
        state = plan.tasks[dict(task.inputs)["state"]]
        assert state.kind == "train" and state.params.until == one.at_updates
        assert (one.level == 0) == ("mask" not in dict(task.inputs))
        assert dict(state.inputs).get("mask") == dict(task.inputs).get("mask")
    # States on the way come out of the longer trainings: no task is counted for them.
    ends = hessians("")[0]
    trainings = {task.id for task in plan.counted if task.kind == "train"}
    zero = {task for task in trainings if plan.tasks[task].params.until == plan.tasks[task].params.begin}
    assert trainings - zero == {task.id for task in ends.counted if task.kind == "train"}


def test_they_are_the_states_at_which_copies_part():
    stability = 'measures.stability = { levels = ["last"], at = ["12it"] }'
    plan, targets = hessians(', at = ["12it"]', stability)
    (state,) = {dict(plan.tasks[one.task].inputs)["state"] for one in targets if (one.level, one.replicate) == (2, 0)}
    starts = {dict(task.inputs).get("start") for task in plan.tasks.values() if task.kind == "train"}
    assert state in starts


def test_two_spellings_of_one_step_are_one_point():
    _, targets = hessians(', at = ["6it", "rewind"]')
    assert [one.at_updates for one in targets if (one.level, one.replicate) == (2, 0)] == [6]


def test_what_lies_before_the_rewind_point_is_noted_and_what_lies_after_the_end_is_an_error():
    plan, targets = hessians(', at = ["3it", "end"]')
    assert [(one.level, one.at) for one in targets if one.replicate == 0] == [(0, "3it"), (0, "end"), (2, "end")]
    assert any("begin after it" in note for note in plan.notes)
    with pytest.raises(SpecError) as error:
        hessians(', at = ["1000ep"]')
    assert {problem.code for problem in error.value.problems} == {"E401"}
    assert error.value.problems[0].path.startswith("measures.hessian.at")
    with pytest.raises(SpecError) as error:
        hessians(', at = ["begin"]')
    assert '"rewind"' in str(error.value) and '"end"' in str(error.value)


@pytest.mark.parametrize(
    "measure",
    [
        'hessian = { levels = [0], at = ["end", "end"] }',
        'hessian = { levels = [0], at = ["12it", "end", "12it", "end"] }',
        'stability = { levels = [0], at = ["12it", "0ep12it", 0, "rewind"] }',
        'distance = { levels = [0], at = ["12it", "0ep12it"] }',
        'landscape = { levels = [0], at = ["12it", "0ep12it"], copies = 3 }',
        'accuracy = { networks = ["imp", "imp"], through = ["12it", "0ep12it"] }',
        'stability = { levels = [0], split = ["test", "test"], bn = ["average", "average"] }',
    ],
)
def test_what_is_asked_twice_is_asked_once(measure):
    plan = plan_of(f"{BASE}measures.{measure}\n")
    keys = [one.key for one in plan.targets]
    assert keys and len(keys) == len(set(keys))
    for task in plan.tasks.values():
        split = getattr(task.params, "split", ())
        assert len(split) == len(set(split))


def test_the_end_twice_is_the_end():
    assert hessians(', at = ["end", "end"]')[1] == hessians("")[1]


@pytest.mark.parametrize(
    "measure",
    [
        "accuracy = { through = [] }",
        "stability = { levels = [0], split = [] }",
        "stability = { levels = [0], bn = [] }",
        "landscape = { levels = [0], split = [] }",
    ],
)
def test_nothing_to_look_at_is_refused(measure):
    with pytest.raises(SpecError, match="takes at least 1 item"):
        plan_of(f"{BASE}measures.{measure}\n")
