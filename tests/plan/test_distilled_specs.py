"""Every figure and table of "Linear Mode Connectivity in Sparse Neural Networks" and "On Synthetic Data and Iterative
Magnitude Pruning" has a spec that compiles to what its header says, and a small one; counts by hand."""

import re

import pytest
from papers_for_tests import papers

from lmcspec.plan.outlook import outlook
from lmcspec.plan.render import estimate

SPECS = papers("distilled")
FIGURE_7 = papers("")
loaded, planned, counts = SPECS.loaded, SPECS.planned, SPECS.counts
FIGURES = [
    "stability",
    "stability-imagenet10",
    "landscape",
    "images",
    "performance",
    "overview",
    "hessian",
    "controls",
    "cifar100",
    "transfer",
]
SMALL = [f"small/{name}" for name in FIGURES if name not in ("stability-imagenet10", "transfer")]
EVERY = [*FIGURES, "published", *SMALL, "small/fig7-tiny", "small/fig7-tiny-gpu"]


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


def test_every_figure_and_table_is_there():
    assert SPECS.names == {*EVERY, "_settings", "small/_scale"}


@pytest.mark.parametrize("name", EVERY)
def test_it_says_in_its_header_what_it_costs(name):
    assert name.startswith("small/") or "Expect" in SPECS.header(name)
    assert SPECS.said(name) == counts(name)


@pytest.mark.parametrize("name", EVERY)
def test_each_case_has_figures(name):
    assert all(case.study.figures for case in loaded(name).cases)


@pytest.mark.parametrize("name", FIGURES)
def test_its_arithmetic_is_known_without_data_and_stands_in_its_header(name):
    line = estimate(outlook(planned(name), None), 1)[0]
    images, flop = re.fullmatch(r"blocked: ([\d,]+) training images in .* updates, (\S+) FLOP", line).groups()
    said, unit = re.search(r"; ([\d.,]+) ([GM] )?training images", SPECS.header(name)).groups()
    scale = {"G ": 1e9, "M ": 1e6, None: 1}[unit]
    assert float(said.replace(",", "")) * scale == pytest.approx(int(images.replace(",", "")), rel=0.03)
    assert f"({flop.replace('e+', 'e')} FLOP" in SPECS.header(name)


# Counts


def test_counts_of_stability():
    """Per case and replicate 21 subnetworks (dense, ten of either network), each as two copies; IMP's first copy is what
    ranks, and masks from distilled images take ten trainings on these, levels 0 to 9."""
    one = {"train": 2 * 21, "path": 21, "prune": 20, "distilled": 10}
    for name, cases in (("stability", 3), ("stability-imagenet10", 1)):
        found = counts(name)
        assert found.pop("distill") == 1
        assert found == {kind: 3 * cases * count for kind, count in one.items()}


def test_counts_of_controls():
    """Per replicate: a dense training and 13 levels of seven networks; 13 short ones, which only rank; second copies of
    dense and of levels 4, 9 and 13 of the seven: 1 + 91 + 13 + 22.

    Networks that rewind weights alone have their first mask, and the training behind it, from the others; from then on
    they begin elsewhere. A set's own accuracy is the first training of masks from it.
    """
    assert counts("controls") == {
        "train": 3 * (1 + 7 * 13 + 13 + 1 + 7 * 3),
        "distilled": 3 * (13 + 12),
        "path": 3 * (1 + 7 * 3 + 2 * 3),
        "prune": 3 * (5 * 13 + 2 * 12),
        "overlap": 3 * (4 + 1 + 2) * 13,
        "distill": 1,
    }


def test_counts_of_the_overview():
    """IMP knows no images per class: seven runs of levels 0 to 9 and two second copies serve ten cases. Masks from
    distilled images take nine trainings for each, and two copies of levels 4 and 9."""
    assert counts("overview") == {
        "train": 3 * (7 * (10 + 2) + 10 * 4),
        "distilled": 3 * 10 * 9,
        "path": 3 * (7 * 2 + 10 * 2),
        "prune": 3 * (7 * 9 + 10 * 9),
        "distill": 6,
    }


