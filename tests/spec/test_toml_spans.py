"""The spans of a TOML text, held against tomli: it alone says what a text means."""

import random

import pytest
import tomli
from hypothesis import given, settings
from profiles import examples
from toml_texts import documents

from lmcspec.spec import toml_spans
from lmcspec.spec.text import Source
from lmcspec.spec.toml_tree import parse_toml
from lmcspec.spec.tree import plain, walk


def paths_of(value, path=()):
    """Path -> value of everything in tomli's result."""
    found = {path: value} if path else {}
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found |= paths_of(child, (*path, key))
    return found


def check(text: str) -> None:
    """Every path has a place, and the text at each place means what stands at the path."""
    text = text.replace("\r\n", "\n")
    expected = paths_of(tomli.loads(text))
    places = toml_spans.places(text)
    assert set(places) == set(expected)
    for path, place in places.items():
        written = text[slice(*place.value)]
        assert written == written.strip()
        if place.key is not None:
            key = text[slice(*place.key)]
            assert key == key.strip()
            assert list(tomli.loads(f"{key} = 1")) == [path[-1]]
        if place.literal:
            check_literal(written, expected[path])
        elif written.startswith("["):
            names = tuple(part for part in path if isinstance(part, str))
            value = tomli.loads(written)
            for name in names:
                value = value[name]
                value = value[0] if isinstance(value, list) else value
            assert value == {}
        else:
            assert place.value == place.key


def check_literal(written: str, value) -> None:
    assert repr(tomli.loads(f"x = {written}")) == repr({"x": value})
    closing = {str: "\"'", list: "]", dict: "}"}.get(type(value))
    assert written[-1] in closing if closing else "#" not in written


@settings(max_examples=examples(2))
@given(documents())
def test_spans_agree_with_tomli(text):
    check(text)


@settings(max_examples=examples(0.5))
@given(documents())
def test_carriage_returns_change_neither_values_nor_positions(text):
    if "'''" in text or '"""' in text:
        return
    tree, source = parse_toml("x.toml", text)
    other, _ = parse_toml("x.toml", text.replace("\n", "\r\n"))
    assert repr(plain(tree)) == repr(plain(other))
    assert [(path, node.span, node.key) for path, node in walk(tree)] == [
        (path, node.span, node.key) for path, node in walk(other)
    ]
    assert source.file == "x.toml"


EVERYTHING = '''
title = "a\\"b" # comment = "x"
"quo.ted".'lit.eral' = {a.b = 1, c = [1, [2, 3,],], "d" = {}}
long = """
x = 1
[not.a.table]""""
raw = \'\'\'it's\'\'\'
when = 1979-05-27 07:32:00Z
é = "é😀x" # never reached by bare keys
'''.replace("é =", '"é" =')
ARRAYS = """
[[fruit]]
name = 'apple'
[fruit.physical]
colour = "red"
[[fruit.variety]]
name = "red"
[[fruit.variety]]
name = "granny"
[[fruit]]
name = "banana"
[[fruit.variety]]
name = "plantain"
[a.b.c]
d.e.f = [ # comment ]
  {x = 1}, 1_000,
  +inf,
]
[a]
z = false
"""
CORPUS = (EVERYTHING, ARRAYS, "", "# only\n", "a=1", "[a]\n[b]\n", "[ a . 'b' ]\nc . d=1")


@pytest.mark.parametrize("text", CORPUS)
def test_hand_written_documents(text):
    check(text)


@pytest.mark.parametrize("number", range(24))
def test_a_mutated_walk_is_caught(number, monkeypatch):
    """One end of one sort of place, off by one, in every n-th place."""
    rng = random.Random(number)
    which, end, shift, every = (
        rng.choice(["key", "value"]),
        rng.choice([0, 1]),
        rng.choice([-1, 1]),
        rng.choice([1, 2, 3]),
    )
    true_place = toml_spans.Place
    made = []

    def wrong_place(key, value, literal):
        made.append(1)
        stretch = {"key": key, "value": value}[which]
        if stretch is None or len(made) % every:
            return true_place(key, value, literal)
        moved = tuple(offset + shift * (index == end) for index, offset in enumerate(stretch))
        return true_place(moved if which == "key" else key, moved if which == "value" else value, literal)

    monkeypatch.setattr(toml_spans, "Place", wrong_place)
    assert fails(lambda: [check(text) for text in CORPUS])


MUTATIONS = {
    "elements count from one": (
        "_element",
        lambda self, path: path if path not in self._elements else (*path, self._elements[path]),
    ),
    "no elements": ("_element", lambda self, path: path),
    "blanks stop at comments": ("_skip", lambda self, at: at + len(self.text[at:]) - len(self.text[at:].lstrip())),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_walk_with_another_rule_is_caught(name, monkeypatch):
    method, wrong = MUTATIONS[name]
    monkeypatch.setattr(toml_spans.Walk, method, wrong)
    assert fails(lambda: [check(text) for text in CORPUS])


def fails(action) -> bool:
    try:
        action()
    except (AssertionError, tomli.TOMLDecodeError, IndexError, KeyError, TypeError):
        return True
    return False


@settings(max_examples=examples(0.6))
@given(documents())
def test_every_node_of_the_tree_has_the_span_of_its_text(text):
    tree, source = parse_toml("x.toml", text)
    assert repr(plain(tree)) == repr(tomli.loads(text))
    places = toml_spans.places(text)
    for path, node in walk(tree):
        if path:
            assert source.cut(node.span) == text[slice(*places[path].value)]
            assert (node.key is None) == (places[path].key is None)


def test_lines_and_columns_count_characters_from_one():
    tree, _ = parse_toml("x.toml", 'a = 1\r\n"é😀" = [1,\r\n  "x"]\r\n')
    list_node = tree.value["é😀"]
    assert (list_node.key.line, list_node.key.column, list_node.key.end_column) == (2, 1, 5)
    assert (list_node.span.line, list_node.span.column, list_node.span.end_line, list_node.span.end_column) == (
        2,
        8,
        3,
        7,
    )
    assert str(list_node.value[1].span) == "x.toml:3:3"


def test_a_table_stands_where_it_is_first_mentioned():
    places = toml_spans.places("[a.b]\n[a]\n")
    assert places[("a",)].key == (1, 2)


def test_positions_agree_with_counting():
    text = "ab\n\ncd\né\n"
    source = Source("f", text)
    for offset in range(len(text) + 1):
        before = text[:offset]
        assert source.position(offset) == (before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def test_the_walk_refuses_to_go_deeper_than_told():
    text = "a = " + "[" * 30 + "]" * 30
    with pytest.raises(toml_spans.TooDeep) as error:
        toml_spans.places(text, 20)
    assert error.value.offset == 24
