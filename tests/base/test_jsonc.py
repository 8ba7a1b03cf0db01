"""Settings of editors: what stands in them stays, comments and all, where one value is set."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.documents import DocumentError
from lmcspec.base.jsonc import parse, with_value

COMMENTED = """{
    // "yaml.schemas": { "no": "this is said only" },
    "editor.rulers": [120, /* wide */ 140,],
    "url": "http://a//b", "quoted": "\\"/*",
    "yaml.schemas": {
        // theirs
        "./other.json": ["*.yaml"], // one
    },
    "last": {"a": [1, {"b": null}]}
}
"""


def test_what_is_written_with_comments_is_read_without():
    assert parse(COMMENTED, "settings.json") == {
        "editor.rulers": [120, 140],
        "url": "http://a//b",
        "quoted": '"/*',
        "yaml.schemas": {"./other.json": ["*.yaml"]},
        "last": {"a": [1, {"b": None}]},
    }
    assert parse(" \n", "settings.json") == {}


def test_an_entry_is_put_into_a_table_that_is_there():
    after = with_value(COMMENTED, "settings.json", "yaml.schemas", "./mine.json", ["a", "b"])
    added = '\n        "./mine.json": [\n            "a",\n            "b"\n        ],'
    assert after.replace(added, "", 1) == COMMENTED
    assert parse(after, "x")["yaml.schemas"] == {"./mine.json": ["a", "b"], "./other.json": ["*.yaml"]}
    again = with_value(after, "settings.json", "yaml.schemas", "./mine.json", ["c"])
    assert again.replace('[\n            "c"\n        ]', '[\n            "a",\n            "b"\n        ]') == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "t": {\n    "k": 1\n  }\n}\n'),
        ("{}", '{\n  "t": {\n    "k": 1\n  }\n}'),
        ("{\n}\n", '{\n  "t": {\n    "k": 1\n  }\n}\n'),
        ('{\n\t"a": 1\n}\n', '{\n\t"t": {\n\t\t"k": 1\n\t},\n\t"a": 1\n}\n'),
        ('{"a": 1}', '{\n  "t": {\n    "k": 1\n  },\n  "a": 1}'),
        ('{ "t": {} }', '{ "t": {\n    "k": 1\n  } }'),
        ('{ "t": { "j": 0 } }', '{ "t": {\n    "k": 1,\n    "j": 0 } }'),
        ("{\n  // nothing yet\n}\n", '{\n  "t": {\n    "k": 1\n  }\n  // nothing yet\n}\n'),
        ("// mine", '// mine\n{\n  "t": {\n    "k": 1\n  }\n}\n'),
        ("/* mine */\n\n", '/* mine */\n{\n  "t": {\n    "k": 1\n  }\n}\n'),
        ("\ufeff{}", '\ufeff{\n  "t": {\n    "k": 1\n  }\n}'),
        ('{ "t": { "k": [2] } } // end', '{ "t": { "k": 1 } } // end'),
    ],
)
def test_however_little_there_is(before, after):
    assert with_value(before, "settings.json", "t", "k", 1) == after
    assert parse(after, "settings.json")["t"]["k"] == 1


@pytest.mark.parametrize(
    "text", ["[1]", "{", '{"t": [1]}', '{"a": 1 "b": 2}', '{"a": 1, "a": 2}', "/* no", '"t"', '{"t": "/*']
)
def test_what_is_no_such_object_is_refused(text):
    with pytest.raises(DocumentError, match=r"^settings\.json "):
        with_value(text, "settings.json", "t", "k", 1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\/*{}[],:', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('t"/{,', max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text('t"/{,', max_size=3), VALUES, max_size=4), st.sampled_from([None, 0, 2, 4, "\t"]), VALUES
)
def test_only_that_value_is_another(document, indent, value):
    text = json.dumps(document, indent=indent)
    if not isinstance(document.get("t", {}), dict):
        return
    after = with_value(text, "settings.json", "t", "k", value)
    assert json.loads(after) == document | {"t": document.get("t", {}) | {"k": value}}
    assert with_value(after, "settings.json", "t", "k", value) == after
