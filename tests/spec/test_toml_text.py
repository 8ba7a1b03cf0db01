"""Values as TOML writes them: what tomli reads back is the same."""

import math
from datetime import date

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from toml_texts import values

from lmcspec.spec.toml_text import inline


def same(a, b) -> bool:
    match a, b:
        case float(), float():
            return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (math.isnan(a) and math.isnan(b))
        case list(), list():
            return len(a) == len(b) and all(map(same, a, b))
        case dict(), dict():
            return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
        case _:
            return type(a) is type(b) and a == b


@given(values())
def test_what_a_text_says_is_written_so_that_it_says_the_same(text):
    try:
        value = tomli.loads(f"x = {text}")["x"]
    except tomli.TOMLDecodeError:  # a newline in an inline table, for a tomli that knows TOML 1.0 only
        return
    assert "\n" not in inline(value)
    assert same(tomli.loads(f"x = {inline(value)}")["x"], value)


@given(st.text(st.characters(codec="utf-8")), st.floats(), st.integers(-(2**70), 2**70))
def test_all_strings_keys_and_numbers_come_back(text, number, whole):
    value = {text: text, "number": number, "whole": [whole]}
    assert same(tomli.loads(f"x = {inline(value)}")["x"], value)


def test_as_people_write_it():
    assert inline({"name": "sgd", "lr": 0.1, "nesterov": False, "a b": ("x", 1), "none": None, "in": {}}) == (
        '{ name = "sgd", lr = 0.1, nesterov = false, "a b" = ["x", 1], in = {} }'
    )
    assert inline({"none": None}) == "{}"
    assert inline([]) == "[]"
    assert inline(date(1979, 5, 27)) == "1979-05-27"


def test_nothing_in_a_string_commands_the_terminal():
    text = inline("\x1b[2J \x9b1m \x7f \u202e é 漢 \udcff")
    assert text == '"\\u001B[2J \\u009B1m \\u007F \\u202E é 漢 \\uDCFF"'


def test_what_toml_has_no_form_for():
    with pytest.raises(TypeError, match="no form for a set"):
        inline({1, 2})
    with pytest.raises(TypeError, match="no form for a NoneType"):
        inline([None])
