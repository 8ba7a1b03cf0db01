"""Planes through networks of partners: which networks they go through, and under which permutations."""

import pytest
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.plan import counts
from lmcspec.plan.document import from_document, to_document

TEXT = (
    "replicates = {replicates}\npartners = {partners}\n"
    + SEVEN_UPDATES.replace("{", "{{").replace("}", "}}")
    + """
[networks]
dense = []
imp = [{{ rounds = 1, fraction = 0.5, rewind = "2it" }}]
[permutations]
wm = {{ method = "weights", network = "dense" }}
early = {{ method = "weights", network = "dense", step = "3it" }}
[measures]
"""
)
FIRST, SECOND, PLAIN = '{ partner = "first" }', '{ partner = "second" }', '{ partner = "second", under = "none" }'


def study(keys: str, *, networks: str = "dense", replicates: int = 4, partners: int = 2, more: str = "") -> str:
    """A landscape of these keys."""
    head = TEXT.format(replicates=replicates, partners=partners)
    levels = "dense" if networks == "dense" else "last"
    return (
        head
        + f'plane = {{ kind = "landscape", networks = ["{networks}"], levels = ["{levels}"], grid = 3, {keys} }}\n'
        + more
    )


def planes(plan):
    return [(target, dict(plan.tasks[target.task].inputs)) for target in plan.targets if target.measure == "plane"]


def seen(plan, task):
    """(replicate, updates) of a training."""
    return dict(plan.tasks[task].seeds)["replicate"], plan.tasks[task].params.until


def test_no_copy_is_shown_that_nobody_names():
    for first in ('{ partner = "first", step = "2it" }', '{ partner = "second", step = "2it" }'):
        plan = plan_of(study(f'under = ["wm"], anchors = [{first}, {SECOND}, {PLAIN}]'))
        for target, given in planes(plan):
            assert not any(name.startswith("other") for name in given)
            assert len(target.looks_at) == 3


@pytest.mark.parametrize(
    ("anchor", "code", "says"),
    [
        ('{ partner = "second", level = 4 }', "E403", "'dense' has levels 0 to 0, not 4"),
        ('{ partner = "second", step = "9it" }', "E401", "update 9"),
        ('{ partner = "second", under = "wt" }', "E217", "is a family"),
        ('{ network = "imp", level = 1, step = "1it" }', "E405", "begins at 2it"),
    ],
)
@pytest.mark.parametrize("key", ["anchors", "project"])
def test_what_is_wrong_with_an_anchor_stands_there(anchor, code, says, key):
    anchors = f"{FIRST}, {SECOND}, {anchor if key == 'anchors' else PLAIN}"
    text = study(f'under = ["wm"], anchors = [{anchors}]' + f", project = [{PLAIN}, {anchor}]" * (key == "project"))
    wt = 'wt = { method = "weights", network = "dense", step = { each = ["1it", "2it"] } }'
    with pytest.raises(SpecError) as error:
        plan_of(text.replace("[measures]", f"{wt}\n[measures]"))
    (problem,) = error.value.problems
    assert (problem.code, problem.path) == (code, f"measures.plane.{key}[{2 if key == 'anchors' else 1}]")
    assert says in problem.message and problem.help


def test_a_plane_for_each_pair_and_permutation():
    plan = plan_of(study(f'under = ["early", "wm"], anchors = [{FIRST}, {SECOND}, {PLAIN}]'))
    assert counts(plan) == {"train real": 4, "match": 2 * 2, "landscape": 2 * 2}, "no copies besides"
    found = planes(plan)
    assert [(target.replicate, target.under) for target, _ in found] == [
        (0, "early"),
        (0, "wm"),
        (2, "early"),
        (2, "wm"),
    ]
    for target, inputs in found:
        assert set(inputs) == {"anchor-0", "anchor-1", "anchor-2", "permutation-anchor-1"}
        ends = [seen(plan, inputs[f"anchor-{place}"]) for place in range(3)]
        assert ends == [(target.replicate, 6), (target.replicate + 1, 6), (target.replicate + 1, 6)]
        match = plan.tasks[inputs["permutation-anchor-1"]]
        assert [seen(plan, task) for _, task in match.inputs] == [
            (target.replicate + which, 6 if target.under == "wm" else 3) for which in range(2)
        ]
    assert found[0][0].looks_at == (
        "first partner",
        "second partner, permuted as the title says",
        "second partner, unpermuted",
    )


def test_one_plane_that_several_permutations_share():
    project = 'project = [{ partner = "second", under = "early" }, { partner = "first", step = "3it" }]'
    plan = plan_of(study(f'anchors = [0, {{ partner = "second", under = "wm" }}, {PLAIN}], {project}'))
    (target, inputs), _ = planes(plan)
    assert (target.under, len(planes(plan))) == ("", 2)
    named = {"anchor-0", "anchor-1", "anchor-2", "other-0", "other-1", "permutation-anchor-1", "permutation-other-0"}
    assert set(inputs) == named
    assert [seen(plan, inputs[name]) for name in ("other-0", "other-1")] == [(1, 6), (0, 3)]
    assert inputs["permutation-other-0"] != inputs["permutation-anchor-1"]
    assert target.looks_at[0] == "copy 0" and target.looks_at[3:] == (
        "second partner, under early",
        "first partner, at 3it",
    )


