"""Who set a value, and what a code means."""

import json
import re
from unittest.mock import ANY

import pytest
import tomli
from small import small

from lmcspec.base.codes import CODES
from lmcspec.base.errors import UsageError
from lmcspec.spec.explain import explain_code, explain_path

MORE = """
[recipes.frankle]
extends = "frankle/lenet-mnist"
batch = 30
[sweep]
grid = { replicates = [1, 2] }
"""


def explained(path: str, *sets: str, case: str = ""):
    return explain_path(small(*sets, more=MORE), path, case)


def test_a_file_a_preset_a_case_and_set():
    assert str(
        explained("recipes.real.optimiser.lr")
    ) == "recipes.real.optimiser.lr = 0.1\n  set by file small.toml:9:34".replace("0.1\n", "0.1  (case replicates=1)\n")
    assert explained("recipes.distilled.batch").setter.span.line == 8
    frankle = explained("recipes.frankle.optimiser.lr")
    assert (frankle.value, frankle.setter.source, frankle.setter.span.file) == (
        0.0012,
        "preset",
        "presets/frankle.toml",
    )
    batch = explained("recipes.frankle.batch", "recipes.frankle.batch=10")
    assert [(one.value, one.source) for one in (batch.setter, *batch.overrode)] == [
        (10, "--set"),
        (30, "file"),
        (60, "preset"),
    ]
    assert "overrides 60 by preset presets/frankle.toml:6:9" in str(batch)
    assert [explained("replicates", case=f"replicates={n}").value for n in (1, 2)] == [1, 2]
    assert explained("replicates").setter.source == "case"


def test_defaults_are_said_to_be_defaults():
    found = explained("networks.imp[0].fraction")
    assert (found.value, found.setter.source) == (0.2, "default")
    assert str(found).endswith("set by default")
    assert explained("recipes.real.schedule.warmup").value == "0ep"
    assert explained("dataset.name").value == "digits"


def test_tables_and_lists_are_explained_whole():
    assert explained("networks.imp").value[0]["rounds"] == 3
    assert explained("measures.accuracy").value["levels"] == "all"


def test_a_table_is_written_as_toml_with_who_set_each_leaf():
    lines = str(explained("recipes.frankle", "recipes.frankle.optimiser.lr=0.01")).splitlines()
    assert tomli.loads(f"x = {lines[0].removeprefix('recipes.frankle = ').removesuffix('  (case replicates=1)')}")[
        "x"
    ] == {
        "length": "24000it",
        "batch": 30,
        "optimiser": {"name": "adam", "lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0},
        "schedule": {"name": "constant", "warmup": "0ep"},
        "augment": {
            "flip": False,
            "crop": 0,
            "dsa": "",
            "dsa_style": "dc",
            "cutmix": 0.0,
            "jitter": 0.0,
            "lighting": 0.0,
        },
        "optimiser_state": "fresh",
        "learned_rate": False,
        "precision": "float32",
    }
    table = lines[lines.index('  length                       "24000it"     preset presets/frankle.toml:5') :]
    assert table[1:6] == [
        "  batch                        30            small.toml:27",
        '  optimiser.name               "adam"        preset presets/frankle.toml:7',
        "  optimiser.lr                 0.01          --set",
        "  optimiser.betas              [0.9, 0.999]  default",
        "  optimiser.eps                1e-08         default",
    ]
    assert [line.split()[0] for line in table[6:]] == [
        "optimiser.weight_decay",
        "schedule.name",
        "schedule.warmup",
        "augment.random_resized_crop",
        "augment.crop",
        "augment.flip",
        "augment.jitter",
        "augment.lighting",
        "augment.dsa",
        "augment.dsa_style",
        "augment.cutmix",
        "optimiser_state",
        "learned_rate",
        "precision",
    ]


def test_stages_are_told_apart_and_what_nobody_set_is_not_set():
    found = explained("networks.imp")
    assert str(found).startswith('networks.imp = [{ data = "real", rounds = 3, fraction = 0.2, ')
    leaves = {leaf.path: leaf.setter for leaf in found.leaves}
    assert (leaves["[0].rounds"].value, leaves["[0].rounds"].place) == (3, "small.toml:20")
    assert (leaves["[0].recipe"].value, leaves["[0].recipe"].place) == (None, "default")
    assert re.search(r"^  \[0\]\.recipe +not set +default$", str(found), re.MULTILINE)
    assert str(explained("dataset.space")) == "dataset.space is not set  (case replicates=1)\n  set by default"


def test_scalars_and_lists_of_them_are_one_leaf():
    assert explained("networks.dense").leaves == ()
    assert explained("study").leaves == ()
    assert str(explained("title", 'title="a\\"b"')).startswith('title = "a\\"b"')
    assert explained("model.widths").leaves == ()
    assert str(explained("model.widths")).startswith("model.widths = [300, 100]")


def test_a_case_sets_a_leaf_too():
    more = """
[sweep]
grid = { "recipes.real.batch" = [16, 64] }
"""
    found = explain_path(small(more=more), "recipes.real", "batch=64")
    batch = next(leaf for leaf in found.leaves if leaf.path == "batch")
    assert (batch.setter.value, batch.setter.place) == (64, "case small.toml:26")


def test_what_a_bare_name_stands_for_is_set_where_the_name_is():
    places = {leaf.path: leaf.setter.place for leaf in explained("model").leaves}
    assert places == {"name": "small.toml:4", "widths": "small.toml:4", "init": "default"}
    assert explained("dataset.name").setter.place == "small.toml:3"
    assert explained("dataset.root").setter.place == "default"
    wide = small(model='{ name = "lenet-300-100", widths = [8, 8] }')
    places = {leaf.path: leaf.setter for leaf in explain_path(wide, "model").leaves}
    assert (places["widths"].value, places["widths"].place, places["widths"].span.column) == (
        [8, 8],
        "small.toml:4",
        44,
    )
    assert places["name"].value == "mlp"


def test_what_was_overridden_is_toml_too():
    found = explained("recipes.real.optimiser", "recipes.real.optimiser={name='adam',lr=0.5}")
    assert 'overrides { name = "sgd", lr = 0.1 } by file small.toml:9:13' in str(found)


def test_an_explanation_is_plain_data():
    found = explained("recipes.frankle.batch").document()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["value"], found["setter"]["source"], found["setter"]["span"]["line"]) == (30, "file", 27)
    found = explained("networks.imp").document()
    assert found["value"][0]["rounds"] == 3
    assert {"path": "[0].rounds", "setter": {"value": 3, "source": "file", "span": ANY}} in found["leaves"]


