"""Configurations: strict, and sure of what enters an id."""

import pytest
from pydantic import Field, ValidationError

from lmcspec.base.steps import parse_step
from lmcspec.catalog import ADDED_LATER, NEUTRAL, Config, Named, Several, StepField, StepOrRewind, identity
from lmcspec.catalog.levels import AtSparsity, Levels


class Inner(Config):
    size: int = 1
    where: str = Field(default="here", json_schema_extra=NEUTRAL)
    twist: float = Field(default=0.0, json_schema_extra=ADDED_LATER)


class Outer(Named):
    name: str = "outer"
    widths: Several[int] = (3, 4)
    at: StepField = parse_step(0)
    inner: Inner = Inner()
    more: dict[str, Inner] = {}
    workers: int = Field(default=1, json_schema_extra=NEUTRAL)
    later: Several[int] = Field(default=(), json_schema_extra=ADDED_LATER)
    newer: Several[int] = Field(default_factory=tuple, json_schema_extra=ADDED_LATER)


PLAIN = {"name": "outer", "widths": [3, 4], "at": "0ep", "inner": {"size": 1}, "more": {}}


class TestIdentity:
    def test_plain_data(self):
        assert identity(Outer()) == PLAIN

    def test_neutral_fields_are_left_out_at_any_depth(self):
        assert identity(Outer(workers=7, inner=Inner(where="there"))) == PLAIN
        assert identity(Outer(more={"a": Inner(where="there")}))["more"] == {"a": {"size": 1}}

    def test_what_was_added_later_counts_once_it_is_used(self):
        assert identity(Outer(later=(1,))) == PLAIN | {"later": [1]}
        assert identity(Outer(newer=(1,))) == PLAIN | {"newer": [1]}
        assert identity(Outer(inner=Inner(twist=0.5)))["inner"] == {"size": 1, "twist": 0.5}

    @pytest.mark.parametrize("change", [{"widths": (3,)}, {"at": "1ep"}, {"inner": Inner(size=2)}, {"name": "other"}])
    def test_every_other_field_counts(self, change):
        assert identity(Outer(**change)) != PLAIN

    def test_defaults_are_spelled_out(self):
        assert identity(Outer(widths=(3, 4))) == identity(Outer())


class TestStrictness:
    @pytest.mark.parametrize("wrong", [{"size": "1"}, {"size": 1.5}, {"colour": 1}, {"size": True}])
    def test_nothing_is_guessed(self, wrong):
        with pytest.raises(ValidationError):
            Inner.model_validate(wrong)

    def test_values_do_not_change(self):
        with pytest.raises(ValidationError):
            Inner().size = 2

    def test_lists_become_tuples_of_strict_items(self):
        assert Outer.model_validate({"widths": [1, 2]}).widths == (1, 2)
        with pytest.raises(ValidationError):
            Outer.model_validate({"widths": ["1"]})


class Steps(Config):
    at: Several[StepOrRewind]
    levels: Levels = "all"


def test_steps_and_the_rewind_point():
    config = Steps.model_validate({"at": [3, "500it", "2ep40it", "rewind"]})
    assert config.at == (parse_step(3), parse_step("500it"), parse_step("2ep40it"), "rewind")
    with pytest.raises(ValidationError):
        Steps.model_validate({"at": ["rewound"]})


@pytest.mark.parametrize(
    ("written", "read"),
    [("all", "all"), ([0, "last", {"sparsity": 0.8}], (0, "last", AtSparsity(sparsity=0.8)))],
)
def test_levels(written, read):
    assert Steps.model_validate({"at": [], "levels": written}).levels == read


@pytest.mark.parametrize("wrong", ["last", [], [-1], ["lst"], [{"sparsity": 1.0}], [True], 3])
def test_levels_that_are_none(wrong):
    with pytest.raises(ValidationError):
        Steps.model_validate({"at": [], "levels": wrong})
