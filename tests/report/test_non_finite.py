"""Numbers that are none, in every measure, table and figure: marked as what they are, and no end of anything."""

import io
import math
from pathlib import Path
from typing import Any

import pytest
from drawn_for_tests import Recorded, draw
from results_for_tests import Result, plan_of, row
from rich.console import Console

from lmcspec.report import summarise, tidy
from lmcspec.report.compare import compare
from lmcspec.report.figures.style import files
from lmcspec.report.page import page
from lmcspec.report.side_by_side import table as side_by_side
from lmcspec.report.table import table
from lmcspec.report.words import form_of, in_its_unit

STUDY = """
networks.imp = [{ data = "real", rounds = 4 }]
networks.other = [{ data = "real", rounds = 4, criterion = "random" }]
measures.accuracy = {}
measures.stability = { levels = "all", at = [0, "3ep"], points = 3, through = "5ep" }
measures.distance = { levels = "all", at = [0, "3ep"] }
measures.hessian = { levels = "all" }
measures.masks = { levels = "all" }
measures.overlap = { levels = "all", against = "other", networks = ["imp"] }
measures.matching = {}
"""
PLOTS = {
    "accuracy": {"plot": "accuracy-vs-sparsity"},
    "losses": {"plot": "accuracy-vs-sparsity", "metric": "loss", "x": "sparsity", "band": "all"},
    "instability": {"plot": "instability-vs-sparsity", "metric": "loss"},
    "steps": {"plot": "instability-vs-step", "y": ["instability", "distance"]},
    "distances": {"plot": "distance-vs-step", "metric": "angle", "levels": "all"},
    "through": {"plot": "through-training"},
    "paths": {"plot": "error-along-path", "metric": "loss", "levels": "all"},
    "pooled": {"plot": "error-along-path", "metric": "loss", "band": "all", "series": "split"},
    "surface": {"plot": "path-surface", "metric": "loss"},
    "hessian": {"plot": "hessian", "levels": "all"},
    "layers": {"plot": "layers"},
    "overview": {"plot": "overview", "baseline": "other"},
    "table": {"plot": "table"},
}
FINITE = 0.25


def made(kind: str, value: float) -> dict[str, Any]:
    """What a task of a kind leaves, `value` wherever a number need not be finite."""
    if kind == "accuracy":
        return {"test_error": 0.1, "test_loss": value, "train_error": 0.1, "train_loss": value}
    if kind == "stability":
        losses = [0.1, value, 0.1] if math.isfinite(value) else [0.1, value, value]
        summary = {f"{what}/{on}": 0.01 for what in ("instability", "barrier", "midpoint") for on in ("test", "train")}
        summary |= {f"{what}/{on}-loss": value for what in ("instability", "barrier") for on in ("test", "train")}
        summary |= {f"midpoint/{on}-loss": value for on in ("test", "train")}
        curve = {"test_error": [0.1, 0.2, 0.1], "test_loss": losses, "train_error": [0.1] * 3, "train_loss": losses}
        paths = {policy: {**curve, "summary": summary} for policy in ("average", "recompute")}
        return {"distance": value, "alphas": [0.0, 0.5, 1.0], "paths": paths}
    if kind == "distance":
        return {"distance": value, "from-start": [value, 1.0], "angle": value}
    if kind == "hessian":
        numbers = {"min": value, "max": value, "mean": value, "std": value, "mean-magnitude": value, "trace": value}
        histogram = {"edges": [-10.0, -1e-10, 1e-10, 10.0], "counts": [1, 5, 2]}
        return {"metrics": numbers, "surviving": 8, "all": 8, "histogram": histogram}
    metrics = {"sparsity": 0.5, "overlap": value, "overlap-by-chance": 0.5}
    layers = {name: {"size": 8, "a": 4, "b": 4, "both": 2} for name in ("layers.0", "classifier")}
    return {"metrics": metrics, "layers": layers}


@pytest.fixture(scope="module")
def plan():
    return plan_of(STUDY)


def filled(plan, bad: float, broken: frozenset[int], outcome: str = "diverged") -> Any:
    """A store in which all numbers of some replicates are `bad`."""
    store = Recorded()
    for one in plan.targets:
        amiss = one.replicate in broken
        store.found[one.task] = Result(made(one.kind, bad if amiss else FINITE), outcome if amiss else "ok")
        if one.mask:
            own = [level.density for level in plan.levels[one.case, one.network] if level.number == one.level]
            store.found[one.mask] = Result({"density": own[0]})
    return store


def printed(parts) -> str:
    file = io.StringIO()
    console = Console(width=200, file=file, color_system=None)
    for part in parts:
        console.print(part)
    return file.getvalue()


BAD = [math.nan, math.inf, -math.inf, 1e300, -1e290]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("broken", [{1}, {0, 1, 2}], ids=["one", "all"])
def test_tables_pages_and_comparisons_of_whatever_came_out(plan, bad, broken):
    store = filled(plan, bad, frozenset(broken))
    rows = tidy(plan, store)
    text = printed(table(plan, rows))
    assert "nan" not in text
    assert "inf" not in text
    if not math.isfinite(bad):
        words = "diverged" if len(broken) == 3 else "0.250 ± 0.000 (2 of 3) diverged in 1 of 3"
        assert f" {words} " in text.replace("\n", " ")
    other = tidy(plan, filled(plan, FINITE, frozenset()))
    text = printed(side_by_side(compare(rows, other, one_store=False)))
    assert "nan" not in text


