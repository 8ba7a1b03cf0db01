"""Families of permutations: the same tasks as written by hand, which networks are looked at under which, and what
results are told apart by."""

import itertools

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.plan import counts
from lmcspec.plan.document import from_document, to_document
from lmcspec.plan.graph import Way

HEAD = f"replicates = 4\npartners = 2\n{SEVEN_UPDATES}"
FAMILIES = """
[networks]
dense = []
imp = [{ rounds = 2, fraction = 0.5, rewind = { each = [0, "2it"] } }]
[permutations]
wt = { method = "weights", network = "dense", step = { each = ["1it", "3it", "end"] } }
ss = { method = "weights", network = "imp", level = "same" }
"""


def study(measures: str, families: str = FAMILIES, networks: str = ""):
    return plan_of(HEAD + families.replace("[permutations]", f"{networks}[permutations]") + f"[measures]\n{measures}")


def test_a_network_is_compared_under_the_permutation_that_follows_it():
    plan = study('conn = { kind = "connectivity", levels = "all", networks = ["imp"], under = ["none", "ss"] }')
    # Of each rewind point: 2 pairs, level 0 with two paths, levels 1 and 2 with two.
    assert len(plan.targets) == 2 * 2 * 3 * 2
    assert {(target.network, target.under) for target in plan.targets} == {
        *itertools.product((f"imp[rewind={r}]" for r in ("0", "2it")), ("none",)),
        *((f"imp[rewind={r}]", f"ss[rewind={r}]") for r in ("0", "2it")),
    }
    # The dense networks are those of both; a level's own permutation is one for each rewind point.
    assert counts(plan)["match"] == 2 * (1 + 2 * 2)
    assert counts(plan)["path"] == 2 * (2 + 2 * 2 * 2)


def test_every_other_pair_is_one_of_all_with_all():
    plan = study('conn = { kind = "connectivity", levels = ["last"], under = ["wt", "ss"] }')
    under = {}
    for target in plan.targets:
        under.setdefault(target.network, dict.fromkeys(()))[target.under] = None
    wt = [f"wt[step={step}]" for step in ("1it", "3it", "end")]
    assert {network: list(ways) for network, ways in under.items()} == {
        "dense": [*wt, "ss[rewind=0]", "ss[rewind=2it]"],
        "imp[rewind=0]": [*wt, "ss[rewind=0]"],
        "imp[rewind=2it]": [*wt, "ss[rewind=2it]"],
    }


def test_a_single_member_is_meant_as_it_is_named():
    plan = study(
        'conn = { kind = "connectivity", levels = ["last"], networks = ["imp"], under = ["ss[rewind=0]", "wt[step=3it]"] }'
    )
    assert {(target.network, target.under) for target in plan.targets} == set(
        itertools.product((f"imp[rewind={r}]" for r in ("0", "2it")), ("ss[rewind=0]", "wt[step=3it]"))
    )


