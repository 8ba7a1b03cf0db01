"""How much a spec may hold is counted before anything is made of it."""

import time
from pathlib import Path

import pytest
from small import codes, text

from lmcspec.base.errors import SpecError
from lmcspec.spec import load
from lmcspec.spec.size import MOST, count, count_in_yaml


def refused(spec: str, name: str = "x.toml") -> tuple[str, str]:
    """The first problem of a spec, which comes within two seconds of this process's time."""
    began = time.process_time()
    with pytest.raises(SpecError) as error:
        load(Path(name), text=spec)
    assert time.process_time() - began < 2
    return error.value.problems[0].code, error.value.problems[0].message


@pytest.mark.parametrize(
    "more",
    [
        "".join(f"[recipes.r{number}]\nextends = 'real'\n" for number in range(15_000)),
        "".join(f"[figures.f{number}]\nplot = 'table'\n" for number in range(15_000)),
        f"[measures.m]\nkind = 'accuracy'\nlevels = [{'1,' * 200_000}]\n",
        f"[networks.n]\nlike = [{'[],' * 200_000}]\n",
    ],
    ids=["recipes", "figures", "levels", "lists"],
)
def test_long_lists_and_tables(more):
    assert refused(text(more))[0] == "E010"


def test_yaml_is_counted_before_it_is_read():
    for spec in (
        "a:\n" + "  - 1\n" * 170_000,
        "a: [" + "1," * 400_000 + "]",
        "a: [" + "[[[[[1]]]]]" * 10_000,
        "".join(f"k{i}: 1\n" for i in range(60_000)),
    ):
        assert refused(spec, "x.yaml")[0] == "E010"


def test_comments_and_long_texts_are_no_values():
    spec = "# a, b, [c]\n\n" * 30_000 + "study: x  \n" + "title: " + "word " * 10_000
    assert count_in_yaml(spec) == 2
    assert count({"a": [1, {"b": "x"}], "c": {}}) == 6


def test_files_together(tmp_path):
    for number in range(20):
        (tmp_path / f"{number}.toml").write_text("".join(f"a{number}k{key} = 1\n" for key in range(800)))
    top = tmp_path / "top.toml"
    top.write_text(f"extends = [{', '.join(f'{chr(34)}{number}.toml{chr(34)}' for number in range(20))}]\n")
    with pytest.raises(SpecError) as error:
        load(top)
    assert error.value.problems[0].code == "E010"


def test_cases_together():
    grid = f"sweep.grid = {{ 'recipes.real.batch' = [{','.join(map(str, range(1, 1001)))}] }}\n"
    networks = "[networks]\n" + "".join(f"n{number} = [{{ rounds = 1 }}]\n" for number in range(1000))
    assert refused(grid + text().replace("[networks]\n", networks))[0] == "E312"


def test_values_of_one_axis():
    grid = f"sweep.grid = {{ 'recipes.real.batch' = [{','.join(map(str, range(1, 9001)))}] }}\n"
    began = time.process_time()
    assert refused(grid + text())[0] == "E312"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"imp": "[{ rounds = 1000000000 }]"}, "E107"),
        ({"imp": f"[{'{ rounds = 1 },' * 200}]"}, "E110"),
        ({"model": '{ name = "mlp", widths = [1000000000] }'}, "E107"),
        ({"model": '{ name = "mlp", widths = [0] }'}, "E107"),
        ({"model": f'{{ name = "mlp", widths = [{"8," * 200}] }}'}, "E110"),
        ({"model": '{ name = "convnet", depth = 3, width = 1000000000 }'}, "E107"),
        ({"dm10": '{ method = "dm", ipc = 1000000000 }'}, "E107"),
        ({"dm10": '{ method = "mtt", ipc = 1, experts = { count = 1000000000 } }'}, "E107"),
        ({"accuracy": '{}\nstability = { levels = ["last"], points = 1000000000 }'}, "E107"),
    ],
)
def test_numbers_that_no_machine_holds(changes, code):
    assert codes(**changes) == [code]


def test_what_is_at_the_limit_is_read_soon():
    networks = "".join(f'n{number} = {{ like = "imp" }}\n' for number in range((MOST - 100) // 2))
    began = time.process_time()
    loaded = load(Path("x.toml"), text=text().replace("[networks]\n", f"[networks]\n{networks}"))
    assert len(loaded.cases[0].study.networks) > 4900
    assert time.process_time() - began < 5
