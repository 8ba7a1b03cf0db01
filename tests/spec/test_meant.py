"""What an error offers in place of a wrong value: it is what was meant, in the spelling of the file, and it loads."""

import re
from pathlib import Path

import pytest
from small import text

from lmcspec.base.errors import Problem, SpecError
from lmcspec.spec import load

YAML = """
study: small
dataset: digits
model: lenet-300-100
recipes:
  real:
    length: 10ep
    batch: 32
    optimiser: {name: sgd, lr: 0.1}
networks:
  dense: []
  imp: [{rounds: 3}]
measures:
  accuracy: {}
"""


def problems(content: str, name: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as error:
        load(Path(name), text=content)
    return error.value.problems


def offered(content: str, name: str) -> str:
    """The single thing that is offered; the text with it in place of what stands there loads."""
    (problem,) = problems(content, name)
    found = re.fullmatch(r"did you mean `(.*)`\?", problem.label)
    assert found, problem
    span = problem.span
    assert span is not None
    lines = content.split("\n")
    line = lines[span.line - 1]
    after = line[span.column - 1 :]
    if span.end_line == span.line:
        after = line[span.end_column - 1 :]
        after = (
            after.removeprefix(":") if found[1].startswith(line[span.column - 1 : span.end_column - 1] + ":") else after
        )
        lines[span.line - 1] = line[: span.column - 1] + found[1] + after
    else:
        lines[span.line - 1 : span.end_line] = [line[: span.column - 1] + found[1]]
    load(Path(name), text="\n".join(lines))
    return found[1]


STAGE = "[{{ {} }}]"


@pytest.mark.parametrize(
    ("stage", "meant"),
    [
        ("sparsity = 83", "0.83"),
        ("sparsity = 83.5", "0.835"),
        ('sparsity = "83 %"', "0.83"),
        ('sparsity = "83%"', "0.83"),
        ('sparsity = "83 percent"', "0.83"),
        ('sparsity = "0.83"', "0.83"),
        ('sparsity = ".83"', "0.83"),
        ('sparsity = "0,83"', "0.83"),
        ('rounds = 3, fraction = "1/5"', "0.2"),
        ("rounds = 3, fraction = 20", "0.2"),
        ('rounds = "3"', "3"),
        ("rounds = 3.0", "3"),
        ("rounds = [3]", "3"),
        ('rounds = 3, iterative = "no"', "false"),
        ('rounds = 3, exact = "off"', "false"),
        ("rounds = 3, iterative = 1", "true"),
        ('rounds = 3, exclude = "fc"', '["fc"]'),
        ('rounds = 3, exclude = "fc, conv1"', '["fc", "conv1"]'),
        ('rounds = 3, rewind = "3 epochs"', '"3ep"'),
        ('rounds = 3, rewind = "3e"', '"3ep"'),
        ('rounds = 3, rewind = "100 it"', '"100it"'),
        ('rounds = 3, rewind = "100 iterations"', '"100it"'),
        ('rounds = 3, rewind = "2ep 4it"', '"2ep4it"'),
        ("rounds = 3, rewind = 3.0", "3"),
    ],
)
def test_of_a_stage(stage, meant):
    assert offered(text(imp=STAGE.format(stage)), "s.toml") == meant


@pytest.mark.parametrize(
    ("measure", "meant"),
    [
        ('levels = [1], at = "rewind"', '["rewind"]'),
        ('levels = [1], at = "3ep"', '["3ep"]'),
        ('levels = [1], at = "3 epochs"', '["3ep"]'),
        ("levels = [1], at = 3", "[3]"),
        ('levels = [1], at = ["rewnd"]', '"rewind"'),
        ('levels = "last"', '["last"]'),
        ("levels = 2", "[2]"),
        ("levels = 0.3", "[{ sparsity = 0.3 }]"),
        ("levels = [0.3]", "{ sparsity = 0.3 }"),
        ("levels = { sparsity = 0.3 }", "[{ sparsity = 0.3 }]"),
        ("levels = [{ sparsity = 30 }]", "0.3"),
        ('levels = [1], networks = "imp"', '["imp"]'),
        ('levels = [1], networks = "imp, dense"', '["imp", "dense"]'),
        ('levels = [1], copies = "3"', "3"),
    ],
)
def test_of_a_measure(measure, meant):
    assert offered(text(more=f"stability = {{ {measure} }}\n"), "s.toml") == meant


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"study": "2024"}, '"2024"'),
        ({"study": "1.0"}, '"1.0"'),
        ({"study": "1e3"}, '"1e3"'),
        ({"study": "2024-05-01"}, '"2024-05-01"'),
        ({"study": "true"}, '"true"'),
        ({"batch": '"32"'}, "32"),
        ({"batch": "32.0"}, "32"),
        ({"optimiser": '{ name = "sgd", lr = "5e-4" }'}, "0.0005"),
        ({"optimiser": '{ name = "sgd", lr = "10%" }'}, "0.1"),
        ({"optimiser": '{ name = "sgd", lr = 0.1, momentum = 90 }'}, "0.9"),
        ({"optimiser": '{ name = "sgd", lr = 0.1, nesterov = "yes" }'}, "true"),
        ({"model": '["lenet-300-100"]'}, '"lenet-300-100"'),
        ({"imp": "{ rounds = 2 }"}, "[{ rounds = 2 }]"),
        ({"imp": '"dense"'}, None),
        ({"dm10": '{ method = "dm", ipc = "10" }'}, "10"),
    ],
)
def test_of_the_rest(changes, meant):
    if meant is None:
        (problem,) = problems(text(**changes), "s.toml")
        assert problem.label == "expected a list of stages or a table with `like`"
    else:
        assert offered(text(**changes), "s.toml") == meant


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("study: small", "study: 2024", '"2024"'),
        ("study: small", "study: 1e3", '"1e3"'),
        ("study: small", "study: true", '"true"'),
        ("lr: 0.1", "lr: 10%", "0.1"),
        ("lr: 0.1", "lr: 0.1, nesterov: yes", "true"),
        ("  dense: []", "  dense:", "dense: []"),
        ("  dense: []", "  dense: ~", "[]"),
        ("  accuracy: {}", "  accuracy:", "accuracy: {}"),
        ("  accuracy: {}", "  accuracy: []", "{}"),
        ("  accuracy: {}", "  accuracy: true", "{}"),
        ("  accuracy: {}", "  - accuracy", "{accuracy: {}}"),
        ("  accuracy: {}", "  accuracy: {levels: last}", "[last]"),
        ("imp: [{rounds: 3}]", "imp: {rounds: 2}", "[{rounds: 2}]"),
        ("imp: [{rounds: 3}]", "imp:\n    rounds: 2", "[{rounds: 2}]"),
        ("model: lenet-300-100", "model:\n  - lenet-300-100", "lenet-300-100"),
        ("length: 10ep", "length: 10 epochs", "10ep"),
    ],
)
def test_in_yaml(old, new, meant):
    assert offered(YAML.replace(old, new, 1), "s.yaml") == meant


