"""Families: names, members, what follows them."""

import itertools

import pytest
from small import codes, small

from lmcspec.base.errors import SpecError

IMP = '[{ rounds = 3, rewind = { each = [0, "100it"] } }]'


def networks(*sets: str, **changes: str):
    case = small(*sets, **changes).cases[0]
    return case, case.study.networks


def test_members_are_named_by_what_varies():
    case, found = networks(imp=IMP)
    assert list(found) == ["dense", "imp[rewind=0]", "imp[rewind=100it]"]
    assert [str(found[name][0].rewind) for name in list(found)[1:]] == ["0ep", "100it"]
    family = case.families["imp"]
    assert family.axes == ("rewind",)
    assert [(member.name, dict(member.values)) for member in family.members] == [
        ("imp[rewind=0]", {"rewind": 0}),
        ("imp[rewind=100it]", {"rewind": "100it"}),
    ]


def test_several_each_give_all_combinations():
    _, found = networks(
        imp="[{ rounds = { each = [1, 2] }, rewind = 1 }, { rounds = 1, rewind = { each = [0, 1, 2] } }]"
    )
    assert [name for name in found if name != "dense"] == [
        f"imp[rounds={rounds},rewind={rewind}]" for rounds, rewind in itertools.product([1, 2], [0, 1, 2])
    ]
    assert [(stages[0].rounds, stages[1].rewind.epochs) for name, stages in found.items() if name != "dense"] == list(
        itertools.product([1, 2], [0, 1, 2])
    )


def test_the_same_key_in_two_stages_is_told_apart():
    _, found = networks(imp="[{ rounds = { each = [1, 2] } }, { rounds = { each = [3, 4] } }]")
    assert [name for name in found if name != "dense"] == [
        f"imp[0.rounds={first},1.rounds={second}]" for first in (1, 2) for second in (3, 4)
    ]


def test_a_baseline_follows_its_family():
    case, found = networks('networks.random={ like = "imp", mask = { each = ["shuffled", "even"] } }', imp=IMP)
    assert [(name, network.like, network.mask) for name, network in found.items() if name.startswith("random")] == [
        (f"random[mask={mask},rewind={rewind}]", f"imp[rewind={rewind}]", mask)
        for mask, rewind in itertools.product(["shuffled", "even"], ["0", "100it"])
    ]
    assert case.families["random"].axes == ("mask", "rewind")


def test_a_baseline_may_follow_one_member_or_several_networks():
    one = 'networks.one={ like = "imp[rewind=0]" }'
    both = 'networks.both={ like = { each = ["imp", "plain"] } }'
    _, found = networks(one, both, "networks.plain=[{ rounds = 2 }]", imp=IMP)
    assert found["one"].like == "imp[rewind=0]"
    assert [name for name in found if name.startswith("both")] == [
        "both[like=imp,rewind=0]",
        "both[like=imp,rewind=100it]",
        "both[like=plain]",
    ]


def test_a_family_in_a_measure_means_all_its_members():
    case, _ = networks(
        'figures.f={ plot = "table", networks = ["imp"] }', imp=IMP, accuracy='{ networks = ["imp", "dense"] }'
    )
    assert case.study.measures["accuracy"].networks == ("imp[rewind=0]", "imp[rewind=100it]", "dense")
    assert case.study.figures["f"].networks == ("imp[rewind=0]", "imp[rewind=100it]")


def test_a_family_of_recipes_makes_families_of_networks():
    case, found = networks(
        "networks.both=[{ data = 'dm10', rounds = 1 }, { rounds = 1 }]",
        optimiser='{ name = "sgd", lr = { each = [0.1, 0.3] } }',
    )
    assert list(case.study.recipes) == [f"{name}[lr={lr}]" for name in ("real", "distilled") for lr in (0.1, 0.3)]
    assert list(found) == [f"{name}[lr={lr}]" for name in ("dense", "imp", "both") for lr in (0.1, 0.3)]
    assert [stage.recipe for stage in found["both[lr=0.3]"]] == ["distilled[lr=0.3]", "real[lr=0.3]"]
    assert case.recipe("dense[lr=0.3]", "real") == "real[lr=0.3]"
    assert case.recipe("dense[lr=0.3]", "distilled") == "distilled"
    assert case.study.recipes["distilled[lr=0.3]"].optimiser.lr == 0.3


