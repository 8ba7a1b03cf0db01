"""A package brings a plot: a card with keys of its own, and a function that draws from rows."""

from pathlib import Path

import pytest
from plugin_for_tests import STUDY
from results_for_tests import Results, made_up
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.report import tidy
from lmcspec.report.figures import drawings
from lmcspec.report.figures.options import figure_of
from lmcspec.spec import load

CARD = """
from lmcspec.catalog import PlotCard, Several
from lmcspec.catalog.figure import OfLevels

class Dots(OfLevels):
    plot: Literal["dots"] = "dots"
    mark: Literal["x", "o"] = "o"

class Broken(OfLevels):
    plot: Literal["broken"] = "broken"
    metric: str = "accuracy"
    split: Several[str] = ()
    x: str = "rewind"
    reduce: str = "mean:all"

CARDS = (*CARDS, PlotCard(name="broken", doc="raises", config=Broken, implementation="ownplug.plot:broken",
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
FILES = {"plot.py": DRAW}


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
