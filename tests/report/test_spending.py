"""What is not in a store, in figures and tables of costs: what is missing, and what never comes after a collapse."""

import pytest
from drawn_for_tests import Recorded, draw
from results_for_tests import Result, plan_of

from lmcspec.report.spending import by_kind

TEXT = 'networks.imp = [{ data = "real", rounds = 3 }]\nmeasures.accuracy = {}\n'


def store_of(plan, without, **outcomes) -> Recorded:
    """All results but some, by their labels; `s0_l2_mask="diverged"` for one that collapsed."""
    told = {f"imp/{name.replace('_', '/')}": outcome for name, outcome in outcomes.items()}
    return Recorded(
        {
            task.id: Result({}, told.get(task.label, "ok"))
            for task in plan.tasks.values()
            if task.label.removeprefix("imp/") not in without
        }
    )


NO_MASK = ("s0/l2/train", "s0/l3/mask", "s0/l3/train")


@pytest.mark.parametrize(
    ("more", "without", "outcomes", "missing", "skipped"),
    [
        ("", (), {}, {}, {}),
        ("", ("s2/l3/train",), {}, {"train": 1}, {}),
        ("", NO_MASK, {"s0_l2_mask": "diverged"}, {}, {"prune": 1, "train": 2}),
        ("", (*NO_MASK, "s2/l3/train"), {"s0_l2_mask": "diverged"}, {"train": 1}, {"prune": 1, "train": 2}),
        ("", NO_MASK, {"s0_l1_train": "dead-layer"}, {"prune": 1, "train": 2}, {}),
        ('on_collapse = "skip"\n', ("s0/l2/mask", *NO_MASK), {"s0_l1_train": "chance"}, {}, {"prune": 2, "train": 2}),
    ],
)
def test_what_never_comes_is_not_missing(more, without, outcomes, missing, skipped):
    plan = plan_of(more + TEXT)
    store = store_of(plan, without, **outcomes)
    found = by_kind(plan, store)
    assert {kind: one.missing for kind, one in found.items() if one.missing} == missing
    assert {kind: one.skipped for kind, one in found.items() if one.skipped} == skipped
    notes = draw(plan, store)["cost"].notes
    counts = [(sum(missing.values()), "missing"), (sum(skipped.values()), "skipped after a collapse")]
    told = [f"{count} result{'s' * (count > 1)} {words}" for count, words in counts if count]
    assert notes == ((", ".join(told) + ": their seconds are not counted",) if told else ())
