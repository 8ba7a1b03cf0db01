"""Layers that a stage excludes after others have pruned them: what is left of them counts, not what they once were."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError

BASE = """
study = "ignored"
dataset = "digits"
model = "lenet-300-100"
recipes.real = { length = "4ep", batch = 32, optimiser = { name = "sgd", lr = 0.1 } }
"""
# lenet-300-100 on digits: 64x300, 300x100, 100x10, of which the second is excluded.
SHARE, ALL = 30_000 / 50_200, 50_200
SPARED = 'exclude = ["layers.1"]'


def planned(*stages: str, measure: str = "{}"):
    written = ", ".join(f"{{ {stage} }}" for stage in stages)
    return plan_of(f"{BASE}networks.imp = [{written}]\nmeasures.accuracy = {measure}\n")


def sparsities(*stages: str) -> list[float]:
    return [level.sparsity for level in planned(*stages).levels["", "imp"]]


def refused(*stages: str):
    with pytest.raises(SpecError) as error:
        planned(*stages)
    (problem,) = error.value.problems
    return problem


def test_what_is_left_of_them_is_taken_to_be_in_proportion():
    dense, first, *later = sparsities("rounds = 1, fraction = 0.95", f"rounds = 2, fraction = 0.1, {SPARED}")
    assert (dense, first) == (0, 0.95)
    assert later == pytest.approx([1 - 0.05 * (SHARE + (1 - SHARE) * 0.9**done) for done in (1, 2)], abs=1e-4)


def test_estimates_are_called_so():
    plan = planned("rounds = 1, fraction = 0.95", f"rounds = 2, fraction = 0.1, {SPARED}")
    (note,) = plan.notes
    assert note.startswith("imp: sparsities after level 1 are estimates") and "stage 2 excludes" in note
    assert [level.shown for level in plan.levels["", "imp"]] == ["0.0%", "95.0%", "about 95.2%", "about 95.4%"]


@pytest.mark.parametrize(
    "first",
    [f"rounds = 1, fraction = 0.5, {SPARED}", 'rounds = 1, fraction = 0.5, scope = "layer"'],
    ids=["never pruned", "pruned by layer"],
)
def test_where_it_is_known_it_is_counted_and_nothing_is_about(first):
    spared = 30_000 if "exclude" in first else 15_000
    eligible = 10_100
    plan = planned(first, f"rounds = 2, fraction = 0.1, {SPARED}")
    left = [eligible, eligible - 1010, eligible - 1010 - 909]
    assert [level.surviving for level in plan.levels["", "imp"][1:]] == [spared + one for one in left]
    assert [level.density for level in plan.levels["", "imp"][1:]] == pytest.approx(
        [(spared + one) / ALL for one in left], abs=1e-5
    )
    assert plan.notes == ()


def test_layers_that_were_excluded_together_are_known_together():
    both = 'exclude = ["layers.0", "layers.1"]'
    third = sparsities(f"rounds = 1, fraction = 0.5, {both}", "rounds = 1, fraction = 0.5, exclude = ['classifier']")
    assert third[-1] == pytest.approx(1 - (500 + 49_200 / 2) / ALL)


def test_a_fraction_of_all_is_refused_only_where_it_must_fail():
    """Half of what was left at first may have been taken from anywhere: nothing says that the rest can't go."""
    every = f'rounds = 2, fraction = 0.3, {SPARED}, fraction_of = "all"'
    assert sparsities("rounds = 1, fraction = 0.95", every)[1:] == pytest.approx(
        [0.95, 1 - 0.05 * 0.7, 1 - 0.05 * SHARE], abs=1e-4
    )
    one = refused('rounds = 1, fraction = 0.95, scope = "layer"', every)
    assert one.code == "E407" and "round 2" in one.message and f"the {0.05 * SHARE:.1%}" in one.message


def test_a_sparsity_that_pruned_layers_leave_room_for():
    """30 % of all weights are to stay, and of the excluded ones about half of 59.8 % of all is left."""
    plan = planned("rounds = 1, fraction = 0.5", f"sparsity = 0.7, {SPARED}")
    assert plan.levels["", "imp"][-1].sparsity == pytest.approx(0.7, abs=0.01)
    exact = planned('rounds = 1, fraction = 0.5, scope = "layer"', f"sparsity = 0.7, exact = true, {SPARED}")
    assert exact.levels["", "imp"][-1].surviving == 15_060


def test_a_sparsity_that_leaves_none():
    certain = refused('rounds = 1, fraction = 0.5, scope = "layer"', f"sparsity = 0.71, {SPARED}")
    assert "29.9% of the weights are excluded" in certain.message and "can't be reached" in certain.message
    maybe = refused("rounds = 1, fraction = 0.5", f"sparsity = 0.71, {SPARED}")
    assert "about 29.9%" in maybe.message and "isn't known beforehand" in maybe.message and "rounds" in maybe.help


def test_a_level_by_its_sparsity_is_by_what_survives_there():
    """A thousandth of 1,000 weights is one each round; by the formula the tenth level has 990.04 of them left."""
    stage = 'rounds = 400, fraction = 0.0014, exclude = ["layers.0", "layers.1"]'
    plan = planned(stage, measure="{ levels = ['last'] }")
    counted = plan.levels["", "imp"]
    far = max(counted, key=lambda level: abs(level.sparsity - (1 - level.density)))
    one = planned(stage, measure=f"{{ levels = [{{ sparsity = {far.sparsity!r} }}] }}")
    assert {target.level for target in one.targets} == {far.number}