def test_a_bare_number_in_quotes_may_be_either():
    (problem,) = problems(text(imp='[{ rounds = 3, rewind = "50" }]'), "s.toml")
    assert problem.label == 'did you mean `"50it"` or `"50ep"`?'


def test_nothing_is_offered_that_is_none_either():
    for changes in ({"imp": "[{ sparsity = 830 }]"}, {"imp": "[{ rounds = -1 }]"}, {"batch": '"many"'}, {"batch": "0"}):
        (problem,) = problems(text(**changes), "s.toml")
        assert "did you mean" not in problem.label


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"optimiser": '{ name = "sgd", learning_rate = 0.1 }'}, "lr"),
        ({"batch": "32\nbatch_size = 32"}, "batch"),
        ({"batch": "32\nepochs = 10"}, "length"),
        ({"batch": '32\nscheduler = "cosine"'}, "schedule"),
        ({"batch": "32\nlearning_rate = 0.1"}, "optimiser.lr"),
        ({"batch": '32\nschedule = { name = "steps", at = [7], gamma = 0.1 }'}, "factor"),
        ({"study": '"s"\nseeds = 3'}, "replicates"),
        ({"imp": "[{ rounds = 3, pruning_fraction = 0.2 }]"}, "fraction"),
        ({"imp": "[{ rounds = 3, rewind_to = 3 }]"}, "rewind"),
        ({"imp": "[{ rounds = 3, Rewind = 3 }]"}, "rewind"),
        ({"imp": "[{ rounds = 3, rewind-of = 'dense' }]"}, "rewind_of"),
        ({"dataset": '{ nmae = "digits" }'}, "name"),
        ({"model": '{ type = "mlp" }'}, "name"),
        ({"dataset": '{ name = "digits", split = { validaton = 3 } }'}, "validation"),
        ({"dm10": '{ methd = "dm", ipc = 10 }'}, "method"),
    ],
)
def test_of_a_key(changes, meant):
    labels = [problem.label for problem in problems(text(**changes), "s.toml")]
    assert f"did you mean `{meant}`?" in labels


def test_a_space_that_there_is_not_is_shown_where_it_stands_with_the_choices():
    for wrong, code in (('"standardized"', "E106"), ('"white"', "E106"), ("3", "E105"), ('{ name = "white" }', "E106")):
        (problem,) = problems(text(dataset=f'{{ name = "digits", space = {wrong} }}'), "s.toml")
        assert problem.code == code
        said = f"{problem.message} {problem.label} {problem.help}"
        assert all(f'"{name}"' in said for name in ("raw", "standardised", "zca"))
        assert problem.span is not None
        assert (
            text(dataset=f'{{ name = "digits", space = {wrong} }}')
            .split("\n")[problem.span.line - 1][problem.span.column - 1 :]
            .startswith(wrong.lstrip("{ name="))
        )
    (problem,) = problems(text(dm10='{ load = "x.pt" }'), "s.toml")
    assert '"raw", "standardised", "zca"' in problem.help


def test_a_model_of_a_package_that_is_not_there():
    (problem,) = problems(text(model='"tiny-vit"'), "s.toml")
    assert problem.code == "E201"
    assert "mlp" in problem.help and "`lmcspec.cards`" in problem.help


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("lr: 0.1", "lr: [0.1, 0.2]", "`lr = { each = […] }`"),
        ("{rounds: 3}", "{rounds: [3, 4]}", "`rounds = { each = […] }`"),
        ("    batch: 32", "    batch: 32\n    replicates: 2", "`replicates` is a key of the spec itself"),
        ("  dense: []", "  dense: []\n  replicates: 3", "`replicates` is a key of the spec itself"),
        ("dataset: digits", "dataset: data/flowers", 'root = "data/flowers"'),
    ],
)
def test_what_is_written_in_another_place_or_form_is_told(old, new, words):
    (problem,) = problems(YAML.replace(old, new), "s.yaml")
    assert words in problem.help
