"""What tells cases apart, as an axis of figures."""

import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.plan.case_settings import case_axis, case_settings


def swept(sweep: str):
    return plan_of(f"{TINY}[sweep]\n{sweep}\n")


def test_the_models_width_unless_told():
    axis = case_axis(swept('grid = { "model.widths" = [[8, 8], [16, 16]] }'), None)
    assert (axis.key, list(axis.values.values())) == ("model.widths", ["8, 8", "16, 16"])
    assert set(axis.groups.values()) == {""}


def test_what_cases_are_named_after_stands_in_groups_unless_x_says_it():
    plan = swept('grid = { "model.widths" = [[8], [16]], "recipes.real.optimiser.lr" = [0.1, 0.01] }')
    axis = case_axis(plan, None)
    assert {case: (axis.values[case], axis.groups[case]) for case in axis.values} == {
        f"widths={width},lr={lr}": (str(width), f"lr={lr}") for width in (8, 16) for lr in (0.1, 0.01)
    }
    for x in ("recipes.real.optimiser.lr", "recipe.lr", "lr"):
        axis = case_axis(plan, x)
        assert {float(value) for value in axis.values.values()} == {0.1, 0.01}
        assert set(axis.groups.values()) == {"widths=8", "widths=16"}


def test_what_goes_with_x_is_no_group():
    plan = swept('zip = { "model.widths" = [[8], [16]], "recipes.real.optimiser.lr" = [0.1, 0.01] }')
    assert set(case_axis(plan, None).groups.values()) == {""}
    plan = swept(
        'cases = [{ case = "narrow", model = { widths = [8] } }, { case = "wide", model = { widths = [16] } }]'
    )
    assert dict(case_axis(plan, "model.widths").values) == {"narrow": "8", "wide": "16"}
    assert set(case_axis(plan, "model.widths").groups.values()) == {""}


def test_names_of_cases_are_groups_too():
    plan = swept(
        'grid = { "model.widths" = [[8], [16]] }\n'
        'cases = [{ case = "slow", recipes = { real = { optimiser = { lr = 0.01 } } } }, { case = "fast" }]'
    )
    axis = case_axis(plan, None)
    assert axis.groups["slow,widths=8"] == "slow" and axis.groups["fast,widths=16"] == "fast"


def test_the_only_setting_of_their_names_is_x_where_widths_are_alike():
    plan = swept('grid = { "recipes.real.batch" = [128, 256] }')
    assert case_axis(plan, None).key == "batch"
    assert case_axis(swept('grid = { "recipes.real.batch" = [128, 256], replicates = [1, 2] }'), None) is None
    assert case_axis(swept('cases = [{ case = "a" }, { case = "b", replicates = 2 }]'), None) is None


@pytest.mark.parametrize("x", ["model.depth", "idth", "batch"])
def test_what_cases_agree_in_is_no_axis(x):
    assert case_axis(swept('grid = { "model.widths" = [[8], [16]] }'), x) is None


def test_without_a_sweep_there_is_none():
    assert case_settings(plan_of(TINY)) == {}
    assert case_axis(plan_of(TINY), None) is None
