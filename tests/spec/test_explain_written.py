"""What `explain` says of keys that a resolved spec has no more: `extends`, `sweep`, `each`, as they were written."""

from pathlib import Path

import pytest
from small import small

from lmcspec.plan.named import explain_named
from lmcspec.spec import load
from lmcspec.spec.explain_written import as_written

MORE = """
[recipes.short]
extends = "real"
length = "5ep"
[networks.family]
like = "imp"
mask = { each = ["shuffled", "even"] }
[sweep]
grid = { replicates = [1, 2], "recipes.real.batch" = [8, 16] }
[[sweep.cases]]
case = "frankle"
recipes.other = "frankle/lenet-mnist"
[[sweep.cases]]
case = "mine"
"""


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("recipes.short.extends", "real", 26),
        ("recipes.distilled.extends", "real", 12),
        ("networks.family.mask.each", ["shuffled", "even"], 30),
        ("networks.family.mask.each[1]", "even", 30),
        ("networks.family.mask.each.1", "even", 30),
        ("networks.family.mask", {"each": ["shuffled", "even"]}, 30),
        ("sweep.grid.replicates", [1, 2], 32),
        ('sweep.grid."recipes.real.batch"', [8, 16], 32),
        ("sweep.grid.recipes.real.batch", [8, 16], 32),
        ("sweep.cases[1].case", "mine", 37),
        ("sweep.cases[0].recipes.other", "frankle/lenet-mnist", 35),
    ],
)
def test_they_are_told_with_their_places(path, value, line):
    explanation = as_written(small(more=MORE), path, "")
    assert explanation is not None and explanation.setter.span is not None
    assert (explanation.value, explanation.setter.source, explanation.setter.span.line) == (value, "file", line)


def test_a_table_of_them_is_told_leaf_by_leaf():
    explanation = as_written(small(more=MORE), "sweep", "")
    assert explanation is not None
    paths = ["grid.replicates", 'grid."recipes.real.batch"', "cases[0].case", "cases[0].recipes.other", "cases[1].case"]
    assert [leaf.path for leaf in explanation.leaves] == paths


def test_what_a_case_extends_is_told_of_that_case():
    cases = small(more=MORE).cases
    loaded = small(more=MORE)
    explanation = as_written(loaded, "recipes.other.extends", cases[0].name)
    assert explanation is not None and explanation.value == "frankle/lenet-mnist"
    assert explanation.setter.source == "case" and explanation.case == cases[0].name
    assert as_written(loaded, "recipes.other.extends", cases[-1].name) is None


@pytest.mark.parametrize(
    "path", ["sweep.zip", "sweep.cases[2]", "sweep.grid.replicates[2]", "extends", "a..b", "sweep.x.y"]
)
def test_what_nobody_wrote_is_not(path):
    assert as_written(small(more=MORE), path, "") is None


def test_files_and_set(tmp_path, monkeypatch):
    """The spec's own `extends`; what --set says of a sweep, over what the file said."""
    monkeypatch.chdir(tmp_path)
    Path("lower.toml").write_text('extends = "quickstart"\nsweep.grid.replicates = [1]\n')
    Path("base.toml").write_text('extends = "lower.toml"\n')
    Path("mine.toml").write_text('study = "mine"\nextends = ["base.toml"]\nsweep.grid.replicates = [2]\n')
    loaded = load(Path("mine.toml"), ["sweep.grid.replicates=[1,2]"])
    extends, replicates = (as_written(loaded, path, "") for path in ("extends", "sweep.grid.replicates"))
    assert extends is not None and replicates is not None
    assert str(extends).splitlines() == ['extends = ["base.toml"]', "  set by file mine.toml:2:11"]
    assert (replicates.value, replicates.setter.source) == ([1, 2], "--set")
    assert [earlier.value for earlier in replicates.overrode] == [[2], [1]]
    nothing = as_written(load(Path("quickstart")), "extends", "")
    assert nothing is None


def test_explain_tells_what_they_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text('study = "mine"\nextends = "quickstart"\n')
    explanation = explain_named(Path("mine.toml"), "extends", (), lambda: None, max_tasks=1000)
    assert str(explanation).startswith('extends = "quickstart"\n')
    assert [words.meaning.partition(":")[0] for words in explanation.words] == [
        "Specs beneath this one, later ones on top"
    ]


def test_keys_may_have_any_name(tmp_path, monkeypatch):
    """A tensor's name that has quotes, dots and backslashes, which a table of renamed layers may hold."""
    monkeypatch.chdir(tmp_path)
    spec = Path("mine.toml")
    spec.write_text(
        'extends = "quickstart"\nstudy = "mine"\n'
        """weights.w = { load = "w.safetensors", rename = { 'a"b' = "c", "it's" = "d", "e\\\\f" = "g" } }\n"""
    )
    for written, value in (("""'a"b'""", "c"), ('"it\'s"', "d"), ("'e\\f'", "g"), (r'"a\"b"', "c"), (r'"e\\f"', "g")):
        explanation = explain_named(spec, f"weights.w.rename.{written}", (), lambda: None, max_tasks=1000)
        assert explanation.value == value
