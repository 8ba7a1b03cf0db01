"""A figure is an error of the plan exactly where the report would draw nothing: over many tables, drawn at random."""

from pathlib import Path
from random import Random

import pytest
from drawn_for_tests import Recorded
from results_for_tests import Result, made_up
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.catalog import get
from lmcspec.report import tidy
from lmcspec.report.figures import drawings
from lmcspec.report.figures.style import DENSE
from lmcspec.spec import load

STUDY = """
study = "figures"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "2ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
[networks]
imp = [{ data = "real", rounds = 2, rewind = { each = [0, "3it"] } }]
other = [{ data = "real", rounds = 3 }]
dense = []
bare = []
[measures]
accuracy = { networks = ["imp", "other"] }
plain = { kind = "accuracy", networks = ["dense"] }
late = { kind = "accuracy", levels = ["last"], networks = ["imp"] }
way = { kind = "accuracy", levels = ["last"], networks = ["other"], through = "1ep" }
stability = { networks = ["imp"], levels = ["dense", 1], at = [0, 1], split = ["test"], bn = ["average"] }
distance = { networks = ["imp"], levels = [1], at = [0] }
[figures]
"""
PLOTS = {
    "instability-vs-sparsity": ("stability",),
    "accuracy-vs-sparsity": ("accuracy", "late", "way"),
    "instability-vs-step": ("stability",),
    "distance-vs-step": ("distance", "stability"),
    "accuracy-through-training": ("accuracy", "late", "way"),
    "through-training": ("stability",),
    "error-along-path": ("stability",),
    "overview": ("accuracy", "stability"),
    "cost": (),
    "table": ("accuracy", "late", "distance"),
}
"""With the measures from which each can be drawn."""
VALUES = {
    "networks": (["imp"], ["other"], ["imp[rewind=0]", "other"], ["dense"], ["bare"]),
    "levels": ("all", ["dense"], ["last"], ["start"], ["last-stage"], [1], ["dense", "last"]),
    "at": (0, 1),
    "split": ("test", "train", "validation"),
    "metric": ("loss", "barrier", "accuracy", "density", "error@recompute", "loss@average"),
    "y": ("accuracy", "midpoint", ["instability", "accuracy"], "angle", "distance", ["distance", "from-start"]),
    "x": ("density", "sparsity", "rewind"),
    "series": ("network", "split"),
    "panels": ("network",),
    "baseline": ("imp[rewind=0]", "imp[rewind=3it]", "dense", "imp", "other", "bare"),
}
KEPT_APART = ("leave out one of `metric` and `y`", "leave one of them out", "it is taken from: ")
"""What is said of two keys that contradict each other, of which one would be drawn."""


def tables(count: int) -> list[dict]:
    """So many tables of a figure that the language knows."""
    draws, found = Random(7), {}
    while len(found) < count:
        plot = draws.choice(sorted(PLOTS))
        fields = get("plot", plot).config.model_fields
        keys = [key for key in (*VALUES, "measure") if key in fields and (plot, key) != ("distance-vs-step", "split")]
        keys = {*draws.sample(keys, min(len(keys), draws.randint(1, 3))), *(["baseline"] if plot == "overview" else [])}
        table = {key: draws.choice(PLOTS[plot] if key == "measure" else VALUES[key]) for key in sorted(keys)}
        try:
            get("plot", plot).config.model_validate({"plot": plot, **table})
        except ValueError:
            continue  # a value that this plot doesn't know
        if "split" in table and table.get("y") not in (None, "accuracy", "midpoint"):
            continue  # images of what is no number of images are refused, too
        found[repr((plot, table))] = {"plot": plot, **table}
    return list(found.values())


def results(plan) -> Recorded:
    """What every target of a study would give."""
    made = made_up(plan, lambda target: 0.1)
    summary = {f"{what}/test{of}": 0.1 for what in ("instability", "barrier", "midpoint") for of in ("", "-loss")}
    curve = {"test_error": [0.1, 0.2, 0.1], "test_loss": [1.0, 2.0, 1.0], "summary": summary}
    of_kind = {
        "distance": {"distance": 9.0, "from-start": [8.0, 7.0], "angle": 70.0},
        "stability": {"distance": 2.0, "alphas": [0.0, 0.5, 1.0], "paths": {"average": curve}},
    }
    made.found |= {one.task: Result(of_kind[one.kind]) for one in plan.targets if one.kind in of_kind}
    return Recorded(made.found)


def shows(drawing, table) -> bool:
    """Whether there is a point, a bar or a line of a table; where a figure says of what its band is, the band."""
    if drawing.table is not None:
        return bool(drawing.table.lines)
    axes = drawing.figure.axes if drawing.figure is not None else ()
    every = [line for each in axes for line in each.lines if len(line.get_xdata())]
    bands = [line for line in every if line.get_color() == DENSE and list(line.get_xdata()) == [0, 1]]
    if "baseline" in table and table["plot"] != "overview" and not bands:
        return False
    # An accuracy has no place over k: there the band is all that is shown of it.
    return any(each.patches for each in axes) or len(every) > len(bands) * (table["plot"] == "accuracy-vs-sparsity")


def test_what_passes_is_drawn_and_what_is_refused_would_be_empty():
    wanted = {f"f{place}": table for place, table in enumerate(tables(60))}
    text = STUDY + "".join(
        f"{name} = {{ {', '.join(f'{key} = {value!r}' for key, value in table.items())} }}\n"
        for name, table in wanted.items()
    )
    with pytest.raises(SpecError) as caught:
        plan_of(text)
    refused = {one.path.split(".")[1] for one in caught.value.problems}
    contradict = {one.path.split(".")[1] for one in caught.value.problems if one.help.startswith(KEPT_APART)}
    plan = plan_of(STUDY)
    store = results(plan)
    rows = tidy(plan, store)
    figures = load(Path("study.toml"), text=text).cases[0].study.figures
    drawn = set()
    for name in wanted.keys() - contradict:
        (drawing,) = drawings(plan, "", rows, store, {name: figures[name]})
        if shows(drawing, wanted[name]):
            drawn.add(name)
    assert len(drawn) > 12 and len(refused) > 12
    assert {name: wanted[name] for name in drawn & refused} == {}, "refused, and drawn"
    assert {name: wanted[name] for name in wanted.keys() - drawn - refused} == {}, "passed, and empty"
