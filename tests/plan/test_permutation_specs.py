"""Every figure of "Simultaneous Linear Connectivity of Neural Networks Modulo Permutation" has a spec that compiles to what
its header says, and a small one; counts by hand."""

import pytest
from papers_for_tests import papers

from lmcspec.base.steps import Step
from lmcspec.plan.outlook import outlook

SPECS = papers("permutation")
loaded, planned, counts = SPECS.loaded, SPECS.planned, SPECS.counts
FRAGMENTS = {name for name in SPECS.names if name.rpartition("/")[2].startswith("_")}
EVERY = sorted(SPECS.names - FRAGMENTS)
SMALL = [name for name in EVERY if name.startswith("small/")]
FIGURES = [name for name in EVERY if name.startswith(("figure", "paths"))]
PAIRS = 5
TIMES = 17
"""Of 160 epochs: the start, every tenth, and the end."""
LOOKS = 20
"""The same, and epochs 1, 3 and 5."""


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


@pytest.mark.parametrize("name", EVERY)
def test_it_says_in_its_header_what_it_costs(name):
    assert "Expect" in SPECS.header(name) or name.startswith("small/")
    assert SPECS.said(name) == counts(name)


@pytest.mark.parametrize("name", EVERY)
def test_each_case_has_figures(name):
    assert all(case.study.figures for case in loaded(name).cases)


@pytest.mark.parametrize("name", EVERY)
def test_barriers_stand_beside_those_of_chance(name):
    """Matching makes any two networks nearer: networks that nobody has trained show what of it is chance."""
    for case in loaded(name).cases:
        study = case.study
        barriers = [measure for measure in study.measures.values() if getattr(measure, "kind", "") == "connectivity"]
        whole = [measure for measure in barriers if getattr(measure, "ends", "whole") == "whole"]
        assert all({"none", "chance"} <= set(measure.under) for measure in whole)
        assert not whole or study.permutations["chance"].step == Step()


def test_trajectories():
    """Under none, three of the ends and of the start, and eight on the way of each method."""
    for name in ("figure1", "figure9"):
        assert counts(name) == {"train": 10, "match": PAIRS * (3 + 2 * 8), "path": PAIRS * LOOKS * (4 + 2 * 8)}
    mlp, others = 4, 6
    assert counts("figure10") == {
        "train": 10 * (mlp + others),
        "match": PAIRS * 3 * (mlp + others),
        "path": PAIRS * 4 * (mlp * 5 + others * TIMES),
    }
    for name in ("figure19", "figure20"):
        assert counts(name) == {"train": 20, "match": PAIRS * 3, "path": PAIRS * TIMES * 4 + 10}


def test_children():
    """Two copies from each k > 0, one more from 0; children are the second copies of the stability measure."""
    assert counts("figure1-right") == {
        "train": 10 * (2 + 7 * 2),
        "match": PAIRS * 3,
        "path": 10 * 8 + PAIRS * 4 * (1 + 8),
    }


def test_sparse_networks():
    """At level 0 the permutation of a level's own networks is that of the dense ones."""
    one = {"train": 10 * 21, "prune": 10 * 20, "match": PAIRS * (3 + 2 * 20), "path": PAIRS * (21 * 6 - 2)}
    assert counts("figure2-left") == one
    assert counts("figure11") == {kind: 2 * number for kind, number in one.items()}


def test_carried_masks():
    """One-shot pruning's first level is IMP's; under none a mask is the other's own."""
    for name in ("figure2-right", "figure13-rate"):
        assert counts(name) == {
            "train": 10 * (1 + 6 * 20 + 19),
            "prune": 10 * (20 + 19),
            "match": PAIRS * (3 + 20),
            "transport": 10 * 4 * 20,
        }


@pytest.mark.parametrize("name", ["figure3", "mnist-width"])
def test_ways_by_a_third(name):
    assert counts(name) == {
        "train": 6 * 15,
        "match": 6 * PAIRS * (3 + 2 * 2),
        "detour": 6 * PAIRS * 2,
        "agreement": 6 * PAIRS * 2,
        "path": 6 * PAIRS * 6,
    }


