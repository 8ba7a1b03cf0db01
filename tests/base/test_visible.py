"""What a terminal would obey is spelled out, in text and in JSON."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.visible import one_line, visible, visible_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\rb", r"a\rb"),
        ("\a\b\0\x7f", r"\x07\x08\x00\x7f"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u2028", r"\u2028"),
        ("a\tb\nc", "a\tb\nc"),
        ("0.7 ± 0.3 × 2 – 83 % …", "0.7 ± 0.3 × 2 – 83 % …"),
        ("ελ 北京 👩‍🔬 [red]", "ελ 北京 👩‍🔬 [red]"),
    ],
)
def test_what_is_shown(text, shown):
    assert visible(text) == shown


def test_a_name_stays_on_its_line():
    assert one_line("a\nb\tc\x1b") == r"a\nb\tc\x1b"


@given(st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Ll", "Po"])))
def test_nothing_is_left_that_a_terminal_obeys(text):
    shown = visible(text)
    shown.encode()
    assert visible(shown) == shown
    joiners = "\u200c\u200d"  # which emoji and Persian need
    subtle = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    # Marks of numbers in Arabic, Kaithi and music are letters to a terminal.
    assert all(ord(char) > 0x5FF or char in "\n\t" for char in subtle - set(joiners))
    assert not subtle & {"\x1b", "\x9b", "\u202e", "\r", "\ud800"}


@given(
    st.recursive(st.text(alphabet=st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_says_the_same_without_them(document):
    text = visible_json(document)
    assert visible(text) == text
    assert json.loads(text) == document
