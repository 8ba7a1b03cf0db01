"""Rows of some networks and measures, and a name that no row has."""

import pytest
from results_for_tests import plan_of

from lmcspec.base.errors import UsageError
from lmcspec.report import tidy
from lmcspec.report.chosen import chosen

STUDY = "networks = { dense = [], imp = [{ data = 'real', rounds = 1 }] }\nmeasures.accuracy = {}\n"


class Nothing:
    def find(self, identifier):
        return None


def test_rows_by_what_they_are_of():
    rows = list(tidy(plan_of(STUDY), Nothing()))
    assert chosen(rows, networks=[], measures=[]) == rows
    assert chosen(rows, networks=["imp"], measures=["accuracy"]) == [row for row in rows if row.network == "imp"]
    with pytest.raises(UsageError, match="no results of the network 'inp'") as raised:
        chosen(rows, networks=["inp"])
    assert raised.value.help == "did you mean imp?"
