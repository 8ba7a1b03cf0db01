"""How many weights go in a round, where the fraction is one of all survivors."""

from typing import Any, cast

import pytest

from lmcspec.tasks.params import Part
from lmcspec.tasks.prune import Prune, _counts

PART = cast(Part, None)


def counts(eligible: int, surviving: int, **settings: Any) -> list[int]:
    return _counts(eligible, surviving, 1000, Prune(PART, PART, **settings))


def test_a_share_of_the_eligible():
    assert counts(900, 1000, fraction=0.2) == [180]
    assert counts(900, 1000, fraction=0.2, rounds=3) == [180, 144, 115]


def test_a_share_of_all():
    assert counts(900, 1000, fraction=0.2, fraction_of="all") == [200]
    assert counts(900, 1000, fraction=0.2, fraction_of="all", rounds=3) == [200, 160, 128]
    assert counts(90, 190, fraction=0.2, fraction_of="all") == [38]


def test_no_more_go_than_are_eligible():
    assert counts(10, 110, fraction=0.2, fraction_of="all", rounds=2) == [10, 0]


@pytest.mark.parametrize("fraction_of", ["eligible", "all"])
def test_the_last_of_exact_rounds_reaches_the_total(fraction_of):
    found = counts(900, 1000, fraction=0.2, fraction_of=fraction_of, rounds=3, sparsity=0.5)
    assert sum(found) == 500
