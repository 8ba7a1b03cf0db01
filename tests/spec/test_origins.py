"""Places of problems: at values, at keys, and at the nearest thing around what isn't there."""

from small import small

from lmcspec.base.errors import Span


def test_problems_stand_where_their_path_leads():
    origins = small().cases[0].origins
    at_value = origins.problem("E107", "no", ("recipes", "real", "batch"), label="here", help="so")
    assert at_value.span == Span("small.toml", 8, 9, 8, 11)
    assert (at_value.path, at_value.label, at_value.help) == ("recipes.real.batch", "here", "so")
    assert origins.problem("E107", "no", ("recipes", "real", "batch"), at="key").span == Span("small.toml", 8, 1, 8, 6)
    assert origins.problem("E107", "no", ("networks", "imp", 0)).path == "networks.imp[0]"


def test_what_is_not_written_stands_at_the_key_of_what_is_around_it():
    origins = small().cases[0].origins
    assert str(origins.span(("networks", "imp", 0, "rewind"))) == "small.toml:20:8"
    assert str(origins.span(("measures", "accuracy", "levels", 3))) == "small.toml:23:1"
    assert str(origins.span(("nowhere", "at", "all"))) == "small.toml:1:1"
    assert origins.of(("networks", "imp", 0, "rewind")).source == "default"


def test_inherited_values_stand_where_they_were_written():
    origins = small().cases[0].origins
    assert origins.span(("recipes", "distilled", "batch")) == origins.span(("recipes", "real", "batch"))
    assert origins.has(("recipes", "distilled", "batch"))
    assert not origins.has(("recipes", "distilled", "extends"))
