"""Of every key the JSON Schema says what it means, its unit, its choices, what it is by default, and an example."""

import re
from collections.abc import Iterator

import jsonschema
import pytest
from pydantic import TypeAdapter

from lmcspec.catalog import Config, Several, StepField, StepOrEnd
from lmcspec.catalog.draws import Momentum
from lmcspec.spec.descriptions import Words, described
from lmcspec.spec.json_schema import schema
from lmcspec.spec.schema_definitions import of_models
from lmcspec.spec.schema_parts import Schema

UNITS = {
    *("images", "images per class", "pixels", "channels", "blocks", "layers", "units", "tiles", "points", "paths"),
    *(
        "epochs",
        "updates",
        "steps",
        "rounds",
        "runs",
        "iterations",
        "networks",
        "initialisations",
        "replicates",
        "data orders",
        "experts",
    ),
    *("batches", "vectors", "eigenvalues", "share", "shares", "ratios", "standard deviation"),
    "error, as a share of images",
    'a step such as "3ep" or "500it"',
    'a step such as "3ep" or "500it", or "rewind"',
    'a step such as "3ep" or "500it", or "rewind" or "end"',
}
BARE = {
    *("lr", "net_lr", "lr_of_rate", "rate", "weight_decay", "net_weight_decay", "factor", "temperature", "tolerance"),
    *("eps", "mean", "std", "start", "level", "levels", "copy", "which", "seed", "anchors"),
}
"""Keys whose numbers have no unit: rates, factors, numbers of things, and what is added to numbers without."""


@pytest.fixture(scope="module")
def document() -> Schema:
    return schema()


def keys(node: object, place: str = "") -> Iterator[tuple[str, Schema]]:
    """Every entry of every `properties`, at any depth, with where it stands."""
    if isinstance(node, dict):
        inside = node.get("properties", {})
        yield from ((f"{place}/{key}", value) for key, value in inside.items())
        for key, value in node.items():
            if key not in ("default", "examples", "enum", "const"):
                yield from keys(value, f"{place}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from keys(value, f"{place}[{number}]")


def test_every_key_is_described_by_a_sentence(document):
    every = dict(keys(document))
    assert len(every) > 900
    assert [place for place, key in every.items() if not re.match(r".{5,}", key.get("description", ""))] == []
    ends = {place: key["description"][-1] for place, key in every.items()}
    assert {place for place, end in ends.items() if end in "]:,"} == set(), "no unit is left in brackets"
    assert [place for place, key in every.items() if "\n" in key["description"]] == []


def test_every_key_has_examples_that_it_takes(document):
    every = dict(keys(document))
    validator = jsonschema.Draft202012Validator(document)
    assert [place for place, key in every.items() if not key.get("examples")] == []
    refused = [
        (place, example)
        for place, key in every.items()
        for example in key["examples"]
        if not validator.evolve(schema=key).is_valid(example)
    ]
    assert refused == []


def test_every_key_has_a_shape(document):
    shapes = {"type", "$ref", "anyOf", "oneOf", "const", "enum"}
    assert [place for place, key in keys(document) if not shapes & key.keys()] == []
    assert [place for place, key in keys(document) if {"type": "null"} in key.get("anyOf", ())] == []


def test_every_number_has_a_unit_or_needs_none(document):
    without = set()
    for place, key in keys(document):
        numeric = re.search(r"'type': '(integer|number)'", str({**key, "examples": (), "properties": ()}))
        unit = re.search(r" Unit: (.*)\.$", key["description"])
        assert unit is None or unit[1] in UNITS, place
        if numeric and unit is None and "$defs" in place and not place.endswith("/each"):
            without.add(place.rpartition("/")[2])
    assert without == BARE


def test_defaults_are_those_of_the_models(document):
    """Read as a spec has them, each is what the model's field has."""
    _, definitions = of_models()
    compared = 0
    for model, name in definitions.names.items():
        properties = document["$defs"][name]["properties"] if name else document["properties"]
        for field_name, field in model.model_fields.items():
            said = properties[field.alias or field_name]
            if field_name in ("name", "method", "kind", "plot") and "enum" in str(said):
                continue  # which card it is has to be said
            default = field.get_default(call_default_factory=True)
            assert ("default" in said) == (not field.is_required() and default is not None), (name, field_name)
            if "default" in said:
                annotated = TypeAdapter(model.__pydantic_fields__[field_name].rebuild_annotation())
                assert annotated.validate_python(said["default"]) == default, (name, field_name)
                compared += 1
    assert compared > 250


def test_choices_are_all_that_there_are(document):
    tables = document["$defs"]
    assert tables["Stage"]["properties"]["restore"]["anyOf"][0]["enum"] == ["all", "prunable"]
    assert tables["Sgd"]["properties"]["name"]["enum"] == ["sgd"]
    assert tables["ConvNet"]["properties"]["name"]["enum"] == [
        "convnet",
        "convnet2",
        "convnet3",
        "convnet4",
        "convnet5",
    ]
    assert "convnet with depth = 3" in tables["ConvNet"]["properties"]["name"]["description"]
    assert tables["Stage"]["properties"]["rewind"]["default"] == "0ep"


class Base(Config):
    lr: float
    """The rate."""
    momentum: Momentum = 0.0
    until: StepField
    ends: Several[StepOrEnd] = ()
    """Where it ends."""
    way: StepOrEnd | None = None


class Above(Base):
    lr: float = 0.1
    momentum: float = 0.5
    """Of the pixels. [pixels]"""
    bare: int = 0


def test_a_string_under_a_field_wins_over_a_type_s_and_over_a_base_s():
    step = 'a step such as "3ep" or "500it"'
    assert described(Above) == {
        "lr": Words("The rate.", ""),
        "momentum": Words("Of the pixels.", "pixels"),
        "until": Words("A point in training.", step),
        "ends": Words("Where it ends.", f'{step}, or "rewind" or "end"'),
        "way": Words("As `StepOrRewind`, or the end of training.", f'{step}, or "rewind" or "end"'),
    }
    assert described(Base)["momentum"].unit == "share"


CARD = """
from lmcspec.catalog import Optimiser, OptimiserCard

class Odd(Optimiser):
    name: Literal["odd"] = "odd"
    said: int = 1
    \"\"\"How odd. [rounds]\"\"\"
    unsaid: int = 0

CARDS += (OptimiserCard(doc="x", config=Odd, implementation="ownplug.elsewhere:Steps", moments=0),)
"""
FILES = {"elsewhere.py": "class Steps:\n    def __init__(self, a, b, c): ...\n    step = state = load = None\n"}


def test_a_package_is_told_of_keys_that_it_does_not_describe(plugin, caplog):
    table = schema()["$defs"]["Odd"]["properties"]
    assert table["said"]["description"] == "How odd. Unit: rounds."
    assert table["unsaid"]["description"] == "Nothing is written under `unsaid` of Odd."
    told = sorted(record.getMessage() for record in caplog.records)
    assert told == [
        f"`{key}` of ownplug.cards:{name} has no description: write a string under it"
        for key, name in (("init", "Tiny"), ("unsaid", "Odd"))
    ]
