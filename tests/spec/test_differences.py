"""What differs between two resolved specs, with who set it."""

import pytest
from small import small

from lmcspec.spec.differences import differences


def cells(*args, **kwargs):
    return [one.cells for one in differences(*args, **kwargs).differing]


def test_equal_specs_have_none():
    assert cells(small(), small()) == []
    assert cells(small(batch="32"), small("recipes.real.batch=32")) == [], "whoever says it"


def test_a_leaf_with_who_set_it_on_either_side():
    assert cells(small(), small("recipes.real.optimiser.lr=0.2")) == [
        ("recipes.real.optimiser.lr", "0.1", "small.toml:9", "0.2", "--set"),
        ("recipes.distilled.optimiser.lr", "0.1", "small.toml:9", "0.2", "--set"),
    ]
    (one,) = cells(small(), small("recipes.distilled.optimiser.momentum=0.9"))
    assert one == ("recipes.distilled.optimiser.momentum", "0.0", "default", "0.9", "--set")


def test_a_table_that_one_side_lacks_is_one_difference_as_written():
    more = '[]\nlate = [{ rounds = 2, rewind = "3ep" }]'
    extra = ("networks.late", "–", "", '[{ rounds = 2, rewind = "3ep" }]', "small.toml:20")
    assert cells(small(), small(dense=more)) == [extra]
    assert [one[:3] for one in cells(small(dense=more), small())] == [(extra[0], extra[3], extra[4])]


def test_stages_are_compared_one_by_one():
    found = cells(small(), small(imp='[{ rounds = 2 }, { data = "dm10", rounds = 1 }]'))
    assert [(one[0], one[1], one[3]) for one in found] == [
        ("networks.imp[0].rounds", "3", "2"),
        ("networks.imp[1]", "–", '{ data = "dm10", rounds = 1 }'),
    ]


def test_another_sort_of_optimiser_has_other_keys():
    found = {one[0]: (one[1], one[3]) for one in cells(small(), small('recipes.real.optimiser={name="adam",lr=0.1}'))}
    assert found["recipes.real.optimiser.name"] == ('"sgd"', '"adam"')
    assert found["recipes.real.optimiser.momentum"] == ("0.0", "–")
    assert found["recipes.real.optimiser.betas"] == ("–", "[0.9, 0.999]")
    assert "recipes.real.optimiser.lr" not in found


SWEPT = "sweep.grid={replicates=[1,2,3]}"


def test_cases_are_compared_by_name_and_what_is_alike_stands_once():
    found = differences(small(SWEPT), small(SWEPT, "recipes.distilled.batch=64"))
    (one,) = found.differing
    assert (one.path, one.cases, found.of) == (
        "recipes.distilled.batch",
        ("replicates=1", "replicates=2", "replicates=3"),
        3,
    )


def test_cases_that_only_one_side_has():
    found = differences(small(SWEPT), small("sweep.grid={replicates=[2,4]}"))
    assert (found.differing, found.only_a, found.only_b) == ((), ("replicates=1", "replicates=3"), ("replicates=4",))


def test_two_single_cases_are_compared_whatever_they_are_called():
    found = differences(small(), small("sweep.grid={replicates=[2]}"))
    assert [one.cells[0] for one in found.differing] == ["replicates"]
    assert found.only_a == found.only_b == ()


@pytest.mark.parametrize("sets", ["recipes.real.batch=64", "networks.imp=[]", "title='other'", "model='convnet2'"])
def test_differences_are_the_same_backwards(sets):
    forth, back = cells(small(), small(sets)), cells(small(sets), small())
    assert forth
    assert sorted((path, a, b) for path, a, _, b, _ in forth) == sorted((path, a, b) for path, b, _, a, _ in back)
