"""What names of networks, families, members and cases stand for in a comparison."""

import pytest
from results_for_tests import plan_of

from lmcspec.base.errors import UsageError
from lmcspec.report.sides import named

NETWORKS = """
[networks]
dense = []
imp = [{ data = "real", rounds = 1, rewind = { each = [0, "20it"] } }]
random = { like = "imp", mask = "shuffled" }
late = [{ data = "real", rounds = 1, rewind = "40it" }]
unmeasured = [{ data = "real", rounds = 1, fraction = 0.5 }]
[measures]
accuracy = { networks = ["dense", "imp", "random", "late"] }
"""
CASES = """
[[sweep.cases]]
case = "fast"
[[sweep.cases]]
case = "slow"
recipes.real.optimiser.lr = 0.01
networks.only = [{ data = "real", rounds = 1 }]
measures.accuracy.networks = ["imp", "late", "only"]
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(NETWORKS)


@pytest.fixture(scope="module")
def cases():
    return plan_of(NETWORKS + CASES)


def pairs(plan, a, b):
    return [(str(x), str(y)) for x, y in named(plan, a, b)]


def test_two_networks_and_two_rewinds_of_one(plan):
    assert pairs(plan, "dense", "late") == [("dense", "late")]
    assert pairs(plan, "imp[rewind=0]", "imp[rewind=20it]") == [("imp[rewind=0]", "imp[rewind=20it]")]


def test_members_of_two_families_go_together_by_what_varies(plan):
    assert pairs(plan, "imp", "random") == [
        ("imp[rewind=0]", "random[rewind=0]"),
        ("imp[rewind=20it]", "random[rewind=20it]"),
    ]


def test_all_members_against_one_network(plan):
    assert pairs(plan, "late", "imp") == [("late", "imp[rewind=0]"), ("late", "imp[rewind=20it]")]
    assert pairs(plan, "imp", "imp[rewind=0]") == [("imp[rewind=20it]", "imp[rewind=0]")]


def test_families_that_vary_in_something_else_do_not_go_together():
    plan = plan_of(
        "networks.a = [{ rounds = 1, rewind = { each = [0, 1] } }]\n"
        "networks.b = [{ rounds = 1, fraction = { each = [0.1, 0.2] } }]\nmeasures.accuracy = {}"
    )
    with pytest.raises(UsageError, match="no network of a goes with one of b") as refused:
        named(plan, "a", "b")
    assert "name one of each, such as" in refused.value.help


def test_networks_within_each_case(cases):
    assert pairs(cases, "imp[rewind=0]", "late") == [
        ("fast/imp[rewind=0]", "fast/late"),
        ("slow/imp[rewind=0]", "slow/late"),
    ]


def test_a_case_against_another_network_by_network(cases):
    """What one of them alone measures is no pair."""
    names = ("imp[rewind=0]", "imp[rewind=20it]", "late")
    assert pairs(cases, "fast", "slow") == [(f"fast/{name}", f"slow/{name}") for name in names]
    assert pairs(cases, "fast/", "slow/") == pairs(cases, "fast", "slow")


def test_a_network_of_a_case(cases):
    assert pairs(cases, "fast/late", "slow/imp[rewind=0]") == [("fast/late", "slow/imp[rewind=0]")]
    assert pairs(cases, "fast/imp", "slow/imp") == [
        (f"fast/imp[rewind={k}]", f"slow/imp[rewind={k}]") for k in ("0", "20it")
    ]


def test_what_a_name_leaves_out_is_that_of_the_other(cases):
    assert pairs(cases, "fast", "slow/late") == [("fast/late", "slow/late")]
    assert pairs(cases, "late", "slow/imp[rewind=0]") == [("slow/late", "slow/imp[rewind=0]")]


@pytest.mark.parametrize(
    ("a", "b", "message", "help"),
    [
        ("imp", "imp", "imp and imp are the same", "there are dense, imp[rewind=0]"),
        ("late", "late", "nothing to compare", "random[rewind=0]"),
        ("imp", "lat", "no network, family or case 'lat'", "did you mean late?"),
        ("rando", "imp", "'rando'", "did you mean random?"),
        ("imp[rewind=20]", "late", "'imp[rewind=20]'", "the members of imp are imp[rewind=0], imp[rewind=20it]"),
        ("xyz", "imp", "'xyz'", "there are dense, imp[rewind=0], imp[rewind=20it], random[rewind=0]"),
        ("unmeasured", "imp", "the study measures nothing of unmeasured", "compare others: there are dense"),
    ],
)
def test_what_can_not_be_compared(plan, a, b, message, help):
    with pytest.raises(UsageError) as refused:
        named(plan, a, b)
    assert message in str(refused.value)
    assert help in refused.value.help


@pytest.mark.parametrize(
    ("a", "b", "message", "help"),
    [
        ("slow", "late", "slow and late are the same", "cases fast, slow"),
        ("fsat", "slow", "'fsat'", "did you mean fast?"),
        ("fast/only", "slow/only", "'fast/only'", "did you mean slow/only?"),
    ],
)
def test_what_can_not_be_compared_in_cases(cases, a, b, message, help):
    with pytest.raises(UsageError) as refused:
        named(cases, a, b)
    assert message in str(refused.value)
    assert help in refused.value.help


def test_a_network_goes_before_a_case_of_its_name():
    text = "networks.x = [{ rounds = 1 }]\nnetworks.y = []\nmeasures.accuracy = {}\n"
    plan = plan_of(text + "[[sweep.cases]]\ncase = 'x'\n[[sweep.cases]]\ncase = 'z'\nrecipes.real.batch = 32\n")
    assert pairs(plan, "x", "y") == [("x/x", "x/y"), ("z/x", "z/y")]
    assert pairs(plan, "x/", "z") == [("x/x", "z/x"), ("x/y", "z/y")], "with a slash behind it it is the case"


def test_a_study_without_measures():
    plan = plan_of("networks.dense = []\nnetworks.imp = [{ rounds = 1 }]")
    with pytest.raises(UsageError, match="measures nothing of imp"):
        named(plan, "imp", "dense")
