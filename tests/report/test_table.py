"""The table in a terminal 120 columns wide: families, sweep cases, gaps, collapsed networks, verdicts."""

import io
from pathlib import Path

import pytest
from results_for_tests import Result, Results, made_up, paths, plan_of
from rich.console import Console

from lmcspec.report import tidy
from lmcspec.report.table import table

GOLDEN = Path(__file__).with_name("table.txt")

RICH = """
[networks]
dense = []
imp = [{ data = "real", rounds = 3, rewind = { each = [0, "20it"] } }]
late = { like = "imp[rewind=20it]", mask = "shuffled" }
[measures]
accuracy = {}
stability = { networks = ["dense", "imp"], levels = ["dense", 2, "last"], at = [0, "20it", 3], threshold = 0.05 }
running = { kind = "stability", networks = ["imp"], levels = ["last"], bn = ["recompute"] }
matching = { networks = ["imp", "late"] }
[[sweep.cases]]
case = "slow"
[[sweep.cases]]
case = "fast"
recipes.real.optimiser.lr = 0.2
"""


def made(target):
    if target.kind == "accuracy":
        if (target.network, target.level, target.replicate) == ("imp[rewind=20it]", 3, 1):
            return None
        if target.network == "late" and target.level == 3:
            return "chance"
        return (
            0.05
            + 0.005 * target.replicate
            + (0.02 if target.level == 3 else 0.001 * target.level * (1 + target.replicate % 2))
        )
    if target.case == "fast" and target.level == 2 and target.at_updates == 0:
        return None
    return 0.3 + 0.01 * target.replicate if target.level == 0 and target.at_updates < 60 else 0.01


def printed(plan, store, width=120, replicates=3) -> str:
    rows = [row for row in tidy(plan, store) if row.replicate < replicates]
    text = io.StringIO()
    console = Console(width=width, file=text, color_system=None)
    for part in table(plan, rows):
        console.print(part)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def test_a_rich_study():
    plan = plan_of(RICH)
    assert printed(plan, made_up(plan, made)) == GOLDEN.read_text()


def test_nothing_has_run():
    plan = plan_of("networks.dense = []\nmeasures.accuracy = {}")
    text = printed(plan, Results())
    assert "dense        0      0.0%     missing" in text
    assert "dense, accuracy: 3 results missing at level 0" in text


def test_some_copies_of_each_replicate_are_there():
    plan = plan_of("networks.dense = []\nmeasures.accuracy = { copies = 2 }")
    text = printed(plan, made_up(plan, lambda target: 0.1 if target.copies == (0,) else None))
    assert "dense        0      0.0%  incomplete" in text
    assert "dense, accuracy: 3 results without all of their copies at level 0" in text


def test_a_study_without_measures():
    assert printed(plan_of("networks.dense = []"), Results()) == "\n"


STABILITY = """
networks.dense = []
networks.imp = [{ data = "real", rounds = 1 }]
measures.stability = { levels = ["dense", "last"], at = [0] }
measures.accuracy = { networks = ["dense"] }
measures.other = { kind = "accuracy", networks = ["imp"], levels = ["last"] }
measures.matching = { networks = ["imp"], accuracy = "other" }
"""


@pytest.mark.parametrize("replicates", [1, 2])
def test_too_few_replicates_are_said_once(replicates):
    plan = plan_of(STABILITY)
    text = printed(plan, made_up(plan, lambda target: 0.01), replicates=replicates)
    assert text.count("undecided") == 1
    assert f"verdicts undecided (n = {replicates}): they need 3 replicates" in text


def test_policies_are_named_where_they_differ():
    plan = plan_of(STABILITY)
    store = made_up(plan, lambda target: 0.01)
    assert "averaged" not in printed(plan, store)
    task = next(target.task for target in plan.targets if target.kind == "stability")
    store.found[task] = Result(paths(float("nan"), recompute=float("nan")))
    assert "averaged" not in printed(plan, store), "what is no number under both makes no difference"
    store.found[task] = Result(paths(0.01, recompute=0.02))
    assert "averaged" in printed(plan, store)
    repaired = paths(0.01)
    repaired["paths"]["repair"] = paths(0.02)["paths"]["average"]
    store.found[task] = Result(repaired)
    text = printed(plan, store)
    assert "not repaired" in text and "averaged" not in text


