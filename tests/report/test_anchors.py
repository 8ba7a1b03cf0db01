"""Addresses of numbers: readable, of their own, and what a browser makes of a link to them."""

import re
from urllib.parse import unquote

import pytest
from results_for_tests import plan_of, row
from specs_for_tests import FIG7, LENET
from specs_for_tests import plan_of as plan_of_whole

from lmcspec.report.anchors import anchor_of, distinct, link_to
from lmcspec.report.tidy import tidy


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "imp/l1/accuracy"),
        ({"case": "lr=0.1,width=8", "level": 12}, "lr=0.1,width=8/imp/l12/accuracy"),
        ({"measure": "stability", "metric": "instability/test", "at": "0ep"}, "imp/l1/stability/k=0"),
        (
            {"measure": "stability", "metric": "instability/test", "at": "3ep", "at_updates": 69},
            "imp/l1/stability/k=69",
        ),
        ({"under": "wt[step=1ep]"}, "imp/l1/accuracy/under=wt[step=1ep]"),
        ({"network": "imp[recipe=a b]"}, "imp[recipe=a%20b]/l1/accuracy"),
    ],
)
def test_an_address_is_the_place_of_the_number(changes, address):
    assert anchor_of(row(0.1, **changes)) == address
    assert link_to(address)[0] == "#" and unquote(link_to(address)[1:]) == address
    assert re.fullmatch(r"#[A-Za-z0-9/=,.+_~@:%-]+", link_to(address)), "as RFC 3986 has it"


def test_what_stands_for_a_space_is_no_other_name():
    names = ["a b", "a%20b", "a_b", "a\tb"]
    assert len({anchor_of(row(0.1, network=name)) for name in names}) == len(names)
    assert not any(re.search(r"\s", anchor_of(row(0.1, network=name))) for name in names)


@pytest.mark.parametrize("plan", [FIG7, LENET])
def test_targets_and_rows_of_a_study_have_an_address_for_each_number(plan):
    plan = plan_of_whole(plan)
    places = {(t.case, t.network, t.level, t.measure, t.k_updates, t.under, t.through) for t in plan.targets}
    assert len({anchor_of(target) for target in plan.targets}) == len(places)


def test_an_address_stays_when_the_study_grows():
    study = 'networks.imp = [{ data = "real", rounds = 1 }]\nmeasures.accuracy = {}\n'
    grown = study.replace("rounds = 1", "rounds = 3") + "measures.stability = { at = [0], levels = [1] }\n"
    addresses = [
        {anchor_of(row) for row in tidy(plan, type("None", (), {"find": lambda *_: None}))}
        for plan in map(plan_of, (study, grown))
    ]
    assert addresses[0] < addresses[1]


def test_two_of_a_name_are_told_apart():
    assert distinct(["a", "b", "a", "a", "a-2"]) == ["a", "b", "a-2", "a-3", "a-2-2"]
