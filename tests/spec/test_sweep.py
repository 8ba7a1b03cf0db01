"""Sweeps: cases, their names, what they set, what is refused."""

import itertools

import pytest
from small import codes, small

from lmcspec.base.errors import SpecError


def cases(more: str, *sets: str, **changes: str):
    return {case.name: case.study for case in small(*sets, more=more, **changes).cases}


def test_a_grid_is_every_combination():
    found = cases('[sweep]\ngrid = { "recipes.real.optimiser.lr" = [0.1, 0.2], replicates = [1, 2, 3] }\n')
    assert list(found) == [f"lr={lr},replicates={n}" for lr, n in itertools.product([0.1, 0.2], [1, 2, 3])]
    assert [(one.recipes["real"].optimiser.lr, one.replicates) for one in found.values()] == list(
        itertools.product([0.1, 0.2], [1, 2, 3])
    )
    assert all(one.recipes["distilled"].optimiser.lr == one.recipes["real"].optimiser.lr for one in found.values())


def test_paths_may_be_nested_tables_and_enter_lists_and_short_forms():
    found = cases("[sweep.grid]\nnetworks.imp.0.rewind = [0, 3]\nmodel.depth = [2, 3]\n", model='"convnet2"')
    assert list(found) == ["rewind=0,depth=2", "rewind=0,depth=3", "rewind=3,depth=2", "rewind=3,depth=3"]
    assert found["rewind=3,depth=3"].networks["imp"][0].rewind.epochs == 3
    assert (found["rewind=3,depth=3"].model.name, found["rewind=3,depth=3"].model.depth) == ("convnet", 3)


def test_zip_goes_item_by_item():
    found = cases('[sweep]\nzip = { "recipes.real.batch" = [8, 16], replicates = [1, 2] }\n')
    assert [(name, one.recipes["real"].batch, one.replicates) for name, one in found.items()] == [
        ("batch=8,replicates=1", 8, 1),
        ("batch=16,replicates=2", 16, 2),
    ]


def test_a_case_that_changes_nothing_is_the_study_as_it_stands():
    more = '[[sweep.cases]]\ncase = "standard"\n[[sweep.cases]]\ncase = "low"\nrecipes.real.optimiser.lr = 0.01\n'
    found = cases(more, "recipes.real.batch=64")
    assert {name: one.recipes["real"].optimiser.lr for name, one in found.items()}["low"] == 0.01
    assert found["standard"].recipes["real"].optimiser.lr != 0.01
    assert {one.recipes["real"].batch for one in found.values()} == {64}


def test_cases_grid_and_zip_multiply_and_exclude_takes_away():
    more = """
[sweep]
grid = { "recipes.real.batch" = [8, 16] }
zip = { partners = [1, 2] }
exclude = [{ case = "low", "recipes.real.batch" = 8 }, { recipes.real.batch = 16, partners = 2 }]
[[sweep.cases]]
case = "low"
recipes.real.optimiser.lr = 0.01
[[sweep.cases]]
case = "adam"
recipes.real.optimiser = { name = "adam", lr = 0.001 }
networks.more = [{ rounds = 1 }]
"""
    found = cases(more)
    assert list(found) == [
        "low,batch=16,partners=1",
        "adam,batch=8,partners=1",
        "adam,batch=8,partners=2",
        "adam,batch=16,partners=1",
    ]
    assert found["low,batch=16,partners=1"].recipes["real"].optimiser.lr == 0.01
    assert found["adam,batch=8,partners=2"].recipes["real"].optimiser.name == "adam"
    assert "more" in found["adam,batch=8,partners=2"].networks
    assert "more" not in found["low,batch=16,partners=1"].networks


def test_a_case_may_bring_a_family():
    found = cases("[[sweep.cases]]\ncase = 'a'\nnetworks.imp = [{ rounds = { each = [1, 2] } }]\n")
    assert list(found["a"].networks) == ["dense", "imp[rounds=1]", "imp[rounds=2]"]


def test_a_case_knows_who_set_what():
    (case,) = small(more="[sweep]\ngrid = { replicates = [4] }\n").cases
    origin = case.origins.of(("replicates",))
    assert (origin.value, origin.source, origin.value_span.column, origin.key_span.column) == (4, "case", 24, 10)


def test_a_problem_of_several_cases_is_told_once():
    with pytest.raises(SpecError) as error:
        small("title=3", more="[sweep]\ngrid = { replicates = [1, 2, 0] }\n")
    assert [problem.code for problem in error.value.problems] == ["E107", "E105"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("sweep = 3\n", []),
        ("[sweep]\ngird = {}\n", ["E103"]),
        ("[sweep]\ngrid = {}\n", ["E310"]),
        ("[sweep]\ngrid = { replicates = [] }\n", ["E310"]),
        ("[sweep]\ngrid = { replicates = [1, 1] }\n", ["E308"]),
        ("[sweep]\ngrid = [1]\n", ["E310"]),
        ("[sweep]\ngrid = { 'a..b' = [1] }\n", ["E310"]),
        ("[sweep]\ngrid = { 'networks.imp.5.rewind' = [1] }\n", ["E310"]),
        ("[sweep]\ngrid = { study = ['a'] }\n", ["E313"]),
        ("[sweep]\ngrid = { replicates = [1] }\nexclude = [{ replicates = 1 }]\n", ["E311"]),
        ("[sweep]\ngrid = { replicates = [1] }\nexclude = [3]\n", ["E310"]),
        ("[sweep]\ncases = []\n", ["E310"]),
        ("[[sweep.cases]]\ncase = 'a b'\n", ["E109"]),
        ("[[sweep.cases]]\ncase = 'a'\nstudy = 'x'\n", ["E313"]),
        ("[sweep]\ngrid = { on_collapse = ['go-on', 'skip'] }\n", ["E313"]),
        ("[sweep]\nzip = { title = ['a', 'b'], source = ['c', 'd'] }\n", ["E313", "E313"]),
        ("[[sweep.cases]]\ncase = 'a'\non_collapse = 'skip'\n", ["E313"]),
        ("[[sweep.cases]]\ncase = 'a'\nreplicates = 2\n[sweep.grid]\nreplicates = [3]\n", ["E313"]),
    ],
)
def test_what_is_refused(more, expected):
    if more == "sweep = 3\n":
        assert codes("sweep=3") == ["E310"]
    else:
        assert codes(more=more) == expected


def test_a_bomb_of_cases_is_refused_at_once():
    axes = ", ".join(f'"a.k{index}" = {list(range(50))}' for index in range(20))
    assert codes(more=f"[sweep]\ngrid = {{ {axes} }}\n") == ["E312"]
