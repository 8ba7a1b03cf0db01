"""What permutations align: pruned networks and such of two steps; which tasks that takes and which are shared."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError

NETWORKS = """
[networks]
dense = []
imp = [{ rounds = 2, fraction = 0.5 }]
late = [{ rounds = 1, rewind = "2it" }]
chance = [{ rounds = 1, fraction = 0.5, criterion = "random" }]
"""
PLAIN = '{ method = "weights", network = "dense" }'


def plan(permutations: str, measures: str = "", *, under: str = "", replicates: int = 2, partners: int = 2):
    """The plan of a study that looks at the dense networks under all of these permutations."""
    names = [line.split(" = ")[0] for line in permutations.strip().splitlines()]
    under = under or ", ".join(f'"{name}"' for name in names)
    measures = (
        measures or f'conn = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = [{under}] }}'
    )
    head = f"replicates = {replicates}\npartners = {partners}\n"
    return plan_of(f"{head}{SEVEN_UPDATES}{NETWORKS}[permutations]\n{permutations}\n[measures]\n{measures}\n")


def inputs(plan, task):
    return {name: plan.tasks[source] for name, source in plan.tasks[task].inputs}


def under(plan, measure="conn"):
    """By permutation, the task of the path and of the alignment, of the first pair."""
    return {target.under: (target.task, dict(plan.tasks[target.task].inputs).get("permutation")) for target in plan.targets
            if target.measure == measure and target.replicate == 0}  # fmt: skip


def test_both_are_pruned_at_the_step_and_aligned_so():
    asked = plan('mag = { method = "weights", network = "dense", step = "3it", prune = { fraction = 0.25, scope = "layer", exclude = ["classifier"] } }')  # fmt: skip
    path, match = under(asked)["mag"]
    aligned = inputs(asked, match)
    assert set(aligned) == {"a", "b", "mask-a", "mask-b"}
    for number, end in enumerate("ab"):
        prune = aligned[f"mask-{end}"]
        assert aligned[end].params.until == 3 and dict(aligned[end].seeds)["replicate"] == number
        assert dict(prune.inputs) == {"state": aligned[end].id}, "the state that is aligned ranks its own weights"
        assert (prune.kind, prune.params.fraction, prune.params.scope) == ("prune", 0.25, "layer")
        assert prune.params.exclude == ("classifier",)
    assert set(inputs(asked, path)) == {"a", "b", "permutation"}, "the path runs between whole networks"


def test_methods_share_masks_and_so_do_stages_that_prune_the_same():
    prune = "prune = { fraction = 0.5 }"
    asked = plan(
        f'wm = {{ method = "weights", network = "dense", {prune} }}\n'
        f'am = {{ method = "activations", network = "dense", images = 100, {prune} }}\n'
        'rnd = { method = "weights", network = "dense", prune = { criterion = "random", fraction = 0.5 } }\n',
        'conn = { kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["wm", "am", "rnd"] }\n'
        'accuracy = { networks = ["imp", "chance"], levels = [1] }',
    )
    masks = {
        target.network: target.mask for target in asked.targets if target.measure == "accuracy" and not target.replicate
    }
    by_name = {name: inputs(asked, match) for name, (_, match) in under(asked).items()}
    of_first = {name: task["mask-a"].id for name, task in by_name.items()}
    assert of_first == {"wm": masks["imp"], "am": masks["imp"], "rnd": masks["chance"]}
    assert sum(task.kind == "prune" for task in asked.tasks.values()) == 4


def test_random_masks_are_each_partner_s_own_and_the_same_at_every_step():
    asked = plan(
        'end = { method = "weights", network = "dense", prune = { criterion = "random", fraction = 0.5 } }\n'
        'early = { method = "weights", network = "dense", step = "3it", prune = { criterion = "random", fraction = 0.5 } }\n'
    )
    by_name = {name: inputs(asked, match) for name, (_, match) in under(asked).items()}
    assert by_name["end"]["mask-a"].id == by_name["early"]["mask-a"].id
    a, b = (by_name["end"][f"mask-{end}"] for end in "ab")
    assert not a.inputs and [dict(mask.seeds)["replicate"] for mask in (a, b)] == [0, 1]


@pytest.mark.parametrize("criterion", ["snip", "magnitude-at-init"])
def test_what_ranks_the_rewind_point_ranks_where_the_level_begins(criterion):
    asked = plan(f'p = {{ method = "weights", network = "dense", prune = {{ criterion = "{criterion}", fraction = 0.5 }} }}')  # fmt: skip
    mask = inputs(asked, under(asked)["p"][1])["mask-b"]
    assert mask.params.start == "init" and dict(mask.seeds) == {"replicate": 1} and not mask.inputs
    assert (mask.params.data is not None) is (criterion == "snip")


def test_a_sparse_network_loses_more_of_what_is_left():
    asked = plan('p = { method = "weights", network = "imp", level = "same", prune = { fraction = 0.5 } }',
                 'conn = { kind = "connectivity", networks = ["imp"], levels = [1], under = ["p"] }')  # fmt: skip
    aligned = inputs(asked, under(asked)["p"][1])
    assert dict(aligned["mask-a"].inputs)["mask"] == dict(aligned["a"].inputs)["mask"]


@pytest.mark.parametrize(
    "nothing",
    [
        "prune = { fraction = 0 }",
        'prune = { criterion = "random", fraction = 0.0 }',
        'rewind_layers = { how = "top-down", layers = "classifier", step = "6it" }',
    ],
)
def test_nothing_pruned_and_nothing_rewound_is_the_plain_permutation(nothing):
    asked = plan(f'wm = {PLAIN}\nsame = {{ method = "weights", network = "dense", {nothing} }}')
    assert under(asked)["wm"] == under(asked)["same"]


def test_layers_of_an_earlier_step():
    asked = plan('up = { method = "weights", network = "dense", rewind_layers = { how = "bottom-up", layers = "classifier", step = "3it" } }')  # fmt: skip
    match = under(asked)["up"][1]
    aligned = inputs(asked, match)
    assert {name: task.params.until for name, task in aligned.items()} == {"a": 6, "b": 6, "early-a": 3, "early-b": 3}
    assert [dict(aligned[f"early-{end}"].seeds)["replicate"] for end in "ab"] == [0, 1]
    params = asked.tasks[match].params
    assert (params.how, params.layers) == ("bottom-up", "classifier")
    assert aligned["early-a"].id in asked.byproducts, "the training passes it on its way"


@pytest.mark.parametrize(
    "key", ["prune = { fraction = 0.5 }", 'rewind_layers = { how = "put-in", layers = "classifier", step = "3it" }']
)
def test_by_way_of_a_third(key):
    asked = plan(f'ind = {{ method = "weights", network = "dense", via = "third", {key} }}', replicates=3, partners=3)
    ways = inputs(asked, under(asked)["ind"][1])
    for name, second in (("a", 0), ("b", 1)):
        into = {place: dict(task.seeds or dict(task.inputs)) for place, task in inputs(asked, ways[name].id).items()}
        assert into["a"]["replicate"] == 2 and into["b"]["replicate"] == second
        assert len(into) == 4


PRUNED = 'p = { method = "weights", network = "dense", step = "3it", prune = { fraction = 0.5 } }\n'
ENDS = 'conn = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = [{}], ends = "pruned" }}\n'


def test_pruned_ends_have_the_masks_of_the_step_of_the_alignment():
    asked = plan(PRUNED, ENDS.format('"none", "p"') + 'whole = { kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["p"] }')  # fmt: skip
    path, match = under(asked)["p"]
    ends, aligned = inputs(asked, path), inputs(asked, match)
    assert set(ends) == {"a", "b", "mask-a", "mask-b", "permutation"}
    for end in "ab":
        assert ends[f"mask-{end}"].id == aligned[f"mask-{end}"].id
        assert (ends[end].params.until, aligned[end].params.until) == (6, 3), "whatever is compared"
    unmoved = inputs(asked, under(asked)["none"][0])
    assert {name: task.id for name, task in unmoved.items()} == {
        name: task.id for name, task in ends.items() if name != "permutation"
    }, "`none` beside one way to prune has its masks"
    assert set(inputs(asked, under(asked, "whole")["p"][0])) == {"a", "b", "permutation"}


def test_pruned_ends_with_nothing_pruned_are_whole():
    zero = PRUNED.replace("0.5", "0")
    asked = plan(zero, ENDS.format('"none", "p"'))
    whole = plan(zero, ENDS.replace(', ends = "pruned"', "").format('"none", "p"'))
    assert under(asked) == under(whole)


def test_pruned_ends_under_the_way_by_a_third():
    third = PRUNED.replace('step = "3it"', 'via = "third"')
    asked = plan(third, ENDS.format('"p"'), replicates=3, partners=3)
    ends = inputs(asked, under(asked)["p"][0])
    assert {dict(ends[f"mask-{end}"].inputs)["state"] for end in "ab"} == {ends["a"].id, ends["b"].id}


@pytest.mark.parametrize(
    ("permutations", "named", "says"),
    [
        (f"wm = {PLAIN}\n", '"none", "wm"', "no permutation that it names says how"),
        (PRUNED, '"none"', "no permutation that it names says how"),
        (PRUNED + PRUNED.replace("p = {", "q = {").replace("0.5", "0.6"), '"none", "p", "q"', "`none` does not prune, and the others prune in 2 ways"),
        (PRUNED + PRUNED.replace("p = {", "q = {").replace("3it", "4it"), '"none", "p", "q"', "in 2 ways"),
    ],
)  # fmt: skip
def test_ends_of_which_it_is_not_said_how_they_are_pruned(permutations, named, says):
    with pytest.raises(SpecError) as error:
        plan(permutations, ENDS.format(named))
    (problem,) = error.value.problems
    assert problem.code == "E117" and says in problem.message and problem.help


def test_two_that_prune_differently_have_each_its_own_masks():
    asked = plan(PRUNED + PRUNED.replace("p = {", "q = {").replace("0.5", "0.6"), ENDS.format('"p", "q"'))
    fractions = {name: inputs(asked, path)["mask-a"].params.fraction for name, (path, _) in under(asked).items()}
    assert fractions == {"p": 0.5, "q": 0.6}


REWOUND = 'p = {{ method = "weights", network = "dense", step = "{}", rewind_layers = {{ how = "put-in", layers = "{}", step = "{}" }} }}'  # fmt: skip


@pytest.mark.parametrize(
    ("permutation", "code", "says"),
    [
        (REWOUND.format("end", "classifier", "8it"), "E401", "training ends after 6"),
        (REWOUND.format("8it", "classifier", "3it"), "E401", "training ends after 6"),
        (REWOUND.format("3it", "classifier", "4it"), "E117", "later than `step` = 3it"),
        (REWOUND.format("end", "layer.0", "3it"), "E409", "no module 'layer.0'"),
        (REWOUND.format("end", "0", "3it"), "E409", "no module '0'"),
        (REWOUND.format("end", "layers.1", "3it"), "E409", "no module 'layers.1'"),
    ],
)
def test_steps_and_layers_that_are_not_there(permutation, code, says):
    with pytest.raises(SpecError) as error:
        plan(permutation)
    (problem,) = error.value.problems
    assert problem.code == code and says in problem.message
    assert "exact paths are layers, layers.0, classifier" in problem.help or code != "E409"
    assert problem.label == ("did you mean `layers.0`?" if code == "E409" else "")


@pytest.mark.parametrize("steps", [("5it", "1it"), ("1it", "0it"), ("rewind", "4it")])
def test_before_the_level_begins(steps):
    late = REWOUND.format(steps[0], "classifier", steps[1]).replace('"dense"', '"late", level = 1')
    with pytest.raises(SpecError) as error:
        plan(late, 'conn = { kind = "connectivity", networks = ["late"], levels = [1], under = ["p"] }\n')
    (problem,) = error.value.problems
    assert problem.code == "E405" and problem.help
    assert problem.path in ("permutations.p.step", "permutations.p.rewind_layers.step"), "it stands where that is said"


def test_a_level_that_there_is_not_stands_where_it_is_said():
    """Of a permutation that nothing looks at, too; where the level is that which is looked at, at the measure."""
    accuracy = "accuracy = {}\n"
    with pytest.raises(SpecError) as error:
        plan('p = { method = "weights", network = "imp", level = 3, restarts = { each = [1, 2] } }', accuracy)
    (problem,) = error.value.problems
    assert (problem.code, problem.path) == ("E403", "permutations.p[restarts=1].level")
    assert problem.message == "`p` aligns level 3 of 'imp', which has levels 0 to 2"
    same = 'p = { method = "weights", network = "late", level = "same" }'
    with pytest.raises(SpecError) as error:
        plan(same, 'conn = { kind = "connectivity", networks = ["imp"], levels = "all", under = ["p"] }\n')
    (problem,) = error.value.problems
    assert (problem.code, problem.path) == ("E403", "measures.conn")


def test_known_layers_are_not_looked_up_in_the_model(monkeypatch):
    """Building a model takes torch and seconds: only what is not among the layers with prunable weights does."""

    def built(*args):
        raise AssertionError("the model is built")

    monkeypatch.setattr("lmcspec.tasks.read.module", built)
    text = f'replicates = 2\npartners = 2\n{SEVEN_UPDATES}{NETWORKS}[permutations]\n{REWOUND.format("end", "classifier", "3it")}\n[measures]\nconn = {{ kind = "connectivity", levels = ["dense"], under = ["p"] }}\n'.replace(
        'model = { name = "mlp", widths = [16] }', 'model = "lenet-300-100"'
    )
    plan_of(text)
    with pytest.raises(AssertionError, match="is built"):
        plan_of(text.replace('layers = "classifier"', 'layers = "clasifier"'))


def test_members_of_a_family_vary_what_is_aligned():
    asked = plan(
        'p = { method = "weights", network = "dense", prune = { criterion = { each = ["magnitude", "random"] }, fraction = { each = [0, 0.5] } } }\n'
        'r = { method = "weights", network = "dense", rewind_layers = { how = { each = ["bottom-up", "put-in"] }, layers = { each = ["layers.0", "classifier"] }, step = "3it" } }\n'
    )
    matches = {name: match for name, (_, match) in under(asked).items()}
    assert len(matches) == 8 and len(set(matches.values())) == 7, "nothing pruned is nothing pruned"
    assert {(params.how, params.layers) for match in matches.values() if (params := asked.tasks[match].params).how} == {
        (how, layer) for how in ("bottom-up", "put-in") for layer in ("layers.0", "classifier")
    }


def test_pruned_ends_under_members_of_a_family():
    family = PRUNED.replace("0.5", "{ each = [0.5, 0.6] }")
    asked = plan(family, ENDS.format('"p"'))
    fractions = {name: inputs(asked, path)["mask-a"].params.fraction for name, (path, _) in under(asked).items()}
    assert fractions == {"p[fraction=0.5]": 0.5, "p[fraction=0.6]": 0.6}
    with pytest.raises(SpecError, match="`none` does not prune, and the others prune in 2 ways"):
        plan(family, ENDS.format('"none", "p"'))
    assert len(under(plan(family, ENDS.format('"none", "p[fraction=0.6]"')))) == 2


def test_the_control_of_pruned_ends_is_a_permutation_that_moves_nothing():
    family = PRUNED.replace("0.5", "{ each = [0.5, 0.6] }")
    asked = plan(family + family.replace("p = {", "q = {").replace('"weights"', '"identity"'), ENDS.format('"p", "q"'))
    ends = {name: inputs(asked, path) for name, (path, _) in under(asked).items()}
    for fraction in (0.5, 0.6):
        moved, stays = (ends[f"{name}[fraction={fraction}]"] for name in "pq")
        assert moved["mask-a"].id == stays["mask-a"].id and moved["mask-b"].id == stays["mask-b"].id
        assert moved["permutation"].id != stays["permutation"].id


def test_a_permutation_may_be_called_as_a_network_is():
    """Tables have names of their own; what stands where in the study must not be mistaken for each other."""
    asked = plan(
        'imp = { method = "weights", network = "imp", level = 1, prune = { fraction = 0.25 } }',
        'conn = { kind = "connectivity", networks = ["imp"], levels = [1], under = ["imp"], ends = "pruned" }',
    )
    masks = {role: asked.tasks[task].params.fraction for role, task in asked.roles.items() if "/s0/l1/mask" in role}
    assert masks == {"imp/s0/l1/mask": 0.5, "imp/s0/l1/mask for alignment": 0.25}