def test_families_of_two_recipes_are_told_apart():
    case, found = networks(
        "recipes.distilled.optimiser.lr={ each = [1.0, 2.0] }",
        "networks.both=[{ data = 'dm10', rounds = 1 }, { rounds = 1 }]",
        optimiser='{ name = "sgd", lr = { each = [0.1, 0.3] } }',
    )
    assert [name for name in found if name.startswith("both")] == [
        f"both[distilled.optimiser.lr={distilled},real.optimiser.lr={real}]"
        for distilled in (1.0, 2.0)
        for real in (0.1, 0.3)
    ]
    assert [stage.recipe for stage in found["both[distilled.optimiser.lr=2.0,real.optimiser.lr=0.1]"]] == [
        "distilled[lr=2.0]",
        "real[lr=0.1]",
    ]
    assert case.families["dense"].axes == ("lr",)


def test_a_recipe_key_may_vary_over_families_of_recipes():
    _, found = networks(
        "recipes.low={ extends = 'real', batch = { each = [8, 16] } }",
        imp='[{ rounds = 1, recipe = { each = ["real", "low"] } }]',
    )
    assert [(name, stages[0].recipe) for name, stages in found.items() if name != "dense"] == [
        ("imp[recipe=real]", "real"),
        ("imp[recipe=low,batch=8]", "low[batch=8]"),
        ("imp[recipe=low,batch=16]", "low[batch=16]"),
    ]


def test_values_that_make_no_name_are_numbered():
    _, found = networks(
        imp='[{ rounds = 1, exclude = { each = [[], ["fc1", "fc2"]] },'
        ' criterion = { each = ["random", { name = "magnitude" }] } }]'
    )
    assert [name for name in found if name != "dense"] == [
        f"imp[exclude={exclude},criterion={criterion}]"
        for exclude in ("#0", "fc1+fc2")
        for criterion in ("random", "magnitude")
    ]


def test_a_problem_in_a_member_stands_at_the_original_text():
    with pytest.raises(SpecError) as error:
        small(imp='[{ rounds = 3, rewind = { each = [0, "soon"] }, fraction = { each = [0.1, 0.2] } }]')
    (problem,) = error.value.problems
    assert (problem.code, problem.span.column) == ("E108", 44)
    assert problem.path == "networks.imp[rewind=soon,fraction=0.1][0].rewind"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"imp": "[{ rounds = { each = 3 } }]"}, ["E105"]),
        ({"imp": "[{ rounds = { each = [3], x = 1 } }]"}, ["E305"]),
        ({"imp": '[{ rounds = 3, exclude = [{ each = ["a"] }] }]'}, ["E305"]),
        ({"imp": "{ each = [[], []] }"}, ["E305"]),
        ({"imp": "[{ rounds = { each = [1, 1.0] } }]"}, ["E307"]),
        ({"imp": '[{ rounds = 3, rewind = { each = ["a", "a"] }, fraction = { each = [] } }]'}, ["E307", "E306"]),
        ({"model": '{ name = "mlp", widths = { each = [[3], [4]] } }'}, ["E305"]),
        ({"accuracy": "{ copies = { each = [1, 2] } }"}, ["E305"]),
    ],
)
def test_each_where_it_can_not_be(changes, expected):
    assert codes(**changes) == expected


def test_a_measure_names_one_member_of_a_family_of_recipes():
    more = "recipes.low={ extends = 'real', batch = { each = [8, 16] } }"
    assert codes(more, accuracy='{ evaluate = "low" }') == ["E207"]
    assert codes(more, accuracy='{ evaluate = "low[batch=8]" }') == []
    assert codes(more, accuracy='{ evaluate = "real" }') == []


def test_a_bomb_of_families_is_refused_at_once():
    keys = ", ".join(
        f"{key} = {{ each = {list(range(200))} }}" for key in ("rounds", "rewind", "schedule_from", "x", "y", "z")
    )
    assert codes(imp=f"[{{ {keys} }}]")[0] == "E312"


def test_a_name_that_is_too_long_says_so():
    keys = ", ".join(f'{key} = {{ each = ["{key * 3}"] }}' for key in ("exclude", "criterion", "rewind_of", "start"))
    with pytest.raises(SpecError) as error:
        small(imp=f"[{{ rounds = 1, {keys} }}]")
    problem = next(problem for problem in error.value.problems if problem.code == "E109")
    assert problem.help == "names have at most 120 characters, those of a family's members with all that varies in it"


def test_a_baseline_of_one_member_trains_with_its_recipe():
    case, found = networks(
        'networks.one={ like = "imp[lr=0.3]" }', optimiser='{ name = "sgd", lr = { each = [0.1, 0.3] } }'
    )
    assert "one" in found and "one" not in case.families
    assert case.recipe("one", "real") == "real[lr=0.3]"
