"""Slips of the pen: the place that is shown is the one to change, and the text with what is offered is read further."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import text
from test_meant import YAML, problems

from lmcspec.base.errors import SpecError
from lmcspec.spec import load


def shown(content: str, name: str) -> tuple[str, str]:
    """The text under the caret, and all that is said."""
    (problem,) = problems(content, name)
    assert problem.code == "E101"
    span = problem.span
    assert span is not None
    line = content.split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1], f"{problem.message} {problem.label} {problem.help}".replace(
        "  ", " "
    )


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"study": "small"}, "small", '`"small"`'),
        ({"study": "my study"}, "my study", '`"my study"`'),
        ({"study": "\u201csmall\u201d"}, "\u201csmall\u201d", '`"small"`'),
        ({"study": '"small'}, '"', '`"small"`'),
        ({"study": "'small"}, "'", "`'small'`"),
        ({"study": '"""small'}, '"""', "not closed"),
        ({"dm10": '{ method = "dm, ipc = 10 }'}, '"', '`"dm"`'),
        ({"optimiser": '{ name = "sgd", lr = .1 }'}, ".1", "`0.1`"),
        ({"optimiser": '{ name = "sgd", lr = 1. }'}, "1.", "`1.0`"),
        ({"optimiser": '{ name = "sgd", lr = 10% }'}, "10%", "`0.1`"),
        ({"optimiser": '{ name = "sgd", lr = 0,1 }'}, "0,1", "`0.1`"),
        ({"optimiser": '{ name = "sgd", lr = 0.1, nesterov = True }'}, "True", "`true`"),
        ({"optimiser": '{ name = "sgd", lr = 0.1, nesterov = yes }'}, "yes", "`true`"),
        ({"optimiser": '{ name = "sgd", lr = None }'}, "None", "leave the key out"),
        ({"optimiser": '{ name = "sgd", lr: 0.1 }'}, ":", "TOML writes `=`"),
        ({"optimiser": '{ name = "sgd", lr = 0.1'}, "{", "not closed"),
        ({"batch": "032"}, "032", "`32`"),
        ({"batch": "32 // images"}, "//", "begin with `#`"),
        ({"batch": "32;"}, ";", "begin with `#`"),
        ({"imp": "[ rounds = 3 ]"}, "[ rounds = 3 ]", "`[{ rounds = 3 }]`"),
        ({"accuracy": ""}, "accuracy = ", "has no value"),
        ({"optimiser": '{ name = "sgd", lr == 0.1 }'}, "==", "`=`"),
        ({"optimiser": '{ name = "sgd" lr = 0.1 }'}, "lr", "comma"),
        ({"optimiser": '{ name = "sgd", lr = \u22120.1 }'}, "\u22120.1", "`-0.1`"),
        ({"imp": "[{ rounds = 3 } { rounds = 2 }]"}, "{", "comma"),
        ({"optimiser": '{ name = "sgd"; lr = 0.1 }'}, ";", "`,`"),
        ({"optimiser": '{ name = "sgd", lr = 1/10 }'}, "1/10", "`0.1`"),
        ({"batch": "32,"}, ",", "leave it out"),
        ({"batch": "1,000"}, "1,000", "`1000`"),
        ({"batch": "\u00a032"}, "\u00a0", "U+00A0"),
        ({"study": '"C:\\xs"'}, '"C:\\xs"', "`'C:\\xs'`"),
        ({"batch": "32\nmini batch = 3"}, "mini batch", "`mini_batch`"),
        ({"imp": "[-{ rounds = 3 }]"}, "-{ rounds = 3 }", "no dashes before items"),
        ({"batch": "32\n- seed = 1"}, "- seed = 1", "`seed = 1`"),
        ({"batch": "32\n\u00a0seed = 1"}, "\u00a0", "U+00A0"),
        ({"batch": "*"}, "*", '`"*"`'),
        ({"optimiser": '{ name = "sgd", lr = .1, momentum = 9. }'}, ".1", "`0.1`"),
        ({"optimiser": '{ name = "sgd", lr = 0.1 ]'}, "]", "`}`"),
        ({"imp": "[{ rounds = 3 }}"}, "}", "`]`"),
        ({"study": '"a "small" word"'}, '"a "small" word"', "`'a \"small\" word'`"),
        ({"batch": "1" + "0" * 5000}, "1" + "0" * 5000, "an integer of 5,001 digits can't be read"),
        ({"batch": "32\n*"}, "*", "write `KEY = VALUE`, or `[TABLE]`"),
        ({"batch": "32\n-{ rounds = 3 }"}, "-{ rounds = 3 }", "write `KEY = VALUE`, or `[TABLE]`"),
    ],
)
def test_in_toml(changes, place, words):
    found, said = shown(text(**changes), "s.toml")
    assert found == place
    assert words in said


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("[measures]", "[measures", "[measures", "`[measures]`"),
        ("[measures]", "measures]", "measures]", "`[measures]`"),
        ("[measures]", "[measures]]", "[measures]]", "`[measures]`"),
        ("[measures]", "[[networks.own]\nrounds = 1\n[measures]", "[[networks.own]", "`[[networks.own]]`"),
        ("[measures]", "[[sweep.cases]\ncase = 'a'\n[measures]", "[[sweep.cases]", "`[[sweep.cases]]`"),
        ("accuracy = {}", "accuracy", "accuracy", "`accuracy = {}`"),
    ],
)
def test_in_headers(old, new, place, words):
    found, said = shown(text().replace(old, new), "s.toml")
    assert found == place
    assert words in said


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("    batch: 32", "\tbatch: 32", "\t", "spaces"),
        ("    batch: 32", "    batch:\t32", "\t", "spaces"),
        ("study: small", 'study: "small', '"', '`"small"`'),
        ("study: small", "study: 'small", "'", "`'small'`"),
        ("study: small", "study: small\ntitle: a: b", "a: b", '`"a: b"`'),
        ("study: small", "study: small\ntitle: [x", "[", "`]`"),
        ("study: small", "study: small\ntitle: {x", "{", "`}`"),
        ("study: small", "study: @small", "@small", '`"@small"`'),
        ("study: small", "study: `small`", "`small`", '`"small"`'),
        ("{name: sgd, lr: 0.1}", "{name: sgd lr: 0.1}", "lr", "`, lr`"),
        ("    batch: 32", "    batch:32", "batch:32", "`batch: 32`"),
        ("dataset: digits", "dataset = digits", "dataset = digits", "`dataset: digits`"),
        ("    batch: 32", "     batch: 32", "batch: 32", "5 spaces, the one above after 4"),
        ("imp: [{rounds: 3}]", "imp:\n    -{rounds: 3}", "-{", "`- {rounds: 3}`"),
        ("imp: [{rounds: 3}]", "imp:\n    - {rounds: 3}\n    -{rounds: 2}", "-{rounds: 2}", "`- {rounds: 2}`"),
        ("imp: [{rounds: 3}]", "imp:\n    - {rounds: 3}\n    -[2]", "-[2]", "`- [2]`"),
        ("  imp: [{rounds: 3}]", "  imp: [-{rounds: 3}]", "-", "leave it out"),
        ("  imp: [{rounds: 3}]", "  imp: -{rounds: 3}", "-", "leave it out"),
        ("  imp: [{rounds: 3}]", "  imp:\n    -\u00a0{rounds: 3}", "\u00a0", "U+00A0"),
        ("study: small", "study: small\ntitle:\n  -one\n  -two", "-one", "`- one`"),
        ("study: small", "study: *", "*", '`"*"`'),
        ("study: small", "study: small\ntitle: [*, x]", "*", '`"*"`'),
        ("study: small", "study: *.pt", "*.pt", '`"*.pt"`'),
        ("study: small", "study: &", "&", '`"&"`'),
        ("    batch: 32", "\u00a0\u00a0\u00a0\u00a0batch: 32", "\u00a0", "U+00A0 put an ordinary space"),
        ("    batch: 32", "  \u2003batch: 32", "\u2003", "U+2003 put an ordinary space"),
        ("  accuracy", "\u00a0\u00a0accuracy", "\u00a0", "U+00A0 put an ordinary space"),
        ("    batch: 32", "    batch:\u00a032", "\u00a0", "U+00A0 put an ordinary space"),
        ("    batch: 32", "    - batch: 32", "-", "leave the dash out: `batch: 32`"),
        ("  dense: []", "  - dense: []", "imp: [{rounds: 3}]", "leave out the dash in line 11"),
    ],
)
def test_in_yaml(old, new, place, words):
    found, said = shown(YAML.replace(old, new, 1), "s.yaml")
    assert found == place
    assert words in said


@pytest.mark.parametrize(
    ("content", "name", "what"),
    [
        (text(), "s.yaml", "this is TOML call the file `s.toml`"),
        (text(study="small"), "s.yaml", "this is TOML"),
        ('study = "x"\n', "s.yml", "this is TOML"),
        ("# one line\n[recipes]\n", "s.yaml", "this is TOML"),
        (YAML, "s.toml", "this is YAML call the file `s.yaml`"),
        (YAML.replace("small", '"small'), "s.toml", "this is YAML"),
        ("---\nstudy: x\n", "s.toml", "this is YAML"),
        ('{"study": "x"}', "s.toml", "this is JSON call the file `s.yaml`"),
        ('{\n "study": "x",\n "model": "y"}', "s.toml", "this is JSON"),
    ],
)
def test_one_language_under_the_name_of_the_other(content, name, what):
    _, said = shown(content, name)
    assert what in said


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"  real:\n": "  - real:\n", "\n    ": "\n      "}, "recipes", "leave the dash out: `real: …`"),
        ({"  accuracy": "  - accuracy"}, "measures", "leave the dash out: `accuracy: …`"),
        ({"  real:": "real:"}, "recipes", "if `real` in line 6 belongs to it, put two spaces before that line"),
        ({"  accuracy": "accuracy"}, "measures", "if `accuracy` in line 14 belongs to it, put two spaces"),
        ({"  accuracy: {}": ""}, "measures", "in the lines below it, two spaces further right"),
    ],
)
def test_lines_on_another_level_than_was_meant(changes, path, words):
    content = YAML
    for old, new in changes.items():
        content = content.replace(old, new)
    found = {problem.path: problem for problem in problems(content, "s.yaml")}
    assert (found[path].code, words in found[path].help) == ("E105", True)


def test_double_brackets_around_the_name_of_a_table():
    found = problems(text().replace("[recipes.real]", "[[recipes.real]]"), "s.toml")
    assert "write `[recipes.real]` in single brackets" in found[0].help


def test_spaces_that_are_not_seen_are_let_be_in_text():
    for title in ("83\u00a0% of it", "'\u00a0of it'"):
        load(Path("s.yaml"), text=YAML.replace("study: small", f"study: small\ntitle: {title}"))


def test_a_key_that_took_its_value_along():
    for wrong in ("lr:0.1", "lr = 0.1"):
        found = problems(YAML.replace("lr: 0.1", wrong), "s.yaml")
        assert "did you mean `lr: 0.1`?" in [problem.label for problem in found]


def test_json_is_read_as_yaml():
    import json

    from ruamel.yaml import YAML as Reader

    document = Reader(typ="safe", pure=True).load(YAML)
    for indent in (None, 1, "\t"):
        assert load(Path("s.yaml"), text=json.dumps(document, indent=indent)).name == "small"


@given(st.data())
def test_no_damage_to_a_text_makes_it_fall_over(data):
    whole, name = data.draw(
        st.sampled_from([(text(), "s.toml"), (YAML, "s.yaml"), (text(), "s.yaml"), (YAML, "s.toml")])
    )
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 30)))
    new = data.draw(st.text("\"'[]{}=:,#\t\n %-.1a\\", max_size=6))
    try:
        load(Path(name), text=whole[:start] + new + whole[end:])
    except SpecError as error:
        for problem in error.problems:
            assert problem.message and problem.code


def test_tables_of_a_set_are_told_apart_by_name_and_the_set_by_its_method():
    for inside, message in (
        ('{ method = "dm", ipc = 1, model = {} }', "`model` lacks the key `name`"),
        ("{ dataset = {} }", "`dataset` lacks the key `name`"),
        ("{ ipc = 1 }", "`dm10` lacks the key `method`, `load` or `dataset`"),
    ):
        (problem,) = problems(text(dm10=inside), "s.toml")
        assert (problem.code, problem.message) == ("E104", message)
