"""Levels that are digits to Python and no numbers, or larger than anything that there is."""

import pytest
from specs_for_tests import STABILITY, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.plan.chosen import Chosen
from lmcspec.plan.outlook import outlook


@pytest.mark.parametrize("until", ["²", "①", "9" * 5000])
def test_a_level_that_is_none(until):
    with pytest.raises(UsageError, match="no such level"):
        outlook(plan_of(STABILITY), None, chosen=Chosen(until=(until,)))
