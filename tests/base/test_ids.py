"""Canonical JSON and digests."""

import hashlib
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base import ids

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def large_as_strings(value):
    match value:
        case int() if not isinstance(value, bool) and abs(value) >= 2**53:
            return str(value)
        case list():
            return [large_as_strings(item) for item in value]
        case dict():
            return {key: large_as_strings(item) for key, item in value.items()}
        case _:
            return value


def test_known_bytes():
    assert ids.canonical({"b": [1, 2.5, "é"], "a": None}) == '{"a":null,"b":[1,2.5,"é"]}'.encode()
    assert ids.digest({}) == hashlib.sha256(b"{}").hexdigest()
    assert ids.task_id({}) == hashlib.sha256(b"lmcspec:task:1\0{}").hexdigest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1),
        (-0.0, 0.0),
        ((1, 2), [1, 2]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (1e21, 10.0**21),
        (2**60, str(2**60)),
    ],
)
def test_spellings_that_mean_the_same(one, other):
    assert ids.canonical(one) == ids.canonical(other)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_without_a_canonical_form(value):
    with pytest.raises(ValueError, match="finite"):
        ids.canonical({"x": [value]})


@pytest.mark.parametrize("value", [{1}, b"x", object(), {1: "x"}, os.curdir.__class__, print, np.int64(1)])
def test_values_that_other_machines_spell_differently(value):
    with pytest.raises(TypeError):
        ids.canonical({"x": value})


@given(PLAIN)
def test_canonical_is_rfc_8785_by_the_library(value):
    assert ids.canonical(value) == rfc8785.dumps(large_as_strings(value))


@given(st.floats(1e-7, 1e22) | st.floats(-1e22, -1e-7) | st.sampled_from([1e-4, 1e-5, 1e16, 2.0**53, 2.0**53 - 1]))
def test_numbers_are_spelled_as_rfc_8785_does(value):
    assert ids.canonical({"x": value}) == rfc8785.dumps({"x": value})


@given(PLAIN)
def test_canonical_is_json_of_the_same_value(value):
    # Large floats are written without a point; read as floats they are the same numbers.
    assert json.loads(ids.canonical(value), parse_int=float) == large_as_strings(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**64])
def test_integers_that_floats_cannot_hold_are_strings(value):
    assert ids.canonical([value, 2**53 - 1]) == f'["{value}",9007199254740991]'.encode()


@given(st.dictionaries(st.text(max_size=4), st.integers(), min_size=2, max_size=5))
def test_order_of_keys_does_not_matter(value):
    assert ids.digest(dict(reversed(value.items()))) == ids.digest(value)


def test_neither_hash_seed_nor_process_matters():
    code = "from lmcspec.base.ids import digest; print(digest({'b': {'y': 1.5, 'x': [True]}, 'a': 'é'}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1", "4711")
    }
    assert found == {ids.digest({"a": "é", "b": {"x": [True], "y": 1.5}})}


def test_a_hundred_thousand_recipes_without_a_collision():
    recipes = (
        {"kind": "train", "params": {"lr": n / 1000, "until": n % 7}, "seeds": {"replicate": n % 11}}
        for n in range(100_000)
    )
    assert len({ids.task_id(recipe) for recipe in recipes}) == 100_000
