"""Networks of which nothing is left are at no place of a log axis: their marker stands at its end."""

from drawn_for_tests import Recorded, draw
from results_for_tests import Result, made_up, plan_of

from lmcspec.report.figures import files


def test_the_marker_of_a_network_of_which_nothing_is_left():
    plan = plan_of('networks.imp = [{ data = "real", rounds = 3 }]\nmeasures.accuracy = {}')
    store = made_up(plan, lambda target: "dead-layer" if target.level == 3 else 0.1 + target.level / 100)
    for target in plan.targets:
        if target.level == 3:
            store.found[target.mask] = Result({"density": 0.0})
    drawing = draw(plan, Recorded(store.found))["accuracy-vs-sparsity"]
    axes = drawing.figure.axes[0]
    (marker,) = [line for line in axes.lines if line.get_label() == "_below"]
    assert marker.get_xdata()[0] == min(axes.get_xlim()) > 0
    assert set(files(drawing)) == {"svg", "png"}, "matplotlib warns where it can't lay a figure out"