def test_an_overridden_value_may_be_any_that_toml_has():
    for wrong, text in (("inf", "inf"), ("1979-05-27", "1979-05-27"), ("[nan]", ["nan"])):
        wild = small("recipes.real.batch=32", batch=wrong)
        found = explain_path(wild, "recipes.real.batch")
        assert f"overrides {wrong} by file" in str(found)
        assert json.loads(json.dumps(found.document(), allow_nan=False))["overrode"][0]["value"] == text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("recipes.reel", "did you mean `real`"),
        ("recipes.real.bach", "did you mean `batch`"),
        ("networks.imp[4]", "`networks.imp` has no `4`"),
        ("study.x", "`study` has no `x`"),
        ("permutations.x", "`permutations` has no `x`$"),
        ("networks.x", "`networks` has no `x`: it has dense, imp"),
        ("x", "the spec has no `x`: it has study, .* more"),
        ("a..b", "is no path"),
    ],
)
def test_what_is_not_there(path, words):
    with pytest.raises(UsageError, match=words.replace("[", r"\[")):
        explained(path)


def test_a_family_is_named_by_its_members():
    loaded = small(imp="[{ rounds = { each = [1, 2, 3] } }]")
    with pytest.raises(UsageError, match=r"has no `imp`: it is a family, `imp\[rounds=1\]` to `imp\[rounds=3\]`"):
        explain_path(loaded, "networks.imp.0.rounds")


def test_a_family_shows_its_members_and_what_varies():
    loaded = small(
        "replicates=2",
        "partners=2",
        more='[permutations]\nwt = { method = "weights", network = "dense", step = { each = ["1ep", "end"] } }\n',
        imp="[{ rounds = { each = [1, 2] } }]",
    )
    found = explain_path(loaded, "permutations.wt")
    line = loaded.cases[0].origins.span(("permutations", "wt[step=1ep]")).line
    assert str(found).splitlines() == [
        "permutations.wt is a family of 2",
        f"  set by file small.toml:{line}:6",
        f'  wt[step=1ep]  {{ step = "1ep" }}  small.toml:{line}',
        f'  wt[step=end]  {{ step = "end" }}  small.toml:{line}',
    ]
    assert {name: of["step"] for name, of in found.document()["value"].items()} == {
        "wt[step=1ep]": "1ep",
        "wt[step=end]": "end",
    }
    assert explain_path(loaded, "permutations.wt[step=1ep].step").value == "1ep"
    assert str(explain_path(loaded, "networks.imp")).startswith("networks.imp is a family of 2\n")


def test_an_unknown_case():
    with pytest.raises(UsageError, match="did you mean `replicates=1`"):
        explained("title", case="replicate=1")


def test_codes():
    assert explain_code("e103").title == "unknown key"
    assert str(explain_code("E401")).startswith("E401: rewind after the end\n")
    with pytest.raises(UsageError, match="E999"):
        explain_code("E999")


def test_every_code_is_explained_in_full_sentences():
    assert list(CODES) == sorted(CODES)
    for code in CODES.values():
        assert code.title
        assert code.text.endswith(".") or code.text.endswith('"..."`.')
