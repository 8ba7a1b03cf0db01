"""Lines fit, say all that they said, and never break within a number and its unit."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.fitted import cells, fitted, hang_of, longest_word

PLAIN = st.lists(st.from_regex(r"[a-z.;\[\]漢é]{1,12}", fullmatch=True), min_size=1, max_size=40)
"""Words of which none is tied to the next."""
WORDS = st.lists(st.from_regex(r"[a-z0-9.,;%±=\[\]()漢é-]{1,12}", fullmatch=True), min_size=1, max_size=40)


@given(words=WORDS, width=st.integers(40, 200), indent=st.integers(0, 12))
def test_lines_fit_and_nothing_is_lost(words, width, indent):
    text = " " * indent + " ".join(words)
    lines = fitted(text, width).split("\n")
    assert " ".join(" ".join(lines).split()) == " ".join(words)
    assert all(line == line.rstrip() for line in lines)
    # What stays together, such as `3 ± 1`, may be wider than a line: then it has a line of its own.
    assert all(cells(line) <= width or longest_word(line) + hang_of(text, width) > width for line in lines)


@given(words=PLAIN, width=st.integers(40, 200), indent=st.integers(0, 12))
def test_no_line_is_too_wide_or_ends_too_early(words, width, indent):
    text = " " * indent + " ".join(words)
    lines = fitted(text, width).split("\n")
    assert all(cells(line) <= width for line in lines)
    for line, after in itertools.pairwise(lines):
        assert cells(f"{line} {after.split()[0]}") > width, "the next word would not have fitted"


@given(words=WORDS)
def test_what_has_no_edge_is_left_alone(words):
    assert fitted("  ".join(words), None) == "  ".join(words)


@pytest.mark.parametrize(
    "whole",
    [
        *("k = 3ep", "97.36 ± 0.59 (2)", "95 %", "[-0.95, 2.06]", "4 min 10 s", "1.18 kB", "B - A"),
        *("(0.31, 0.90)", "2.5 points", "`lmcspec gc --study x`"),
    ],
)
@pytest.mark.parametrize("before", range(20))
def test_a_number_keeps_its_unit_and_a_command_its_words(whole, before):
    text = f"{'x' * before} is {whole} and so on"
    assert whole.replace("4 min 10 s", "10 s") in fitted(text, 26, 0), "within one line"


def test_a_word_that_fits_no_line_is_not_torn_and_stays_where_it_is():
    path = "/a" * 40
    assert fitted(f"stored  in {path}", 40) == f"stored  in {path}"
    assert fitted(f"see {path} or else", 40) == f"see {path}\n  or else"


def test_what_goes_on_hangs_under_the_second_column():
    assert hang_of("ok    torch", 40) == 6
    assert hang_of("  words", 40) == 4
    assert hang_of("a name that takes most of the line  b", 40) == 2
    assert fitted("kind  a b c d", 10) == "kind  a b\n  c d", "a label of more than a third is none"
    assert fitted("ok  a b c d e f", 12) == "ok  a b c d\n    e f"


def test_wide_and_combining_characters_count_as_a_terminal_counts_them():
    assert cells("漢字") == 4 and cells("e\u0301") == 1
    assert fitted("漢字 漢字 漢字", 10, 0) == "漢字 漢字\n漢字"


def test_every_line_of_several_is_fitted_by_itself():
    assert fitted("a b c\n    d e f", 7, None) == "a b c\n    d e\n      f"
    assert not re.search(r" \n", fitted("a b c\n\nd", 3))