def test_counts_of_the_others():
    """Levels 0 to 10 of IMP are trained anyway, of which 0, 4 and 10 are looked at; of masks from distilled images only
    levels 4 and 10 are."""
    masks = {"distilled": 3 * 10, "prune": 3 * 20, "distill": 1}
    assert counts("hessian") == masks | {"train": 3 * (11 + 2), "hessian": 2 * 3 * 5}
    assert counts("landscape") == masks | {"train": 3 * (11 + 2 + 5 * 3), "landscape": 3 * 5}
    assert counts("performance") == {"train": 2 * 3 * 21 * 4, "distilled": 60, "prune": 120, "distill": 1}
    assert counts("images") == {"distilled": 3, "distill": 1}
    assert counts("cifar100") == {
        "train": 2 * 3 * (33 + 1 + 2 * 6),
        "distilled": 2 * 3 * 16,
        "path": 2 * 3 * (1 + 2 * 6),
        "prune": 2 * 3 * 32,
        "distill": 1,
    }


def test_counts_of_figure_7():
    """Per replicate: levels 1 + 25 + 25 + 3 x 33; one more copy of each of nine subnetworks that start at 0, two of them
    from k = 3, and one of each of imp-k3's two from there. imp-k3 has its first mask from imp."""
    assert FIGURE_7.counts("fig7") == {
        "train": 5 * (1 + 25 + 25 + 33 + 33 + 33 + 9 + 2 * 9 + 2),
        "distilled": 5 * 8,
        "path": 5 * (9 + 9 + 2),
        "prune": 5 * (25 + 24 + 33),
        "shuffle": 5 * 33,
        "distill": 1,
    }


def test_the_curves_of_figure_7_alone_are_what_its_header_says():
    curves = ('measures.accuracy.networks=["imp","imp-k3","stable"]', 'measures.accuracy.levels=["dense","last-stage"]')
    little = ('measures.stability.networks=["dense"]', "measures.stability.at=[0]")
    header = FIGURE_7.header("fig7")
    assert "The three curves alone are 385 of the trainings and those on distilled images" in header
    assert "40 on distilled images" in header and "410 prunes" in header
    # A replicate has one further copy of dense for its one path.
    assert FIGURE_7.counts("fig7", "", *curves, *little) == {
        "train": 385 + 5,
        "distilled": 40,
        "path": 5,
        "prune": 410,
        "distill": 1,
    }


def test_figure_7_on_small_photographs():
    """Per replicate: dense, six levels of either IMP, and levels 4 to 6 of stable; second copies at k = 0 of dense, imp
    and stable at two levels each, two from k = 3 of these, one of imp-k3 at two levels. Random images are trained on
    once, distilled ones for four masks. On a GPU either IMP has eight levels and stable goes on to level 10."""
    copies = 5 + 2 * 5 + 2
    assert counts("small/fig7-tiny") == {
        "train": 3 * (1 + 6 + 6 + 3 + copies),
        "distilled": 3 * (4 + 1),
        "path": 3 * (5 + 5 + 2),
        "prune": 3 * (6 + 5 + 6),
        "distill": 2,
    }
    assert counts("small/fig7-tiny-gpu") == {
        "train": 5 * (1 + 8 + 8 + 7 + copies),
        "distilled": 5 * (4 + 1),
        "path": 5 * (5 + 5 + 2),
        "prune": 5 * (8 + 7 + 10),
        "distill": 2,
    }


# What is shared, and what is small


def test_figures_share_their_work():
    """In one store a dense network or a mask of ConvNet-3 is made for all figures."""
    stability = set(planned("stability").tasks)
    for name, kinds in (("hessian", {"hessian"}), ("landscape", {"landscape", "train"})):
        assert {task.kind for task in planned(name).counted if task.id not in stability} == kinds
    overview = [task for task in planned("overview").counted if task.id not in stability]
    names = {task.label.split("/")[0] for task in overview}
    assert not names & {"c10-conv3-10ipc", "c10-r18-10ipc", "c10-r18-wide-10ipc"}


@pytest.mark.parametrize("name", SMALL)
def test_small_ones_are_small(name):
    """ConvNet-3 with a quarter of its channels, or less, on 5,000 images; no set of the papers' cost is made for it."""
    for case in loaded(name).cases:
        assert case.study.study == f"distilled-{name.removeprefix('small/')}-small"
        assert set(case.study.figures) == set(loaded(name.removeprefix("small/")).cases[0].study.figures)
        assert case.study.dataset.split.train == 5000
    view = outlook(planned(name), None)
    assert sum(one.work.images for one in view.waiting.values()) < 15_000_000
    for task in planned(name).counted:
        assert task.kind != "distill" or task.params.method.value["method"] == "dm"
