"""Every figure and table of "Linear Mode Connectivity and the Lottery Ticket Hypothesis" has a spec that compiles to what
its header says, and a small one; counts by hand."""

import re

import pytest
from papers_for_tests import papers

from lmcspec.plan.outlook import outlook
from lmcspec.plan.render import estimate

SPECS = papers("instability")
loaded, planned, counts = SPECS.loaded, SPECS.planned, SPECS.counts
FIGURES = [
    "table1",
    *(
        f"figure{name}"
        for name in ["2", "3", "4", "5", "6", "7", "8", "8-validated", "B1", "B2", "C1", "C2", "C3", "D", "E"]
    ),
]
SMALL = [f"small/{name}" for name in (*FIGURES, "resnet20")]
EVERY = [*FIGURES, "lenet", "lenet-rewinding", "resnet8-rewinding", "resnet8-through-training", "resnet20", *SMALL]
ROUNDS = {
    "lenet": 15,
    "r20-std": 8,
    "r20-low": 11,
    "r20-warm": 12,
    "vgg-std": 19,
    "vgg-low": 13,
    "vgg-warm": 19,
    "r50": 1,
    "incv3": 1,
}
"""Levels by which 20 % a round reach the density in Table 1."""
STEPS = {case: 8 if case == "lenet" else 12 if case in ("r50", "incv3") else 7 for case in ROUNDS}
"""How many k's."""


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


def test_every_figure_and_table_is_there():
    shared = {"_settings", "_steps", "_rewinds"}
    assert SPECS.names == {*EVERY, *shared, "small/_scale", "small/_steps", "small/_rewinds"}


@pytest.mark.parametrize("name", EVERY)
def test_it_says_in_its_header_what_it_costs(name):
    assert name in SMALL or "Expect" in SPECS.header(name)
    said, found = SPECS.said(name), counts(name)
    assert said == found if name != "lenet" else "train" in said and said.items() <= found.items()


@pytest.mark.parametrize("name", EVERY)
def test_each_case_has_figures(name):
    assert all(case.study.figures for case in loaded(name).cases)


@pytest.mark.parametrize("name", FIGURES)
def test_its_arithmetic_is_known_without_data(name):
    """ImageNet's too: the facts of the paper's models are committed."""
    (line,) = estimate(outlook(planned(name), None), 1)
    assert re.fullmatch(r"blocked: .* training images in .* updates, \S+ FLOP", line)


@pytest.mark.parametrize("case", ROUNDS)
def test_settings_reach_the_densities_of_table_1(case):
    density = {
        "lenet": 0.035,
        "r20-std": 0.168,
        "r20-low": 0.086,
        "r20-warm": 0.069,
        "vgg-std": 0.015,
        "vgg-low": 0.055,
        "vgg-warm": 0.015,
        "r50": 0.3,
        "incv3": 0.3,
    }[case]
    levels = planned("figure6").levels[case, "imp"]
    assert len(levels) - 1 == ROUNDS[case]
    assert levels[-1].density == pytest.approx(density, abs=0.0007)


def test_counts_of_dense_networks():
    """Three replicates, three copies from each k; a new optimiser makes copy 0 from k > 0 another than that from 0."""
    assert counts("table1") == {"train": 3 * 9}
    assert counts("figure2") == {"train": 3 * 3 * 5, "path": 3 * 3 * 5}
    five = ["lenet", "r20-std", "vgg-std", "r50", "incv3"]
    for name in ("figure3", "figureB1", "figureB2"):
        assert counts(name) == {kind: 3 * 3 * sum(STEPS[case] for case in five) for kind in ("train", "path")}
    assert counts("figureD") == {kind: 3 * 3 * sum(STEPS[case] for case in five[:3]) for kind in ("train", "path")}


def test_counts_throughout_training():
    """63,000 updates are 161 epochs and 49 updates: an end of each epoch beyond k, and the end of training."""
    seen = {k: len([epoch for epoch in range(1, 162) if 391 * epoch > k]) + 1 for k in (0, 100, 500, 1000, 2000)}
    assert counts("figure4") == {"train": 2 * 3 * 5 * 3, "path": 2 * 3 * 3 * sum(seen.values())}


