"""Sizes as people write them, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.sizes import in_thousands, read_bytes
from lmcspec.plan.render import size

UNITS = ("B", "kB", "MB", "GB", "TB")


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.7, "1 kB"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (999_700, "1 MB"),
        (999_999_999, "1 GB"),
        (2_594_000_000, "2.59 GB"),
        (999_700_000_000_000, "1,000 TB"),
        (1_234_500_000_000_000, "1,234 TB"),
    ],
)
def test_a_number_is_rounded_before_its_unit_is_chosen(count, shown):
    assert size(count) == shown


@given(st.integers(0, 10**15))
def test_what_is_shown_is_read_back_to_three_digits(count):
    shown = in_thousands(count, UNITS)
    assert "e" not in shown and read_bytes(shown.replace(",", "")) == pytest.approx(count, rel=0.005, abs=0.5)
