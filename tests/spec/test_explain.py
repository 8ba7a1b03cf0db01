"""Who set a value, and what a code means."""

import dataclasses
import json

import pytest
from small import small

from lmcspec.base.codes import CODES
from lmcspec.base.errors import UsageError
from lmcspec.spec import explain_code, explain_path

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


def test_an_explanation_is_plain_data():
    json.dumps(dataclasses.asdict(explained("recipes.frankle.batch")))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("recipes.reel", "did you mean `real`"),
        ("recipes.real.bach", "did you mean `batch`"),
        ("networks.imp[4]", "`networks.imp` has no `4`"),
        ("study.x", "`study` has no `x`"),
        ("a..b", "is no path"),
    ],
)
def test_what_is_not_there(path, words):
    with pytest.raises(UsageError, match=words.replace("[", r"\[")):
        explained(path)


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
