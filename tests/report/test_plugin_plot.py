"""A package brings a plot, a card with keys of its own and a function that draws from rows, or a number for others."""

from pathlib import Path

import pytest
from plugin_for_tests import STUDY
from results_for_tests import Result, Results, made_up
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.report import tidy
from lmcspec.report.figures import drawings
from lmcspec.report.figures.options import figure_of
from lmcspec.spec import load

CARD = """
from lmcspec.catalog import MeasureCard, Metric, Metrics, PlotCard, Several
from lmcspec.catalog.figure import OfLevels
from lmcspec.catalog.levels import LevelMeasure
from lmcspec.catalog.metric import PERCENT

class Dots(OfLevels):
    plot: Literal["dots"] = "dots"
    mark: Literal["x", "o"] = "o"

class Broken(OfLevels):
    plot: Literal["broken"] = "broken"
    metric: str = "accuracy"
    split: Several[str] = ()
    x: str = "rewind"
    reduce: str = "mean:all"

class Kept(LevelMeasure):
    kind: Literal["kept"] = "kept"

KEPT = Metric(name="kept", measure="kept", quantity="kept", unit=PERCENT, said="signs that stay (%)")
CARDS = (*CARDS, MeasureCard(doc="x", config=Kept, implementation="ownplug.signs:targets", metrics=Metrics((KEPT,)),
                             headline="kept", quantities=("kept",)), PlotCard(name="broken", doc="raises", config=Broken, implementation="ownplug.plot:broken",
                          measures=("accuracy",)), PlotCard(name="dots", doc="a dot for each level", config=Dots, implementation="ownplug.plot:draw",
                          measures=("accuracy",)))
"""
DRAW = """
from lmcspec.report.figures.style import Drawing, canvas, drawn

def draw(cases, options, name):
    rows = [row for row in cases[0].of("accuracy", cases[0].headline("accuracy"), options)]
    with drawn():
        figure, ((axes,),) = canvas(1, 1, 4, 3)
        axes.plot([row.level for row in rows], [row.value for row in rows], options.table.mark, label="dots")
    return Drawing(name, "Dots", figure, f"{len(rows)} of them.")

def broken(cases, options, name):
    return None if options.levels == ("last",) else {}[name]
"""
TARGETS = """
from lmcspec.plan.measures.accuracy import trained

def targets(request):
    return [request.target("kept", cell, trained(request, cell)) for cell in request.cells()]
"""
FILES = {"plot.py": DRAW, "signs.py": TARGETS}


def test_it_is_asked_for_and_drawn_like_any_other(plugin, tmp_path):
    spec = tmp_path / "own.toml"
    spec.write_text(STUDY + '[figures]\nmine = { plot = "dots", networks = ["imp"], mark = "x" }\n')
    figures = load(spec).cases[0].study.figures
    assert figures["mine"] == figure_of({"plot": "dots", "networks": ["imp"], "mark": "x"})
    plan = plan_of(spec.read_text())
    store = Results(made_up(plan, lambda target: 0.1 * target.level).found)
    (drawing,) = drawings(plan, "", tidy(plan, store), store, figures)
    (line,) = drawing.figure.axes[0].lines
    assert list(line.get_xdata()) == [0, 1] and line.get_marker() == "x"
    assert drawing.caption == "2 of them."


def test_its_keys_and_needs_are_held_as_the_spec_is_read(plugin):
    for figure, code, words in (
        ('plot = "dots", mark = "+"', "E106", '"x" or "o"'),
        ('plot = "dots", panels = "case"', "E103", "unknown key `panels`"),
        ('plot = "dot"', "E213", "did you mean `dots`?"),
    ):
        with pytest.raises(SpecError) as caught:
            plan_of(f"{STUDY}[figures]\nmine = {{ {figure} }}\n")
        (problem,) = caught.value.problems
        assert problem.code == code and words in f"{problem.message} {problem.label} {problem.help}"
    with pytest.raises(SpecError) as caught:
        plan_of(STUDY.replace("accuracy = {}", "masks = { levels = [1] }") + '[figures]\nmine = { plot = "dots" }\n')
    assert [one.code for one in caught.value.problems] == ["E430"]


def test_one_that_raises_or_draws_nothing_is_a_note_that_names_its_package(plugin):
    text = (
        STUDY + '[figures]\nmine = { plot = "broken", split = ["a"] }\nlast = { plot = "broken", levels = ["last"] }\n'
        'dots = { plot = "dots" }\n'
    )
    plan = plan_of(text)
    store = Results(made_up(plan, lambda target: 0.1).found)
    figures = load(Path("own.toml"), text=text).cases[0].study.figures
    mine, last, dots = drawings(plan, "", tidy(plan, store), store, figures)
    assert mine.notes == ("the plot `broken` of ownplug can't draw it: KeyError: 'mine'",)
    assert last.notes == ("the plot `broken` of ownplug can't draw it: TypeError: it gives a NoneType and no Drawing",)
    assert dots.figure is not None


def test_what_its_metric_names_is_held_against_what_is_measured(plugin):
    with pytest.raises(SpecError) as caught:
        plan_of(f'{STUDY}[figures]\nmine = {{ plot = "broken", metric = "acuracy" }}\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.label) == ("E431", "did you mean `accuracy`?")


def test_a_quantity_of_its_measure_stands_on_y(plugin):
    family = STUDY.replace("imp = [{", 'imp = [{ rewind = { each = [0, "1it"] },').replace(
        "accuracy = {}", "kept = { levels = [1] }\nstability = { levels = [1], at = [0] }"
    )
    figure = '[figures]\nf = {{ plot = "instability-vs-step", x = "rewind", networks = ["imp"], y = "{}" }}\n'
    text = family + figure.format("kept")
    plan = plan_of(text)
    shares = {"imp[rewind=0]": 0.25, "imp[rewind=1it]": 0.75}
    asked = [target for target in plan.targets if target.kind == "kept" and target.network in shares]
    store = Results({target.task: Result({"metrics": {"kept": shares[target.network]}}) for target in asked})
    figures = load(Path("own.toml"), text=text).cases[0].study.figures
    (drawing,) = drawings(plan, "", tidy(plan, store), store, figures)
    (axes,) = drawing.figure.axes
    (line,) = [line for line in axes.lines if line.get_label() == "imp"]
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([0, 1], [25, 75])
    assert axes.get_ylabel() == "signs that stay (%)"
    with pytest.raises(SpecError) as caught:
        plan_of(family + figure.format("keept"))
    assert [(problem.path, problem.label) for problem in caught.value.problems] == [
        ("figures.f.y", "did you mean `kept`?")
    ]
