"""YAML as YAML 1.2's core schema reads it, with the places of keys and values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lmcspec.spec.text import Source
from lmcspec.spec.tree import plain, walk
from lmcspec.spec.unreadable import Unreadable
from lmcspec.spec.yaml_tree import parse_yaml

CORE = {
    "5e-4": 5e-4,
    "1e3": 1000.0,
    ".5": 0.5,
    "5.": 5.0,
    "-0.25": -0.25,
    "1.5E+3": 1500.0,
    "0o17": 15,
    "0x1F": 31,
    "+7": 7,
    "1_000": 1000,
    "-.inf": -math.inf,
    "yes": "yes",
    "no": "no",
    "on": "on",
    "y": "y",
    "true": True,
    "False": False,
    "~": None,
    "null": None,
    "": None,
    "2024-05-01": "2024-05-01",
    "1:30": "1:30",
    "10ep": "10ep",
    "'5'": "5",
    '"true"': "true",
    "!!str 5": "5",
    "|\n  a\n  b\n": "a\nb\n",
}


@pytest.mark.parametrize("written", CORE)
def test_scalars(written):
    value = plain(parse_yaml(Source("x.yaml", f"a: {written}\n")))["a"]
    assert (value, type(value)) == (CORE[written], type(CORE[written]))


def test_nan_is_read():
    assert math.isnan(plain(parse_yaml(Source("x.yaml", "a: .nan")))["a"])


def test_keys_are_strings_as_in_toml():
    assert plain(parse_yaml(Source("x.yaml", "8: a\ntrue: b\n"))) == {"8": "a", "true": "b"}


def test_merge_keys():
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd: {'<<': 1}\n"
    tree = parse_yaml(Source("x.yaml", text))
    assert plain(tree)["c"] == {"x": 0, "y": 2, "z": 4}
    assert plain(tree)["d"] == {"<<": 1}
    assert str(tree.value["c"].value["z"].span) == "x.yaml:2:17"


def test_aliases_keep_the_place_of_their_anchor_and_their_own_key():
    tree = parse_yaml(Source("x.yaml", "a: &x 1\nb: *x\n"))
    assert plain(tree) == {"a": 1, "b": 1}
    assert str(tree.value["b"].key) == "x.yaml:2:1"
    assert str(tree.value["b"].span) == "x.yaml:1:4"


def test_an_anchor_may_be_used_again():
    assert plain(parse_yaml(Source("x.yaml", "a: &x 1\nb: &x 2\nc: *x\n")))["c"] == 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n"])
def test_an_empty_file_is_an_empty_table(text):
    assert plain(parse_yaml(Source("x.yaml", text))) == {}


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: !!binary aGk=\n", "E112", 1, 4),
        ("!!set {a, b}\n", "E112", 1, 1),
        ("!!python/name:os.system : 1\n", "E112", 1, 1),
        ("a: {<<: 3}\n", "E105", 1, 9),
        ("a: &a\n  b: *a\n", "E113", 1, 4),
        ("a: 1\n...\n---\nb: 1\n", "E114", 3, 1),
        ("a: *b\n", "E101", 1, 4),
        ("a: 'x\n", "E101", 1, 4),
        ("a: \x07\n", "E101", 1, 1),
        ("%YAML 9\n---\na: 1\n", "E101", 1, 8),
    ],
)
def test_what_is_refused(text, code, line, column):
    with pytest.raises(Unreadable) as error:
        parse_yaml(Source("x.yaml", text))
    problem = error.value.problem
    assert problem.span is not None
    assert (problem.code, problem.span.line, problem.span.column) == (code, line, column)


VALUES = st.recursive(
    st.one_of(
        st.integers(-9, 999),
        st.booleans(),
        st.floats(allow_nan=False, allow_infinity=False, width=16),
        # ruamel writes `: a` into a flow list as it is, and then can't read that itself.
        st.text("ab :#é'", max_size=5).filter(lambda text: not text.startswith(": ")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, max_size=3), st.booleans())
def test_what_is_dumped_is_read_and_the_text_at_each_place_means_it(data, flow):
    from io import StringIO

    stream = StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = flow
    writer.width = 10_000
    writer.dump(data, stream)
    source = Source("x.yaml", stream.getvalue())
    tree = parse_yaml(source)
    assert plain(tree) == data
    for path, node in walk(tree):
        if not isinstance(node.value, dict | list):
            assert node.span is not None
            again = plain(parse_yaml(Source("y.yaml", f"[{source.cut(node.span)}]")))
            assert again == [node.value]
        if node.key is not None and path:
            assert list(plain(parse_yaml(Source("y.yaml", f"{{{source.cut(node.key)}: 1}}")))) == [path[-1]]
