"""Whole numbers of command lines and of the environment."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmcspec.base.counts import LONGEST, whole


@given(st.integers(0, 10**LONGEST - 1))
def test_what_is_written_is_read(number):
    assert whole(str(number)) == number
    assert whole(f"{number:018}") == number


@pytest.mark.hypothesis
@given(st.text())
@example("²")
@example("٣")
@example("1_000")
@example("9" * 5000)
def test_whatever_is_none_is_none(text):
    assert (whole(text) is None) == (re.fullmatch("[0-9]{1,18}", text) is None)