def test_alignment_after_pruning():
    """At fraction 0 both criteria are no pruning, and at the end that is `wm`; random masks are the same at every step."""
    steps, criteria, fractions = 5, 2, 5
    ways = steps * (criteria * fractions + 1)
    assert counts("figure16") == {
        "train": 10,
        "prune": 10 * (steps * fractions + fractions),
        "match": PAIRS * (ways + 1),
        "path": PAIRS * ((ways + 2) + steps * criteria * fractions),
    }


@pytest.mark.parametrize("name", ["figure17", "figure18"])
def test_alignment_with_layers_put_back(name):
    """ResNet-20's first block is not its first layer, so that no way is the whole of another."""
    ways = 8 + 4 * 5 * 8
    assert counts(name) == {
        "train": 10,
        "match": PAIRS * (2 + ways),
        "path": PAIRS * (3 + ways),
        "agreement": PAIRS * ways,
    }


def test_agreement_over_time():
    assert counts("figure21") == {"train": 10, "match": PAIRS * (3 + 2 * 9), "agreement": PAIRS * (10 + 9)}


def test_planes():
    assert counts("figure22") == {"train": 10, "match": PAIRS * (2 + 5), "landscape": PAIRS * (5 + 7)}


def test_paths_and_cycles():
    """All 45 pairs; compositions and cycles of three lengths; direct and unpermuted ends as often as they differ."""
    found = counts("paths")
    ends, rest = divmod(found.pop("path") - 3 * 2 * 3 * 20, 4)
    assert rest == 0 and 20 < ends <= 45
    assert found == {
        "train": 10,
        "match": 3 * 45,
        "chain": 3 * 2 * 3 * 20,
        "agreement": 3 * 4 * 20,
        "transitivity": 3,
    }


def test_an_mlp_on_mnist():
    assert counts("mnist") == {"train": 10, "match": PAIRS * 3, "path": PAIRS * 6 * 4}
    assert counts("mnist-sparse") == {
        "train": 10 * (1 + 4 + 5 * 2),
        "prune": 10 * (4 + 2),
        "match": PAIRS * (3 + 4),
        "transport": 10 * 3 * 2,
        "path": PAIRS * (5 * 5 - 1),
    }


def test_a_narrow_vgg_on_cifar():
    pairs, networks = 3, 6
    assert counts("cifar") == {
        "train": networks * (1 + 2 + 5),
        "prune": networks * (2 + 1),
        "match": pairs * (3 + 2),
        "transport": networks * 3,
        "path": pairs * (3 * 4 + 2 * 4),
    }


def test_figures_share_their_work():
    trained = {task.id for task in planned("figure1").counted if task.kind == "train"}
    for name in ("figure16", "figure17", "figure21", "figure22"):
        assert {task.id for task in planned(name).counted if task.kind == "train"} == trained
    assert trained <= {task.id for task in planned("figure2-left").counted}
    whole = {task.id for task in planned("figure2-left").counted if "/imp/" not in task.label}
    assert whole & {task.id for task in planned("figure1").counted if task.kind in ("match", "path")}
    dense = {task.id for task in planned("mnist").counted if task.kind == "train"}
    assert dense <= {task.id for task in planned("mnist-sparse").counted}
    assert dense <= {task.id for task in planned("mnist-width").counted}


def test_every_figure_of_the_paper_has_a_small_one():
    assert [name.removeprefix("small/") for name in SMALL] == FIGURES


@pytest.mark.parametrize("name", SMALL)
def test_small_ones_are_small(name):
    """Three million images are minutes, and there are as many figures as in the whole."""
    view = outlook(planned(name), None)
    assert sum(one.work.images for one in view.waiting.values()) < 3_000_000
    whole = name.removeprefix("small/")
    for case in loaded(name).cases:
        assert case.study.study == f"permutation-{whole}-small"
        assert set(case.study.figures) == set(loaded(whole).cases[0].study.figures)
