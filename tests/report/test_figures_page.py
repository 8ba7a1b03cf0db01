"""Every figure that the documents show can be drawn as it stands there."""

import re
from pathlib import Path

import pytest
import tomli
from drawn_for_tests import Recorded, draw, draw_across, recorded
from landscapes_for_tests import landscape
from results_for_tests import Result, made_up, plan_of
from sets_for_tests import draws_sets

PAGE = Path(__file__).parents[2] / "docs" / "figures.md"
TEXTS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
BLOCKS = [tomli.loads(text) for text in TEXTS]
WISHES = {name: wish for block in BLOCKS for name, wish in block.get("figures", block).items() if name != "measures"}
MEASURES = PAGE.read_text(encoding="utf-8").partition("[measures]\n")[2].partition("```")[0]
STUDY = """
[networks]
dense = []
imp = [{ rounds = 2, rewind = { each = [0, "100it"] } }]
random = { like = "imp", mask = "shuffled" }
reinit = { like = "imp", weights = "reinitialised" }
[distilled]
one = { method = "dm", ipc = 1 }
[[sweep.cases]]
case = "a"
[[sweep.cases]]
case = "b"
recipes.real.optimiser.lr = 0.2
[measures]
one = { kind = "set-accuracy", set = "one", evaluate = "real" }
landscape = { networks = ["imp[rewind=0]"], levels = ["last"], grid = 3 }
hessian = { networks = ["imp[rewind=0]"], levels = ["last"] }
masks = { levels = ["last"] }
overlap = { levels = ["last"], against = "imp[rewind=0]" }
"""
PARTNERS = """
partners = 3
[networks]
dense = []
imp = [{ rounds = 2 }]
[permutations]
wm = { method = "weights", network = "dense" }
ind = { method = "weights", network = "dense", via = "third" }
wt = { method = "weights", network = "dense", step = { each = ["1ep", "5ep"] } }
pm = { method = "weights", network = "dense", prune = { fraction = { each = [0.2, 0.5] } } }
pl = { method = "weights", network = "dense", rewind_layers = { how = "put-in", step = "1ep", layers = { each = ["layers.0", "classifier"] } } }
[[sweep.cases]]
case = "a"
[[sweep.cases]]
case = "b"
model.widths = [16]
[measures]
way = { kind = "connectivity", levels = "all", under = ["none", "wm", "ind", "wt", "pm", "pl"], through = ["1ep", "5ep"], branch = [0, 5] }
onset = { kind = "stability", levels = ["dense"], at = [0, 5] }
agree = { kind = "fixed-points", between = ["wm", "ind", "wt"] }
transitive = { kind = "transitivity", levels = ["dense"], under = ["wm"], lengths = [2, 3], paths = 1 }
"""
OF_PARTNERS = ("barrier-vs-", "fixed-points")
"""What figures are called that are drawn from the study of partners."""


@pytest.fixture(scope="module")
def plan():
    # The made-up study trains for 230 updates.
    return plan_of(STUDY + MEASURES.replace("2000it", "200it").replace("500it", "50it"))


@pytest.fixture(scope="module")
def store(plan, tmp_path_factory):
    made = made_up(plan, lambda target: 0.1 + 0.01 * target.replicate)
    landscapes = {}
    for target in plan.targets:
        if target.kind == "distance":
            made.found[target.task] = Result({"distance": 9.0, "from-start": [8.0, 7.0], "angle": 70.0})
        elif target.kind == "stability":
            path = made.found[target.task].scalars["paths"]["average"]
            path |= {"test_loss": [0.4, 0.9, 0.4]}
            path["summary"] |= {"midpoint/train-loss": 0.5}
        elif target.kind == "hessian":
            histogram = {"edges": [-1.0, -1e-9, 1e-9, 1.0], "counts": [1, 2, 3]}
            made.found[target.task] = Result({"metrics": {"trace": 1.0}, "histogram": histogram})
        elif target.kind in ("masks", "overlap"):
            counts = {"size": 10, "a": 5, "b": 5, "both": 2}
            made.found[target.task] = Result({"metrics": {}, "layers": {"layers.0": counts, "classifier": counts}})
        elif target.kind == "landscape":
            landscapes[target.task] = landscape(tmp_path_factory.mktemp("landscape"), target.level)
    store = draws_sets(plan, Recorded(made.found), tmp_path_factory.mktemp("sets"))
    store.sets |= landscapes
    return store


@pytest.fixture(scope="module")
def aligned():
    """The study of partners, with its results."""
    plan = plan_of(PARTNERS)
    summary = {f"{what}/test": 0.1 for what in ("instability", "barrier", "midpoint")}
    path = {"paths": {"average": {"summary": summary}}, "distance": 1.0, "images": {}}
    agreement = {
        "metrics": {"fixed-points": 0.25, "fixed-points-by-chance": 0.125, "layer-fixed-points/layers.0": 0.25}
    }
    numbers = {f"{what}-barrier/{images}": [0.1] for what in ("composed", "cycle") for images in ("test", "test-loss")}
    of_paths = {"paths": ["0-1"], "values": {**numbers, "fixed-points": [0.5], "fixed-points-by-chance": [0.125]}}
    transitivity = {"metrics": {"composed-barrier/test": 0.1}, "lengths": {"2": of_paths, "3": of_paths}}
    others = {"fixed-points": agreement, "transitivity": transitivity}
    return plan, recorded(plan, lambda target: Result(others.get(target.kind, path)))


def test_there_are_as_many_as_the_page_has():
    assert len(WISHES) == "".join(TEXTS).count("plot = ") >= 37


@pytest.mark.parametrize("name", WISHES)
def test_a_line_of_the_page(plan, store, aligned, name):
    plan, store = aligned if WISHES[name]["plot"].startswith(OF_PARTNERS) else (plan, store)
    found = draw(plan, store, case="a", **{name: _expanded(plan, WISHES[name])})
    found |= draw_across(plan, store, **{name: _expanded(plan, WISHES[name])})
    (drawing,) = found.values()
    assert drawing.figure is not None or drawing.table is not None
    assert not [note for note in drawing.notes if "of this figure" in note or "is not there" in note]


def _expanded(plan, wish):
    """The name of a family as loading writes it out."""
    every = dict.fromkeys(target.network for target in plan.targets)
    named = [one for name in wish.get("networks", ()) for one in every if one == name or one.partition("[")[0] == name]
    ways = dict.fromkeys(target.under for target in plan.targets if target.under)
    under = [one for name in wish.get("under", ()) for one in ways if one == name or one.partition("[")[0] == name]
    return wish | ({"networks": named} if named else {}) | ({"under": under} if under else {})
