"""Series have the colours of their networks in the report."""

import pytest
from specs_for_tests import FIG7, plan_of

from lmcspec.report import tidy
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.style import DENSE, look_of
from lmcspec.track.colours import colours

BASE = """
study = "coloured"
replicates = 2
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "2ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
"""
FAMILIES = """
[networks]
dense = []
imp = [{ data = "real", rounds = 2, rewind = { each = [0, "1ep"] } }]
shuffled = { like = "imp", mask = "shuffled" }
[measures]
stability = { networks = ["shuffled", "dense"], levels = ["last"], at = [0], through = "5it" }
accuracy = {}
"""
MANY = """
[networks]
dense = []
imp = [{ data = "real", rounds = 1, rewind = { each = [0, "1it", "2it", "3it", "4it", "5it"] } }]
other = { like = "imp", weights = "reinitialised" }
[measures]
accuracy = {}
"""
SWEEP = """
[networks]
imp = [{ data = "real", rounds = 1 }]
random = [{ data = "real", rounds = 1, criterion = "random" }]
[measures]
accuracy = {}
[[sweep.cases]]
case = "fast"
recipes.real.optimiser.lr = 0.2
[[sweep.cases]]
case = "slow"
recipes.real.optimiser.lr = 0.02
"""


class Nothing:
    def find(self, identifier):
        return None


@pytest.mark.parametrize("text", [FIG7, BASE + FAMILIES, BASE + MANY, BASE + SWEEP])
def test_they_are_the_figures(text):
    plan = plan_of(text)
    rows = tidy(plan, Nothing())
    drawn = {
        (case, network): look_of(of_case, network).colour
        for case in dict.fromkeys(row.case for row in rows)
        for of_case in [CaseResults(plan, case, [row for row in rows if row.case == case], Nothing(), Nothing())]
        for network in of_case.networks
    }
    assert colours(plan) == drawn
    assert len(set(drawn.values())) > 1


def test_a_network_is_of_one_colour_in_all_cases():
    given = colours(plan_of(BASE + SWEEP))
    assert given["fast", "imp"] == given["slow", "imp"] != given["fast", "random"] == given["slow", "random"]
    assert DENSE not in given.values()
