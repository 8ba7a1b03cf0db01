"""Which tasks two plans share, against counts worked out by hand."""

from specs_for_tests import plan_of

from lmcspec.plan.shared_tasks import shared_tasks

BASE = """
study = "a"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "10it", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
networks.imp = [{ data = "real", rounds = 2 }]
measures.accuracy = {}
"""


def test_the_same_study_under_another_name_shares_everything():
    found = shared_tasks(plan_of(BASE), plan_of(BASE.replace('"a"', '"b"')))
    assert found.kinds == {"train": (0, 0, 3), "prune": (0, 0, 2)}
    assert found.total == (0, 0, 5)


def test_another_round_is_more_of_the_same():
    found = shared_tasks(plan_of(BASE), plan_of(BASE.replace("rounds = 2", "rounds = 3")))
    assert found.kinds == {"train": (0, 1, 3), "prune": (0, 1, 2)}
    assert found.document()["total"] == {"only_a": 0, "only_b": 2, "shared": 5}


def test_another_rate_shares_nothing_and_a_fraction_the_dense_training():
    assert shared_tasks(plan_of(BASE), plan_of(BASE.replace("0.1", "0.2"))).total == (5, 5, 0)
    other = plan_of(BASE.replace("rounds = 2", "rounds = 2, fraction = 0.5"))
    assert shared_tasks(plan_of(BASE), other).kinds == {"train": (2, 2, 1), "prune": (2, 2, 0)}


def test_what_one_trains_in_passing_and_the_other_does_not_need():
    rewound = plan_of(BASE.replace("rounds = 2", 'rounds = 2, rewind = "4it"'))
    assert len(rewound.byproducts) == 1
    # The dense training and the first mask are the same; levels 1 and 2 and the second mask start elsewhere.
    assert shared_tasks(plan_of(BASE), rewound).kinds == {"train": (2, 2, 1), "prune": (1, 1, 1)}


def test_nothing_at_all():
    empty = plan_of(BASE.replace("measures.accuracy = {}", ""))
    assert shared_tasks(empty, empty).total == (0, 0, 0)
