"""The same of figures of partners: what the plan refuses would be empty, and what it lets pass is drawn."""

from pathlib import Path
from random import Random

import pytest
from drawn_for_tests import recorded
from results_for_tests import Result
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.catalog import get
from lmcspec.report import tidy
from lmcspec.report.figures import across, drawings
from lmcspec.spec import load

STUDY = f"""
replicates = 3
partners = 3
{SEVEN_UPDATES}
[networks]
dense = []
imp = [{{ rounds = 2, fraction = 0.5 }}]
bare = []
[permutations]
wm = {{ method = "weights", network = "dense" }}
wt = {{ method = "weights", network = "dense", step = {{ each = [0, "2it"] }} }}
pm = {{ method = "weights", network = "dense", step = {{ each = [0, "2it"] }}, prune = {{ fraction = {{ each = [0.2, 0.5] }} }} }}
[measures]
ends = {{ kind = "connectivity", networks = ["dense", "imp"], levels = ["dense", "last"], under = ["none", "wm", "wt"], split = ["test"] }}
way = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wt"], through = "2it", branch = [0] }}
pruned = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["pm"] }}
onset = {{ kind = "stability", networks = ["dense"], levels = ["dense"], at = [0] }}
agree = {{ kind = "fixed-points", between = ["wm", "wt"] }}
"""
SWEEP = '[sweep.grid]\n"model.widths" = [[8], [16]]\n'
PLOTS = {
    "barrier-vs-time": ("ends", "way", "pruned"),
    "barrier-vs-level": ("ends", "way", "pruned"),
    "barrier-vs-branch": ("ends", "way", "pruned"),
    "barrier-vs-width": ("ends", "way", "agree"),
    "barrier-vs-step": ("ends", "way", "pruned", "agree"),
    "barrier-vs-fraction": ("ends", "pruned"),
    "barrier-vs-layers": ("ends", "pruned"),
    "fixed-points": ("agree",),
}
"""With the measures from which each might be drawn."""
VALUES = {
    "networks": (["dense"], ["imp"], ["bare"]),
    "levels": (["dense"], ["last"], [1], "all"),
    "under": (["none"], ["wm"], ["wt"], ["pm"], ["wt[step=2it]"]),
    "split": ("test", "train"),
    "metric": ("loss", "barrier", "midpoint/test"),
    "y": ("barrier", "distance", "fixed-points", ["barrier", "distance"], "accuracy"),
    "x": ("step", "prune.fraction", "model.widths", "sparsity"),
    "series": ("step", "fraction", "under", "case"),
    "when": ("step", "end"),
}
KEPT_APART = ("leave out one of `metric` and `y`", "leave one of them out", "it is taken from: ", "draw them in two")
"""What is said of two keys that contradict each other, of which one would be drawn."""


def tables(count: int) -> list[dict]:
    """So many tables of a figure that the language knows, and each plot without any key."""
    draws, made = Random(11), {repr(plot): {"plot": plot} for plot in PLOTS}
    while len(made) < count:
        plot = draws.choice(sorted(PLOTS))
        fields = get("plot", plot).config.model_fields
        keys = [key for key in (*VALUES, "measure") if key in fields]
        keys = draws.sample(keys, min(len(keys), draws.randint(1, 3)))
        table = {key: draws.choice(PLOTS[plot] if key == "measure" else VALUES[key]) for key in sorted(keys)}
        try:
            get("plot", plot).config.model_validate({"plot": plot, **table})
        except ValueError:
            continue  # a value that this plot doesn't know
        if table.keys() & {"split", "metric"} and table.get("y") not in (None, "barrier"):
            continue  # images of what is no number of images are refused, too
        if table.get("measure") == "agree" and plot != "fixed-points" and table.get("y") != "fixed-points":
            continue  # it has no barriers, and others have
        made[repr((plot, table))] = {"plot": plot, **table}
    return list(made.values())


def result(target) -> Result:
    if target.kind == "fixed-points":
        return Result({"metrics": {"fixed-points": 0.5, "fixed-points-by-chance": 0.1}})
    splits = ("test",) if target.measure == "ends" else ("test", "train")
    summary = {
        f"{what}/{split}{of}": 0.1
        for what in ("instability", "barrier", "midpoint")
        for split in splits
        for of in ("", "-loss")
    }
    return Result({"paths": {"average": {"summary": summary}}, "distance": 1.0, "images": {}})


@pytest.mark.parametrize("sweep", ["", SWEEP], ids=["one case", "a sweep"])
def test_what_passes_is_drawn_and_what_is_refused_would_be_empty(sweep):
    wanted = {f"f{place}": table for place, table in enumerate(tables(90))}
    text = f"{STUDY}{sweep}[figures]\n" + "".join(
        f"{name} = {{ {', '.join(f'{key} = {value!r}' for key, value in table.items())} }}\n"
        for name, table in wanted.items()
    )
    with pytest.raises(SpecError) as caught:
        plan_of(text)
    refused = {one.path.split(".")[1] for one in caught.value.problems}
    # Lines that a key is to tell apart are drawn without it, too: that it does nothing is an error all the same.
    contradict = {
        one.path.split(".")[1]
        for one in caught.value.problems
        if one.help.startswith(KEPT_APART) or one.path.endswith(".series")
    }
    plan = plan_of(STUDY + sweep)
    store = recorded(plan, result)
    rows = tidy(plan, store)
    cases = {case.name: case.study.figures for case in load(Path("study.toml"), text=text).cases}
    drawn = set()
    for name in wanted.keys() - contradict:
        chosen = {case: {name: figures[name]} for case, figures in cases.items()}
        every = list(across(plan, rows, store, chosen))
        for case in chosen:
            every += drawings(plan, case, rows, store, chosen[case])
        if any(line.get_xdata().size for one in every if one.figure for axes in one.figure.axes for line in axes.lines):
            drawn.add(name)
    assert len(drawn) > 20 and len(refused) > 20
    assert {name: wanted[name] for name in drawn & refused} == {}, "refused, and drawn"
    assert {name: wanted[name] for name in wanted.keys() - drawn - refused} == {}, "passed, and empty"
