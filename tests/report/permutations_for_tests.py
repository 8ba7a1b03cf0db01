"""A study whose families of permutations vary in all that figures are over, and its numbers."""

from drawn_for_tests import draw
from results_for_tests import Result, path_result, value
from specs_for_tests import SEVEN_UPDATES

HEAD = f"""
replicates = 4
partners = 2
{SEVEN_UPDATES.replace("[16]", "[16, 8]")}
[networks]
dense = []
[permutations]
wm = {{ method = "weights", network = "dense" }}
"""
FAMILIES = """
wt = { method = "weights", network = "dense", step = { each = [0, "2it", "4it"] } }
at = { method = "activations", network = "dense", step = { each = ["2it", "4it", "end"] } }
pm = { method = "weights", network = "dense", step = { each = ["2it", "end"] }, prune = { criterion = { each = ["magnitude", "random"] }, fraction = { each = [0.2, 0.5, 0.9] } } }
pl = { method = "weights", network = "dense", rewind_layers = { how = { each = ["bottom-up", "put-in"] }, layers = { each = ["layers.1", "layers.0"] }, step = { each = [0, "2it"] } } }
"""
MEASURES = """
[measures]
ends = { kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wm", "wt", "at", "pm", "pl"], through = "2it", branch = [0] }
agree = { kind = "fixed-points", between = ["wm", "wt"] }
held = { kind = "fixed-points", between = ["wt[step=0]", "at"] }
"""
TEXT = HEAD + FAMILIES + MEASURES
GROUPS = ("layers.0.weight", "layers.1.weight")


def result(target) -> Result:
    if target.kind == "fixed-points":
        by_group = {f"layer-fixed-points/{group}": value(target) / (2 + place) for place, group in enumerate(GROUPS)}
        return Result({"metrics": {"fixed-points": value(target), "fixed-points-by-chance": 1 / 16, **by_group}})
    return path_result(target, distance=value(target))


def drawn(plan, store, plot, **wish):
    """That plot of a study, with these wishes."""
    return draw(plan, store, **{plot: wish})[plot]


def ways_of(plan, *words):
    """The names of its permutations that have these words in them."""
    return [way.name for way in plan.permutations if all(word in way.name for word in words)]
