"""--set: paths, values, positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import codes, small

from lmcspec.base.errors import SpecError
from lmcspec.spec.paths import dotted, parse_path


def study(*sets: str):
    return small(*sets).cases[0].study


def test_values_are_toml_or_else_strings():
    assert study("title=plain words").title == "plain words"
    assert study('title="3"').title == "3"
    assert study("title=3ep # no").title == "3ep # no"
    assert study("recipes.real.length=500it").recipes["real"].length.updates == 500
    assert study("recipes.real.optimiser={name='adam', lr=1e-3}").recipes["real"].optimiser.name == "adam"
    assert study("replicates = 7").replicates == 7


def test_the_type_is_the_schema_s():
    assert codes("replicates='7'") == ["E105"]
    assert codes("replicates=seven") == ["E105"]
    assert codes("replicates=0") == ["E107"]


@pytest.mark.parametrize("path", ["networks.imp[0].rewind", "networks.imp.0.rewind", "networks.'imp'.0.\"rewind\""])
def test_lists_are_entered_by_index(path):
    assert study(f"{path}=3").networks["imp"][0].rewind.epochs == 3


def test_the_last_one_wins_and_knows_what_it_overrode():
    case = small("recipes.real.batch=1", "recipes.real.batch=2").cases[0]
    origin = case.origins.of(("recipes", "real", "batch"))
    assert (origin.value, origin.source, str(origin.value_span)) == (2, "--set", "--set:2:20")
    assert [(one.value, one.source) for one in origin.earlier] == [(1, "--set"), (32, "file")]
    assert case.study.recipes["distilled"].batch == 2


def test_a_short_form_opens_up():
    assert study("model.init=kaiming-normal").model.init == "kaiming-normal"


def test_new_tables_are_made():
    assert study("recipes.new.extends=real").recipes["new"].batch == 32


@pytest.mark.parametrize(
    ("argument", "column"),
    [
        ("title", 1),
        ("=3", 1),
        ("a..b=3", 3),
        ("a.b.=3", 5),
        ("networks.imp[1].rewind=3", 13),
        ("networks.imp.x=3", 14),
        ("study.x=3", 1),
        ("new[0]=3", 4),
        ("extends='x'", 1),
    ],
)
def test_what_can_not_be_set(argument, column):
    with pytest.raises(SpecError) as error:
        small(argument)
    (problem,) = error.value.problems
    assert (problem.code, problem.span.file, problem.span.line, problem.span.column) == ("E304", "--set", 1, column)
    assert error.value.sources["--set"] == argument


def test_deep_values_are_refused():
    assert codes("title=" + "[" * 60 + "]" * 60) == ["E009"]
    assert codes("title=" + "[" * 900 + "]" * 900) == ["E009"]


def test_a_value_can_not_smuggle_in_another_key():
    assert study("title=1\nreplicates=9").replicates == 1


NAMES = st.one_of(
    st.from_regex(r"[A-Za-z_-][A-Za-z0-9_-]{0,5}", fullmatch=True), st.sampled_from(["a.b", "imp[lr=0.1]"])
)
ANY = st.text(min_size=1, max_size=6) | st.text("\"'\\.[]= a1", max_size=6)


@given(st.lists(NAMES, min_size=1, max_size=4), st.integers(0, 3))
def test_paths_are_read_as_they_are_written(names, index):
    path = (names[0], index, *names[1:])
    assert tuple(part.name for part in parse_path(dotted(path))) == path


@given(st.lists(ANY | st.integers(0, 12), min_size=1, max_size=4).filter(lambda path: isinstance(path[0], str)))
def test_so_are_those_of_any_keys(path):
    """A file may have any text for a key."""
    assert [part.name for part in parse_path(dotted(tuple(path)))] == path