def test_ways_are_states_that_the_anchors_pass():
    plan = plan_of(study(f'under = ["wm"], anchors = [{FIRST}, {SECOND}, {PLAIN}], through = "2it"'))
    alone = plan_of(study(f'under = ["wm"], anchors = [{FIRST}, {SECOND}, {PLAIN}]'))
    assert counts(plan) == counts(alone), "by-products"
    for target, inputs in planes(plan):
        ways = [[seen(plan, inputs[f"way-{anchor}-{place}"]) for place in range(3)] for anchor in range(3)]
        second = [(target.replicate + 1, updates) for updates in (0, 2, 4)]
        assert ways == [[(target.replicate, updates) for updates in (0, 2, 4)], second, second]


def test_a_way_ends_where_its_anchor_is():
    early = '{ partner = "first", step = "4it" }'
    plan = plan_of(study(f'under = ["wm"], anchors = [{early}, {SECOND}, {PLAIN}], through = ["1it", "3it", "5it"]'))
    _, inputs = planes(plan)[0]
    assert sorted(seen(plan, inputs[name])[1] for name in inputs if name.startswith("way-0")) == [1, 3]
    assert sorted(seen(plan, inputs[name])[1] for name in inputs if name.startswith("way-1")) == [1, 3, 5]


def test_sparse_networks_and_their_rewind_points():
    plan = plan_of(
        study(
            f'under = ["wm"], anchors = [{FIRST}, {SECOND}, {{ partner = "second", step = "rewind", under = "none" }}], through = "2it"',
            networks="imp",
        )
    )
    _, inputs = planes(plan)[0]
    assert "mask" not in inputs, "each has its own"
    assert seen(plan, inputs["anchor-2"]) == (1, 2)
    assert [seen(plan, inputs[f"way-0-{place}"])[1] for place in range(2)] == [2, 4]
    masks = [dict(plan.tasks[inputs[f"anchor-{place}"]].inputs).get("mask") for place in range(3)]
    assert masks[0] != masks[1] == masks[2]


def test_the_third_partner_is_brought_to_the_first():
    third = '{ partner = "third" }'
    plan = plan_of(study(f'under = ["wm"], anchors = [{FIRST}, {SECOND}, {third}]', replicates=6, partners=3))
    _, inputs = planes(plan)[0]
    ways = [
        [seen(plan, task)[0] for _, task in plan.tasks[inputs[f"permutation-anchor-{place}"]].inputs]
        for place in (1, 2)
    ]
    assert ways == [[0, 1], [0, 2]]


def test_copies_of_the_first_are_projected_if_asked_for():
    plan = plan_of(study(f'under = ["wm"], anchors = [{FIRST}, {SECOND}, {PLAIN}], copies = 2'))
    _, inputs = planes(plan)[0]
    assert dict(plan.tasks[inputs["other-0"]].seeds)["copy"] == 1
    assert "other-1" not in inputs, "copy 0 is the first partner"


def test_a_plan_is_read_back_with_what_its_planes_look_at():
    plan = plan_of(study(f'under = ["wm"], anchors = [{FIRST}, {SECOND}, {PLAIN}]'))
    assert from_document(to_document(plan)).targets == plan.targets


def problems(text):
    with pytest.raises(SpecError) as error:
        plan_of(text)
    return [(problem.code, problem.message) for problem in error.value.problems]


def test_two_anchors_that_are_one_under_a_permutation():
    ((code, message), *_) = problems(study(f'under = ["wm", "none"], anchors = [{FIRST}, {SECOND}, {PLAIN}]'))
    assert code == "E427" and "under `none`" in message


@pytest.mark.parametrize(
    ("keys", "code", "says"),
    [
        ('under = ["wm"], anchors = [0, 1, 2]', "E101", "nothing lies `under` a permutation"),
        (f'anchors = [0, {{ partner = "first", under = "wm" }}, {PLAIN}]', "E101", "stays as it is"),
        (f'anchors = [0, {{ partner = "second", under = "who" }}, {PLAIN}]', "E217", "who"),
        (f'anchors = [0, {PLAIN}, {{ partner = "third" }}]', "E440", "third partner"),
        (f'anchors = [0, 1, {PLAIN}], project = [{{ network = "who" }}]', "E209", "who"),
        (f'anchors = [0, {PLAIN}, {{ partner = "first", step = "9ep" }}]', "E401", "9ep"),
    ],
)
def test_what_makes_no_plane(keys, code, says):
    found = problems(study(keys))
    assert any(says in message for _, message in found), found
    assert code in [code for code, _ in found] or code == "E101"


def test_partners_are_needed():
    found = problems(study(f"anchors = [0, {SECOND}, {PLAIN}]", partners=1))
    assert ("E440", "`plane` looks at the second partner, and the study has no partners") in found


def test_a_way_by_the_third_brings_the_third_nowhere():
    more = '[permutations.ind]\nmethod = "weights"\nnetwork = "dense"\nvia = "third"\n'
    keys = f'anchors = [0, {SECOND}, {{ partner = "third", under = "ind" }}]'
    ((code, message), *_) = problems(study(keys, replicates=3, partners=3, more=more))
    assert code == "E440" and "by way of the third" in message
