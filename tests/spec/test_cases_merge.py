"""Cases of files on top of each other, a part of the cases, and items of lists by their numbers."""

from pathlib import Path

import pytest
from small import small, text

from lmcspec.base.errors import SpecError
from lmcspec.spec import load

CASES = """
[[sweep.cases]]
case = "a"
replicates = 2
networks.imp.0.rounds = 5

[[sweep.cases]]
case = "b"
model = { name = "mlp", widths = [7] }
"""


def on_top(tmp_path: Path, above: str, *sets: str, below: str = CASES):
    (tmp_path / "base.toml").write_text(text(below))
    (tmp_path / "top.toml").write_text('extends = "base.toml"\n' + above)
    return {case.name: case.study for case in load(tmp_path / "top.toml", sets).cases}


def test_a_case_changes_an_item_of_a_list_and_leaves_its_other_keys():
    (case,) = small(
        more='[[sweep.cases]]\ncase = "a"\nnetworks.imp.1.rewind = "5it"\nnetworks.imp.0.scope = "layer"\n',
        imp="[{ rounds = 3, fraction = 0.3 }, { rounds = 2 }]",
    ).cases
    first, second = case.study.networks["imp"]
    assert (first.rounds, first.fraction, first.scope) == (3, 0.3, "layer")
    assert (second.rounds, second.rewind.updates) == (2, 5)


def test_a_file_changes_an_item_of_a_list_in_the_one_beneath(tmp_path):
    found = on_top(tmp_path, "[networks.imp.0]\nrewind = { each = [0, 3] }\n", below="")[""]
    assert [(name, found.networks[name][0].rounds) for name in found.networks if name != "dense"] == [
        ("imp[rewind=0]", 3),
        ("imp[rewind=3]", 3),
    ]


def test_cases_merge_by_name_and_new_ones_come_last(tmp_path):
    above = """
[[sweep.cases]]
case = "c"
replicates = 4
[[sweep.cases]]
case = "a"
networks.imp.0.rewind = 3
[[sweep.cases]]
case = "b"
model.widths = [9]
"""
    found = on_top(tmp_path, above)
    assert list(found) == ["a", "b", "c"]
    stage = found["a"].networks["imp"][0]
    assert (found["a"].replicates, stage.rounds, stage.rewind.epochs) == (2, 5, 3)
    assert (found["b"].model.name, found["b"].model.widths) == ("mlp", (9,))
    assert (found["c"].replicates, found["c"].networks["imp"][0].rounds) == (4, 3)


def test_a_whole_list_in_a_case_replaces_what_the_case_beneath_changed(tmp_path):
    found = on_top(tmp_path, '[[sweep.cases]]\ncase = "a"\nnetworks.imp = [{ rounds = 2 }, { rounds = 1 }]\n')
    assert [stage.rounds for stage in found["a"].networks["imp"]] == [2, 1]


def test_only_takes_cases_in_its_own_order_from_any_file_and_from_the_command_line(tmp_path):
    assert list(on_top(tmp_path, 'sweep.only = ["b", "a"]\n')) == ["b", "a"]
    assert list(on_top(tmp_path, 'sweep.only = ["b", "a"]\n', 'sweep.only=["a"]')) == ["a"]
    assert list(on_top(tmp_path, 'sweep.only = ["b"]\n', "replicates=7")) == ["b"]


def test_what_a_dropped_case_sets_clashes_with_nothing(tmp_path):
    assert on_top(tmp_path, "", "replicates=7", 'sweep.only=["b"]')["b"].replicates == 7


def test_what_is_set_holds_in_cases_that_bring_a_table_of_their_own():
    more = '[[sweep.cases]]\ncase = "a"\n[[sweep.cases]]\ncase = "b"\ndataset = "mnist"\n'
    more += '[[sweep.cases]]\ncase = "c"\nnetworks.imp = [{ rounds = 7 }]\n'
    cases = {case.name: case for case in small("dataset.root=here", more=more).cases}
    assert {name: (case.study.dataset.name, case.study.dataset.root) for name, case in cases.items()} == {
        "a": ("digits", "here"),
        "b": ("mnist", "here"),
        "c": ("digits", "here"),
    }
    origin = cases["b"].origins.of(("dataset", "root"))
    assert (origin.value, origin.source, origin.earlier) == ("here", "--set", ())


def test_a_file_beneath_two_others_undoes_nothing_and_is_an_origin_once(tmp_path):
    (tmp_path / "base.toml").write_text(text())
    (tmp_path / "one.toml").write_text('extends = "base.toml"\nrecipes.real.batch = 8\n')
    (tmp_path / "two.toml").write_text('extends = "base.toml"\nreplicates = 2\n')
    (tmp_path / "top.toml").write_text('extends = ["one.toml", "two.toml"]\nrecipes.distilled.batch = 4\n')
    case = load(tmp_path / "top.toml").cases[0]
    assert (case.study.recipes["real"].batch, case.study.recipes["distilled"].batch, case.study.replicates) == (8, 4, 2)
    origin = case.origins.of(("recipes", "real", "batch"))
    told = [(one.value, Path(one.value_span.file).name) for one in (origin, *origin.earlier)]
    assert told == [(8, "one.toml"), (32, "base.toml")]


def test_an_origin_goes_down_through_the_files(tmp_path):
    (tmp_path / "base.toml").write_text(text(CASES))
    (tmp_path / "top.toml").write_text('extends = "base.toml"\n[[sweep.cases]]\ncase = "a"\nreplicates = 3\n')
    origin = load(tmp_path / "top.toml").cases[0].origins.of(("replicates",))
    assert (origin.value, origin.source, Path(origin.value_span.file).name) == (3, "case", "top.toml")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('[sweep]\nonly = ["a"]\n', [("E310", "picks from `sweep.cases`")]),
        ("[sweep]\nonly = 3\n" + CASES, [("E310", "is a list of names")]),
        ('[sweep]\nonly = ["a", "a"]\n' + CASES, [("E308", "stands here twice")]),
        ('[sweep]\nonly = ["c"]\n' + CASES, [("E311", "there is no case `c`")]),
        ("[sweep]\nonly = []\n" + CASES, [("E310", "is a list of names")]),
        ('[[sweep.cases]]\ncase = "a"\nnetworks.imp.1.rounds = 2\n', [("E310", "case `a`: the list has 1 item")]),
    ],
)
def test_what_is_refused(more, expected):
    with pytest.raises(SpecError) as error:
        small(more=more)
    found = [(problem.code, problem.message) for problem in error.value.problems]
    assert [code for code, _ in found] == [code for code, _ in expected]
    assert all(words in message for (_, message), (_, words) in zip(found, expected, strict=True))


def test_two_cases_of_one_name_in_the_upper_file_are_told(tmp_path):
    twice = '[[sweep.cases]]\ncase = "a"\n[[sweep.cases]]\ncase = "a"\n'
    with pytest.raises(SpecError) as error:
        on_top(tmp_path, twice)
    assert [problem.code for problem in error.value.problems] == ["E308"]


def test_extending_nothing_is_no_key_of_the_study():
    assert load(Path("x.toml"), text="extends = []\n" + text()).cases[0].study.study == "small"
