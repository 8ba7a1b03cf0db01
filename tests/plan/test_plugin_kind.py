"""A package brings a measure with a kind of task of its own: its code is in ids, and plans say what of it was edited."""

import pytest
from plugin_for_tests import STUDY
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.engine.execute import execute
from lmcspec.plan.document import from_document, to_document
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec.store.attempts import failed_attempts
from lmcspec_runners.inline import InlineRunner

CARD = """
from lmcspec.catalog import Config, MeasureCard, Metric, Metrics
from lmcspec.catalog.levels import LevelMeasure

class Kept(LevelMeasure):
    kind: Literal["kept"] = "kept"

CARDS = (*CARDS, MeasureCard(name="kept", doc="x", config=Kept, implementation="ownplug.targets:targets",
                             metrics=Metrics((Metric(name="kept", measure="kept", quantity="kept"),)), headline="kept"))
"""
TARGETS = """
from lmcspec.catalog import get
from lmcspec.catalog.code import code_of
from lmcspec.tasks.params import Part
from ownplug.kinds import Params

def targets(request):
    params = Params(request.emit.model, Part.of({"name": "upside"}), code_of(get("criterion", "upside")))
    for cell in request.cells():
        task = request.emit.graph.add("ownplug.kinds:KIND", params, {}, role=request.role(cell, "kept"))
        yield request.target("kept", cell, task)
"""
KINDS = """
from dataclasses import dataclass, field
from lmcspec.tasks.kind import CardOf, Finished, Kind
from lmcspec.tasks.params import ADDED_LATER, Part
from lmcspec.tasks.work import Work
from ownplug.share import SHARE

@dataclass(frozen=True, slots=True)
class Params:
    model: Part
    probe: Part
    code: str | None = field(default=None, metadata=ADDED_LATER)

def work(params, known):
    return Work(units=1.0, stored=0)

def run(ctx, params, seeds):
    return Finished({"metrics": {"kept": SHARE}})

KIND = Kind(name="ownplug.kinds:KIND", version=1, params=Params, run=run, work=work, card=CardOf("probe", "criterion"))
"""
PLOT = """
from lmcspec.catalog import PlotCard
from lmcspec.catalog.figure import OfLevels

class Mine(OfLevels):
    plot: Literal["mine"] = "mine"

MINE = PlotCard(name="mine", doc="x", config=Mine, implementation="ownplug.drawn:draw", measures=("kept",),
                misfit=lambda config, kinds: 1 / 0)
"""
FILES = {
    "targets.py": TARGETS,
    "kinds.py": KINDS,
    "share.py": "SHARE = 0.25\n",
    "drawn.py": "from anywhere import draw\n",
}
OWN = STUDY.replace("accuracy = {}", 'kept = { levels = ["dense"], networks = ["imp"] }')


def test_its_edited_code_runs_again_and_the_plan_says_why(plugin, tmp_path):
    store = Store.open(tmp_path / "store")
    first = outlook(plan_of(OWN), store)
    (measured,) = first.plan.tasks.values()
    assert not execute(first, store, InlineRunner()).failed
    assert outlook(plan_of(OWN), store).diff.nothing_to_do
    assert from_document(to_document(first.plan)).tasks.keys() == first.plan.tasks.keys()
    for file, old, new, named in (
        ("share.py", "0.25", "0.75", "ownplug.kinds:KIND"),
        ("criterion.py", "abs", "exp", "upside"),
    ):
        plugin.edit(file, old, new)
        view = outlook(plan_of(OWN), store)
        ((task, reason),) = view.reasons.items()
        assert task != measured.id and reason.code == "code-changed"
        assert [str(change).split()[:3] for change in reason.changes] == [["code", "of", f"`{named}`"]]
        assert not execute(view, store, InlineRunner()).failed
        assert store.find(task).scalars["metrics"] == {"kept": 0.75}


def test_what_was_edited_since_does_not_run(plugin, tmp_path):
    store = Store.open(tmp_path / "store")
    view = outlook(plan_of(OWN), store)
    plugin.edit("share.py", "0.25", "0.75")
    (task,) = execute(view, store, InlineRunner()).failed
    (failure,) = failed_attempts(store, task)
    assert "the code of the kind of task `ownplug.kinds:KIND` is another than when this was planned" in str(
        failure.document
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('whatever')", "KeyError: 'whatever'"),
        ("return None", "TypeError: 'NoneType' object is not iterable"),
        ("return ['x']", "TypeError: its targets are no Targets, such as 'x'"),
    ],
)
def test_a_measure_that_asks_for_nothing_sensible_is_an_error_of_the_spec(plugin, body, said):
    plugin.edit("targets.py", "    params = ", f"    {body}\n    params = ")
    if "return" in body:
        plugin.edit("targets.py", "        yield ", "        _ = ")
    with pytest.raises(SpecError) as caught:
        plan_of(OWN)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("E429", "measures.kept")
    assert problem.message == f"the measure 'kept' can't be used here: {said}"


def test_a_kind_whose_tasks_have_no_model_is_an_error_of_the_spec(plugin):
    plugin.edit("kinds.py", "model: Part", "net: Part")
    with pytest.raises(SpecError, match=r"parameters of the kind of task ownplug\.kinds:KIND lack `model`"):
        plan_of(OWN)


def test_a_misfit_that_raises_is_told_of_its_plot(plugin):
    plugin.edit("cards.py", "CARDS = (*CARDS, Meas", PLOT + "CARDS = (*CARDS, MINE, Meas")
    with pytest.raises(SpecError) as caught:
        plan_of(OWN + '[figures]\nf = { plot = "mine" }\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("E429", "figures.f.plot")
    assert "the plot 'mine' can't be used here: ZeroDivisionError" in problem.message


def test_what_a_process_loaded_before_an_edit_does_not_run_under_the_new_id(plugin, tmp_path):
    """A notebook: the plan is new, and the modules are those that were imported before."""
    store = Store.open(tmp_path / "store")
    assert not execute(outlook(plan_of(OWN), store), store, InlineRunner()).failed
    (plugin.folder / "share.py").write_text("SHARE = 0.75\n")
    (task,) = execute(outlook(plan_of(OWN), store), store, InlineRunner()).failed
    (failure,) = failed_attempts(store, task)
    assert "was edited after this process had begun to use it" in failure.document["message"]
