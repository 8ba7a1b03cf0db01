"""The JSON Schema beside every spec that there is: it takes those that load, and refuses bad ones by their shape."""

import json
from pathlib import Path

import jsonschema
import pytest
from bad import expected, files

from lmcspec.spec.json_schema import schema
from lmcspec.spec.reading import parse, read_text
from lmcspec.spec.tree import plain
from lmcspec.spec.unreadable import Unreadable

ROOT = Path(__file__).parents[2]
SPECS = sorted(path for path in (ROOT / "specs").rglob("*.toml"))
SHAPE = {
    *("E103", "E104", "E105", "E106", "E107", "E108", "E109", "E110"),
    *("E201", "E202", "E203", "E204", "E205", "E213", "E305", "E306", "E307", "E310"),
}
"""Codes of what is wrong with a value by itself: keys, types, choices, bounds, names of cards, `each`, the sweep."""
NOT_SAID = {
    "set_unknown_key": "--set is not in the file",
    "wrong_in_one_case": "the value stands in the sweep, under a path",
    "resized_crop": "which of two numbers is the larger",
}
"""Bad specs with such a code that the schema takes, and why it can't tell."""


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(schema())


def data(path: Path):
    return plain(parse(path, read_text(path))[0])


def test_every_spec_that_ships_fits(validator):
    wrong = {
        str(path.relative_to(ROOT)): [error.message for error in validator.iter_errors(data(path))] for path in SPECS
    }
    assert len(wrong) > 90
    assert {name: messages for name, messages in wrong.items() if messages} == {}


def test_in_yaml_they_are_the_same():
    """JSON is YAML."""
    for path in SPECS[::5]:
        document = data(path)
        assert plain(parse(Path("x.yaml"), json.dumps(document, indent=1))[0]) == document


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_bad_specs_are_refused_where_their_shape_is_wrong(path, validator):
    codes = {code for code, *_ in expected(path).problems}
    try:
        document = data(path)
    except Unreadable:
        return  # no editor's language server reads it either
    refused = not validator.is_valid(document)
    assert refused == bool(codes & SHAPE and path.stem not in NOT_SAID), codes


def test_most_bad_shapes_are_refused_and_exceptions_are_there():
    of_shape = [path for path in files() if {code for code, *_ in expected(path).problems} & SHAPE]
    assert len(of_shape) > 8 * len(NOT_SAID)
    assert {path.stem for path in of_shape} >= NOT_SAID.keys()