@pytest.mark.parametrize("bad", [math.nan, 1e300])
@pytest.mark.parametrize("broken", [{1}, {0, 1, 2}], ids=["one", "all"])
def test_figures_of_whatever_came_out(plan, bad, broken):
    """Every plot is drawn to the end; what is no number is a gap, and named in a note where it is a curve's."""
    store = filled(plan, bad, frozenset(broken))
    found = draw(plan, store, **PLOTS)
    assert found.keys() == PLOTS.keys()
    for name in ("losses", "surface"):
        files(found[name], ("svg",))
    if not math.isfinite(bad):
        notes = " ".join(found["paths"].notes)
        assert f"no number in {len(broken)} of 3 curves (a gap)" in notes
        assert any("(a gap)" in note or "diverged" in note for note in found["surface"].notes)


def test_one_of_two_pairs_makes_its_replicate_one_that_diverged():
    rows = [row(math.nan, parts=(0.1, math.nan), outcome="diverged"), row(0.3, replicate=1, parts=(0.2, 0.4))]
    (cell,) = summarise(rows).values()
    assert (cell.mean, cell.n, cell.asked, cell.note) == (0.3, 1, 2, "diverged in 1 of 2")
    (cell,) = summarise(rows, pooled=True).values()
    assert (cell.n, cell.asked) == (3, 4)


def test_what_is_no_number_for_no_known_reason_is_called_that():
    """The angle at a start from which nothing moved."""
    cells = summarise(
        [row(math.nan, measure="distance", metric="angle"), row(90.0, replicate=1, measure="distance", metric="angle")]
    )
    assert [in_its_unit(cell) for cell in cells.values()] == ["90.00 (1 of 2) no number in 1 of 2"]
    (cell,) = summarise([row(math.nan, measure="distance", metric="angle")]).values()
    assert in_its_unit(cell) == "no number"


def test_a_replicate_without_any_number_counts_in_all_of_them():
    """A Hessian of weights that are not finite has no numbers; the other replicate's trace is that of one of two."""
    rows = [
        row(None, measure="hessian", metric="mean-magnitude", outcome="diverged"),
        row(1.0, replicate=1, measure="hessian", metric="mean-magnitude"),
        row(5.0, replicate=1, measure="hessian", metric="trace", headline=False),
    ]
    assert {key[4].name: (cell.n, cell.asked, cell.note) for key, cell in summarise(rows).items()} == {
        "mean-magnitude": (1, 2, "diverged in 1 of 2"),
        "trace": (1, 2, "diverged in 1 of 2"),
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 5e-324, 1e308, -1e308, 123456789012.0])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_every_float_can_be_written(value, scale):
    assert len(f"{value:{form_of(value, scale)}}") < 20 or scale == 100.0


def test_marks_of_the_networks_behind_a_number(plan):
    """Distances, Hessians and overlaps are of trained networks, which may only guess: they carry that mark."""
    store = filled(plan, FINITE, frozenset())
    guess = plan.roles["imp/s0/l0/train"]
    store.found[guess] = Result(made("accuracy", FINITE), "chance")
    for identifier, task in plan.tasks.items():
        if task.kind == "prune":
            store.found.setdefault(identifier, Result({"density": 0.8}))
    marked = {
        (one.measure, one.network, one.level, one.k)
        for one in tidy(plan, store)
        if one.outcome == "chance" and one.replicate == 0 and one.headline
    }
    both = {
        (measure, network, 0, k) for measure in ("stability", "distance") for network in ("imp", "other") for k in "0"
    }
    hessians = {("hessian", network, 0, "") for network in ("imp", "other")}
    accuracies = {("accuracy", network, 0, "") for network in ("imp", "other")}
    # The first mask was ranked from what only guesses.
    masks = {(measure, "imp", 1, "") for measure in ("masks", "overlap")}
    assert marked == both | hessians | accuracies | masks
    assert all(one.outcome == "ok" for one in tidy(plan, store) if one.replicate and one.headline)


def test_what_can_not_be_pruned_is_not_missing(plan):
    """Where the dense network of a replicate diverged there is no mask, and nothing of what follows will come."""
    store = filled(plan, FINITE, frozenset())
    first = plan.roles["imp/s1/l1/mask"]
    gone, store.found[first] = {first}, Result({}, "diverged")
    for identifier, task in plan.tasks.items():
        if any(source in gone for _, source in task.inputs):
            gone.add(identifier)
            store.found.pop(identifier, None)
    rows = [one for one in tidy(plan, store) if one.network == "imp" and one.level and one.replicate == 1]
    assert {one.outcome for one in rows} == {"diverged"}
    text = printed(table(plan, tidy(plan, store)))
    assert "90.00 ± 0.00 (2 of 3) diverged in 1 of 3" in text
    assert "missing" not in text


def test_the_page(plan):
    class Store(Recorded):
        def find(self, identifier) -> Any:
            found: Any = super().find(identifier)
            if found is not None:
                found.record, found.path = {"seconds": 1}, Path("objects/ab/abc")
            return found

    store: Any = Store(filled(plan, math.nan, frozenset({0, 1, 2})).found)
    rows = tidy(plan, store)
    found = page(plan, rows, store, {})
    assert all("nan" not in cell.text for part in found.cases for line in part.results.lines for cell in line)


@pytest.mark.parametrize(
    ("value", "scale", "said"), [(-1e-5, 100.0, "0.00"), (-0.0, 1.0, "0.00"), (-0.02, 100.0, "-0.02")]
)
def test_what_rounds_to_nothing_has_no_sign(value, scale, said):
    assert f"{value:{form_of(value, scale)}}" == said
    assert f"{value:+{form_of(value, scale)}}" == (f"+{said}" if said == "0.00" else said)
