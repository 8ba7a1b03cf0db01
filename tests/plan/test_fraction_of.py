"""A fraction of all weights that is taken from those that aren't excluded, as OpenLTH does it."""

import pytest
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError

BASE = """
study = "ignored"
dataset = "digits"
model = "lenet-300-100"
recipes.real = { length = "4ep", batch = 32, optimiser = { name = "sgd", lr = 0.1 } }
measures.accuracy = {}
"""
# lenet-300-100 on digits: 64x300, 300x100, 100x10.
LAST, ALL = 1000, 19200 + 30000 + 1000


def densities(stage: str) -> list[float]:
    plan = plan_of(f"{BASE}networks.imp = [{{ {stage} }}]\n")
    return [level.density for level in plan.levels["", "imp"]]


def test_levels_are_as_if_nothing_were_excluded():
    theirs = densities('rounds = 10, exclude = ["classifier"], fraction_of = "all"')
    assert theirs == pytest.approx([0.8**n for n in range(11)])
    ours = densities('rounds = 10, exclude = ["classifier"]')
    share = LAST / ALL
    assert ours == pytest.approx([share + (1 - share) * 0.8**n for n in range(11)])


def test_it_says_when_only_excluded_weights_would_be_left():
    # 0.8^17 of all is 1,130 weights, 0.8^18 is 904: fewer than the thousand that stay.
    assert len(densities('rounds = 17, exclude = ["classifier"], fraction_of = "all"')) == 18
    with pytest.raises(SpecError) as error:
        densities('rounds = 18, exclude = ["classifier"], fraction_of = "all"')
    (problem,) = error.value.problems
    assert problem.code == "E407" and "round 18" in problem.message and "`rounds = 17`" in problem.help


def test_a_sparsity_takes_as_many_rounds_as_without_exclusion():
    assert len(densities('sparsity = 0.9, exclude = ["classifier"], fraction_of = "all"')) == 11
    solved = densities('sparsity = 0.9, rounds = 5, exclude = ["classifier"], fraction_of = "all"')
    assert solved[-1] == pytest.approx(0.1) and solved[1] == pytest.approx(0.1 ** (1 / 5))


def test_without_exclusion_it_is_the_same_work():
    one, other = (plan_of(f"{BASE}networks.imp = [{{ rounds = 2{more} }}]\n") for more in ("", ', fraction_of = "all"'))
    assert one.tasks.keys() == other.tasks.keys()
    excluded = [
        plan_of(f'{BASE}networks.imp = [{{ rounds = 2, exclude = ["classifier"]{more} }}]\n')
        for more in ("", ', fraction_of = "eligible"', ', fraction_of = "all"')
    ]
    ids = [{task.id for task in plan.tasks.values() if task.kind == "prune"} for plan in excluded]
    assert ids[0] == ids[1] and not ids[0] & ids[2]


def test_weights_are_counted_as_pruning_counts_them():
    plan = plan_of(f'{BASE}networks.imp = [{{ rounds = 17, exclude = ["classifier"], fraction_of = "all" }}]\n')
    left, found = ALL, [ALL]
    for _ in range(17):
        left -= int(0.2 * left + 0.5)
        found.append(left)
    assert [level.surviving for level in plan.levels["", "imp"]] == found
    assert found[-1] >= LAST


def test_a_share_that_rounds_to_none_is_said_of_what_it_is_a_share_of():
    for words, survivors in (('fraction_of = "all", ', ALL), ("", ALL - 30_000)):
        with pytest.raises(SpecError) as error:
            densities(f'rounds = 1, fraction = 1e-8, {words}exclude = ["layers.1"]')
        (problem,) = error.value.problems
        assert f"a share of 1e-08 of {survivors:,} weights rounds to none" in problem.message