def held(between: str) -> list[tuple[str, str]]:
    """(first, other, as the target has it) of the fixed points of the first pair."""
    plan = study(f'fp = {{ kind = "fixed-points", between = {between} }}')
    roles = {task: role for role, task in plan.roles.items()}
    assert len(plan.targets) % 2 == 0
    found = []
    for target in plan.targets[: len(plan.targets) // 2]:
        first = roles[target.task].rpartition("/")[2].partition(" and ")[0]
        assert roles[target.task].endswith(f"{first} and {target.under} of s1")
        found.append((first, target.under))
    return found


def test_one_permutation_is_held_against_all_of_a_family():
    assert held('["wt[step=end]", "wt"]') == [("wt[step=end]", f"wt[step={step}]") for step in ("1it", "3it", "end")]
    assert held('["none", "wt", "wt[step=1it]"]') == [("none", f"wt[step={step}]") for step in ("1it", "3it", "end")]


def test_a_family_that_comes_first_is_held_member_by_member():
    more = FAMILIES + 'am = { method = "activations", network = "imp", level = "same", images = 100 }\n'
    plan = study('fp = { kind = "fixed-points", between = ["ss", "am"] }', more)
    places = [(target.replicate, target.under, target.network, target.level) for target in plan.targets]
    levels = range(max(level for *_, level in places) + 1)
    assert len(levels) > 1
    assert places == [
        (s, f"am[rewind={r}]", f"imp[rewind={r}]", level) for s in (0, 2) for r in ("0", "2it") for level in levels
    ]


def test_which_of_a_family_is_meant_has_to_be_clear():
    with pytest.raises(SpecError) as error:
        study('fp = { kind = "fixed-points", between = ["wt", "ss[rewind=0]"] }')
    (problem,) = error.value.problems
    assert (problem.code, problem.message) == (
        "E217",
        "`wt` is a family, of which 3 members go with `ss[rewind=0]`",
    )
    assert problem.help == "name one member, such as 'wt[step=1it]', or the family second"


ANCHORS = '[{ partner = "first" }, { partner = "second" }, { partner = "second", under = "none" }]'


def test_a_plane_lies_under_the_permutation_that_follows_its_network():
    plane = f'kind = "landscape", levels = ["last"], networks = ["imp"], grid = 3, anchors = {ANCHORS}'
    plan = study(f'plane = {{ {plane}, under = ["ss", "wt"] }}')
    assert [(target.network, target.under) for target in plan.targets if target.replicate == 0] == [
        (f"imp[rewind={r}]", way)
        for r in ("0", "2it")
        for way in (f"ss[rewind={r}]", *(f"wt[step={step}]" for step in ("1it", "3it", "end")))
    ]


def test_an_anchor_lies_under_one_permutation():
    def plane(network: str, under: str):
        anchors = ANCHORS.replace('"none"', f'"{under}"')
        rest = f'levels = ["last"], networks = ["{network}"], grid = 3, anchors = {anchors}, under = ["none"]'
        return study(f'plane = {{ kind = "landscape", {rest} }}')

    plan = plane("imp", "ss")
    for target in plan.targets:
        tasks = [task for name, task in plan.tasks[target.task].inputs if name.startswith("permutation")]
        roles = [role for role, task in plan.roles.items() if task in tasks]
        assert any(role.startswith(target.network.replace("imp", "ss")) for role in roles)
    with pytest.raises(SpecError) as error:
        plane("dense", "ss")
    (problem,) = error.value.problems
    assert (problem.code, problem.help) == ("E217", "name one member, such as 'ss[rewind=0]'")


def test_masks_come_over_under_each_member():
    networks = """
        own = { like = "imp", mask_from = "partner", under = "ss" }
        every = { like = "imp", mask_from = "partner", under = "wt" }
    """
    plan = study('accuracy = { levels = [2], networks = ["own", "every"] }', networks=networks)
    ways = {}
    for task in plan.tasks.values():
        if task.kind == "transport" and "/l2/" in task.label:
            network = task.label.partition("/")[0]
            ways.setdefault(network, set()).add(plan.tasks[dict(task.inputs)["permutation"]].label.partition("/")[0])
    assert ways == {
        **{f"own[rewind={r}]": {f"ss[rewind={r}]"} for r in ("0", "2it")},
        **{
            f"every[rewind={r},step={step}]": {f"wt[step={step}]"}
            for r in ("0", "2it")
            for step in ("1it", "3it", "end")
        },
    }
    assert len(plan.targets) == 4 * (2 + 6)


def test_what_figures_are_told_of_permutations():
    plan = study('conn = { kind = "connectivity", levels = "all", networks = ["imp"], under = ["wt", "ss"] }')
    ways = {way.name: way for way in plan.permutations}
    assert list(ways) == [*(f"wt[step={step}]" for step in ("1it", "3it", "end")), "ss[rewind=0]", "ss[rewind=2it]"]
    assert {way.family for way in ways.values()} == {"wt", "ss"}
    assert [ways[f"wt[step={step}]"].setting("step") for step in ("1it", "3it", "end")] == [1, 3, 6]
    assert [way.values for way in ways.values()][:4] == [
        *({"step": step} for step in ("1it", "3it", "end")),
        {"rewind": "0"},
    ]
    one = ways["ss[rewind=2it]"]
    assert (one.setting("rewind"), one.setting("level"), one.setting("step")) == ("2it", "same", 6)
    assert one.setting("network") == "imp[rewind=2it]"
    assert (one.setting("method"), one.setting("via"), one.setting("no-such")) == ("weights", None, None)
    assert {target.under for target in plan.targets} == set(ways)


@pytest.mark.parametrize(("step", "updates"), [('"end"', 6), ('"rewind"', 2), ('"1ep"', 6), ('"4it"', 4)])
def test_points_in_training_are_updates(step, updates):
    families = f"""
        [networks]
        imp = [{{ rounds = 1, rewind = "2it" }}]
        [permutations]
        alone = {{ method = "weights", network = "imp", level = 1, step = {step} }}
    """
    (way,) = study("accuracy = {}", families).permutations
    assert (way.family, way.values, way.setting("step")) == ("alone", {}, updates)


@pytest.mark.parametrize(
    ("network", "level", "begins"),
    [
        ('[{ rounds = 1, rewind = "2it" }, { rounds = 1, rewind = "3it" }]', 2, 3),
        ('[{ rounds = 1, rewind = "2it" }, { rounds = 1, rewind = "3it" }]', 1, 0),
        ('[{ rounds = 1, rewind = "2it" }, { rounds = 1, rewind = "3it", rewind_of = "dense" }]', 1, 3),
        ('[{ rounds = 2, start = "trained", schedule_from = "4it" }]', 1, 4),
    ],
)
def test_the_point_at_which_a_level_begins_is_that_of_its_training(network, level, begins):
    """With the first update of the training itself, of several stages and of those that go on."""
    families = f"""
        [networks]
        imp = {network}
        [permutations]
        alone = {{ method = "weights", network = "imp", level = {level}, step = "rewind", rewind_layers = {{ how = "put-in", layers = "classifier", step = "rewind" }} }}
    """
    plan = study('conn = { kind = "connectivity", levels = "all", under = ["alone"] }', families)
    (way,) = plan.permutations
    assert (way.setting("step"), way.setting("rewind_layers.step")) == (begins, begins)
    (aligned, *_) = [task for task in plan.tasks.values() if task.kind == "match"]
    state = plan.tasks[dict(aligned.inputs)["a"]]
    assert state.params.until in (begins, begins or None), "the task that is aligned ends there"


def test_a_short_name_leads_to_the_setting_that_varies():
    nested = Way(
        "", "pr[fraction=0.2]", "pr", {"fraction": "0.2"}, {"fraction": "prune.fraction"}, {"prune.fraction": 0.2}
    )
    assert (nested.setting("fraction"), nested.setting("prune.fraction")) == (0.2, 0.2)


def test_beside_a_network_that_it_follows_it_needs_no_more_name_than_its_own():
    networks = """
        twin = [{ rounds = 1, rewind = { each = [0, "2it"] } }]
        random = { like = "imp", mask = "shuffled" }
        one = { like = "imp[rewind=0]", mask = "shuffled" }
    """
    families = FAMILIES.replace('level = "same" }', 'level = "same", kernel = { each = ["linear", "cosine"] } }')
    ways = {way.name: way for way in study("accuracy = {}", families, networks).permutations}
    followed = ways["ss[kernel=cosine,rewind=0]"]
    assert followed.called == dict.fromkeys(("imp[rewind=0]", "random[rewind=0]"), "ss[kernel=cosine]")
    assert followed.beside("imp[rewind=0]") == "ss[kernel=cosine]"
    for network in ("imp[rewind=2it]", "dense", "one", "twin[rewind=0]"):
        assert followed.beside(network) == "ss[kernel=cosine,rewind=0]", "its name does not say it"
    assert not ways["wt[step=1it]"].called


def test_a_saved_plan_has_them():
    plan = study("accuracy = {}")
    document = to_document(plan)
    assert from_document(document).permutations == plan.permutations
    assert len(plan.permutations) == 5 and any(way.called for way in plan.permutations)


def test_a_figure_of_one_network_takes_a_family_for_the_member_that_goes_with_it():
    conn = 'conn = { kind = "connectivity", levels = "all", networks = ["imp"], under = ["none", "ss"] }\n'
    figure = '[figures]\nf = { plot = "barrier-vs-level", networks = ["imp[rewind=0]"], under = ["UNDER"] }\n'
    assert study(conn + figure.replace("UNDER", "ss")).targets
    for way in ("ss[rewind=2it]", "wt", "wt[step=1it]"):
        with pytest.raises(SpecError) as error:
            study(conn + figure.replace("UNDER", way))
        assert {problem.code for problem in error.value.problems} == {"E431"}