def test_counts_from_initialisation():
    """Per replicate: dense, and by levels IMP and two baselines; copy 0 of the last level is its own training."""
    for case, rounds in ROUNDS.items():
        levels = 8 if case in ("r50", "incv3") else rounds
        assert counts("figure5", case)["train"] == 3 * (1 + 3 * levels)
        assert counts("figure6", case)["train"] == 3 * (1 + rounds + 2 + 3 + 3)
        assert counts("figure6", case)["path"] == 3 * 3 * 3


def test_counts_of_rewinding():
    """For each k: three dense copies, the levels of IMP and two copies more of the last, three of either baseline."""
    for case, rounds in ROUNDS.items():
        assert counts("figure7", case)["train"] == 3 * STEPS[case] * (3 + rounds + 2 + 3 + 3)
        assert counts("figure7", case)["path"] == 3 * STEPS[case] * 4 * 3
        levels = 8 if case in ("r50", "incv3") else rounds
        for name in ("figure8", "figure8-validated"):
            assert counts(name, case)["train"] == 3 * (1 + STEPS[case] * levels + 2 * levels)


def test_figures_share_their_work():
    """In one store a figure's raw curves cost nothing more than the figure."""
    seven = set(planned("figure7").tasks)
    for name in ("figure3", "figureB1", "figureC1", "figureC2", "figureC3", "figureD", "figureE"):
        assert {task.id for task in planned(name).counted} <= seven
    assert {task.id for task in planned("figure6").counted} <= seven
    assert {task.id for task in planned("table1").counted} <= {task.id for task in planned("figure5").counted}


def test_lenet_by_itself_is_a_part_of_the_figures():
    whole = {task.id for name in ("figure2", "figure5", "figure6") for task in planned(name).counted}
    assert {task.id for task in planned("lenet").counted} <= whole


def test_sparse_networks_are_rewound_to_where_dense_copies_part():
    for name in ("figure7", "small/figure7"):
        for case in loaded(name).cases:
            at = case.study.measures["unpruned"].at
            assert at == tuple(
                stages[0].rewind for net, stages in case.study.networks.items() if net.startswith("imp[")
            )


def test_lenet_s_rewinding_is_figure_7_s():
    assert counts("lenet-rewinding") == {
        "train": 3 * 3 * 26,
        "prune": 3 * (3 * 15 - 2),
        "shuffle": 9,
        "path": 3 * 3 * 12,
    }


def test_networks_train_on_the_papers_recipes():
    cases = {case.name: case.study for case in loaded("figure7").cases}
    assert list(cases) == list(ROUNDS)
    rates = {name: study.recipes["real"].optimiser.lr for name, study in cases.items()}
    assert rates == {
        "lenet": 12e-4,
        "r20-std": 0.1,
        "r20-low": 0.01,
        "r20-warm": 0.03,
        "vgg-std": 0.1,
        "vgg-low": 0.01,
        "vgg-warm": 0.1,
        "r50": 0.4,
        "incv3": 0.03,
    }
    updates = {name: planned("figure7").tasks[planned("figure7").roles[f"{name}/dense/s0/l0/train"]] for name in cases}
    lengths = {name: task.params.until for name, task in updates.items()}
    assert lengths == dict.fromkeys(ROUNDS, 63_000) | {"lenet": 24_000, "r50": 90 * 1252, "incv3": 171 * 1252}


@pytest.mark.parametrize("name", SMALL)
def test_small_ones_are_small(name):
    """Six million images, most of them digits, are minutes."""
    view = outlook(planned(name), None)
    assert sum(one.work.images for one in view.waiting.values()) < 8_000_000
    assert {case.name for case in loaded(name).cases} <= {"lenet", "r20-std"}
    for case in loaded(name).cases:
        assert case.study.study == f"instability-{name.removeprefix('small/')}-small"
        assert set(case.study.figures) == set(loaded(name.removeprefix("small/")).cases[0].study.figures)