def test_collapsed_ends_are_not_called_stable():
    plan = plan_of(STABILITY)
    store = made_up(plan, lambda target: "diverged" if target.kind == "stability" and target.replicate == 2 else 0.01)
    text = printed(plan, store)
    assert "collapsed (n = 3) at level 0 from k = 0" in text
    assert "dense, stability: 1 result diverged at level 0" in text


def test_dense_is_found_where_another_network_measures_it():
    """`imp` measures its last level only; the dense accuracy of the same measure stands with `dense`."""
    text = STABILITY.replace('networks = ["imp"], levels = ["last"]', 'levels = ["last"]')
    plan = plan_of(text)
    assert "matches dense up to level 1, 20.0% sparse (n = 3)" in printed(
        plan, made_up(plan, lambda target: 0.1), width=200
    )


def test_without_a_dense_accuracy_nothing_matches_or_fails_to():
    plan = plan_of(STABILITY)
    assert "match" not in printed(plan, made_up(plan, lambda target: 0.1))


def test_a_narrow_terminal_breaks_words_and_not_names():
    plan = plan_of(RICH)
    text = printed(plan, made_up(plan, made), width=80)
    assert "imp[rewind=20it]" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_what_a_whole_family_lacks_is_one_line():
    imp = 'imp = [{ rounds = 2, rewind = { each = [0, "20it"] } }]'
    plan = plan_of(f"[networks]\ndense = []\n{imp}\n[measures]\naccuracy = {{}}")
    found = printed(plan, made_up(plan, lambda target: 0.1 if target.network == "dense" else None))
    assert "imp (2 of the family), accuracy: 12 results missing at levels 1, 2" in found


def test_a_sparsest_match_names_the_levels_before_it_that_do_not_match():
    plan = plan_of(
        "networks.imp = [{ rounds = 4 }]\nmeasures.accuracy = {}\nmeasures.matching = {}\n"
        "[[sweep.cases]]\ncase = 'all'\n[[sweep.cases]]\ncase = 'some'\nmeasures.accuracy.levels = [0, 1, 4]"
    )
    worse = {2: 0.1, 3: 0.1}
    store = made_up(plan, lambda target: 0.05 + 0.005 * target.replicate + worse.get(target.level, 0.0))
    text = " ".join(printed(plan, store).split())
    whole = "sparsest match: level 4, 59.0% sparse (n = 3), off dense by +0.00"
    assert text.count(whole) == 2
    assert text.count(f"{whole}, no match at levels 2, 3") == 1, "of the other case they are not measured"
    assert "up to level" not in text


@pytest.mark.parametrize(
    ("better", "there", "said"),
    [
        (
            {1, 2, 3},
            {1: 3, 2: 2, 3: 3},
            "sparsest match: level 3, 48.8% sparse (n = 3){}, undecided at level 2 (n = 2)",
        ),
        (
            {1, 2, 3},
            {1: 2, 2: 1, 3: 3},
            "sparsest match: level 3, 48.8% sparse (n = 3){}, undecided at levels 1, 2 (n = 1–2)",
        ),
        (
            {1},
            {1: 3, 2: 2, 3: 2},
            "matches dense up to level 1, 20.0% sparse (n = 3){}, undecided at levels 2, 3 (n = 2)",
        ),
        (
            {2},
            {1: 3, 2: 3, 3: 2},
            "sparsest match: level 2, 36.0% sparse (n = 3){}, no match at level 1, undecided at level 3 (n = 2)",
        ),
        (set(), {1: 3, 2: 2, 3: 3}, "matching undecided at level 2 (n = 2), no match at levels 1, 3"),
        (set(), {1: 3, 2: 3, 3: 3}, "no level matches (n = 3)"),
        (set(), {1: 2, 2: 2, 3: 2}, "verdicts undecided (n = 2): they need 3 replicates"),
    ],
)
def test_levels_with_too_few_replicates_are_undecided_and_not_told_as_no_match(better, there, said):
    """`there` is how many replicates are there of each level; those of `better` are as good as dense."""
    plan = plan_of("networks.imp = [{ rounds = 3 }]\nmeasures.accuracy = {}\nmeasures.matching = {}")

    def error(target):
        if target.replicate >= there.get(target.level, 3):
            return None
        return 0.05 + 0.005 * target.replicate + 0.1 * (target.level > 0 and target.level not in better)

    text = " ".join(printed(plan, made_up(plan, error), width=200).split())
    same = ", off dense by +0.00"
    assert said.format(same) in text
