"""One network has one look in all figures of a study: colour, marker and kind of line, read back from the legends."""

import itertools
from pathlib import Path

import pytest
from drawn_for_tests import draw, draw_across, recorded
from permutations_for_tests import TEXT as PERMUTATIONS
from permutations_for_tests import result as of_permutations
from results_for_tests import Result, plan_of
from specs_for_tests import plan_of as plan_of_whole

from lmcspec.base.palette import COLOURS, MARKERS, Method, looks, tints
from lmcspec.plan.looks import looks_of_networks
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.figures.style import look_at_depth

QUICKSTART = Path(__file__).parents[2] / "specs" / "quickstart.toml"
SWEEP = """
[networks]
dense = []
imp = [{ rounds = 2, rewind = { each = [0, "5it"] } }]
random = { like = "imp", mask = "shuffled" }
early = [{ rounds = 1, sparsity = { each = [0.5, 0.9] }, criterion = { each = ["snip", "random"] } }]
[measures]
stability = { networks = ["random", "imp"], levels = [1, "last"], at = [0, "5it"], points = 3 }
accuracy = { through = "50it" }
masks = { levels = ["last"] }
[[sweep.cases]]
case = "a"
[[sweep.cases]]
case = "b"
networks.imp = [{ rounds = 2, rewind = { each = [0, "9it"] } }]
recipes.real.optimiser.lr = 0.2
"""
PLOTS = (
    *("accuracy-vs-sparsity", "instability-vs-sparsity", "instability-vs-step", "distance-vs-step", "error-along-path"),
    *("accuracy-through-training", "layers", "cost"),
)
SOME = [
    {"accuracy-vs-sparsity": {"networks": ["imp[rewind=0]", "random[rewind=0]"]}},
    {"instability-vs-step": {"networks": ["imp[rewind=0]"]}, "error-along-path": {"networks": ["random[rewind=0]"]}},
    {"accuracy-vs-sparsity": {"networks": ["early[sparsity=0.9,criterion=snip]"]}},
]


def result(target) -> Result:
    number = 0.1 + int(target.task[:4], 16) / 2**19
    summary = {f"{what}/{split}": number for what in ("instability", "barrier") for split in ("test", "train")}
    curve = {f"{split}_error": [0.1, number, 0.1] for split in ("test", "train")}
    path = {"alphas": [0.0, 0.5, 1.0], "paths": {"average": {"summary": summary, **curve}}, "distance": 2.0}
    counts = {"size": 10, "a": 5 - target.replicate, "b": 5, "both": 2}
    masks = {"metrics": {}, "layers": {"layers.0": counts, "classifier": counts}}
    accuracy = {f"{split}_error": number for split in ("test", "train")} | {"test_loss": 1.0, "train_loss": 1.0}
    return Result({"stability": path, "masks": masks}.get(target.kind, accuracy))


def legend_of(drawing) -> dict[str, tuple]:
    """Label -> (colour, marker, dashes) of the lines that a legend explains."""
    if drawing.figure is None or not drawing.figure.legends:
        return {}
    (legend,) = drawing.figure.legends
    labels = [text.get_text().replace("\n", " ") for text in legend.get_texts()]
    handles = zip(labels, legend.legend_handles, strict=True)
    return {
        label: (line.get_color(), line.get_marker(), line.get_linestyle())
        for label, line in handles
        if hasattr(line, "get_marker")
    }


def drawings_of(plan, store):
    """All figures of a study: those that nobody asks for, and each plot of all and of some networks."""
    every = [{plot: {} for plot in PLOTS}, *SOME, {}]
    for case, wishes in itertools.product(dict.fromkeys(target.case for target in plan.targets), every):
        there = {target.network for target in plan.targets if target.case == case}
        fitting = {plot: wish for plot, wish in wishes.items() if set(wish.get("networks", ())) <= there}
        yield from draw(plan, store, case=case, **fitting).values()
    yield from draw_across(plan, store, **{"accuracy-vs-sparsity": {"panels": "case"}}).values()


@pytest.mark.parametrize("text", ["quickstart", "sweep"])
def test_a_network_looks_alike_in_all_figures(text):
    plan = plan_of_whole(QUICKSTART.read_text()) if text == "quickstart" else plan_of(SWEEP)
    store = recorded(plan, result)
    seen: dict[str, set[tuple]] = {}
    figures = 0
    for drawing in drawings_of(plan, store):
        figures += drawing.figure is not None
        for label, look in legend_of(drawing).items():
            network, *rest = label.split(", ")
            if network in looks_of_networks(plan) and not any("level" in word or "%" in word for word in rest[1:]):
                seen.setdefault(network, set()).add(look)
    assert figures > 10 and len(seen) >= 4
    for network, all_looks in seen.items():
        look = looks_of_networks(plan)[network]
        # Members that are pruned once have one look, of which one beside another is lighter and broken.
        beside = look_at_depth(LineStyle(*look), 1)
        allowed = {look, (beside.colour, beside.marker, beside.dashes)} if "early" in network else {look}
        allowed |= {(colour, marker, dashes) for colour, _, dashes in allowed for marker in ("", "None")}
        assert all_looks <= allowed, network
    apart = [network for network in seen if "early" not in network]
    assert len({looks_of_networks(plan)[network] for network in apart}) == len(apart), "each has its own"


def test_a_permutation_looks_alike_in_all_figures():
    plan = plan_of_whole(PERMUTATIONS)
    store = recorded(plan, of_permutations)
    seen: dict[str, set[tuple]] = {}
    wishes = {"barrier-vs-time": {"under": ["none", "wm"]}, "barrier-vs-branch": {"under": ["none", "wm"]}}
    for drawing in draw(plan, store, **wishes).values():
        for label, (colour, marker, dashes) in legend_of(drawing).items():
            seen.setdefault(label.removeprefix("children, "), set()).add((colour, marker, dashes))
    assert {"unpermuted", "under wm"} <= set(seen)
    assert all(len(all_looks) == 1 for all_looks in seen.values()), seen


def test_members_of_a_family_have_tints_of_its_colour_and_baselines_are_broken():
    members = [Method(f"imp[rewind={k}]", f"imp[rewind={k}]") for k in range(3)]
    given = looks([*members, *(Method(f"random[rewind={k}]", f"imp[rewind={k}]") for k in range(3)), Method("x", "x")])
    assert (given["imp"], given["x"]) == ((COLOURS[0], "o", "-"), (COLOURS[2], MARKERS[2], "-"))
    brightness = [sum(int(given[f"imp[rewind={k}]"].colour[at : at + 2], 16) for at in (1, 3, 5)) for k in range(3)]
    assert brightness == sorted(brightness, reverse=True)
    assert {given[f"random[rewind={k}]"].dashes for k in range(3)} == {"--"}
    assert len(set(given.values()) - {given["imp"], given["random"]}) == 7


def test_a_hundred_families_look_different():
    given = looks([Method(f"n{number}", f"n{number}") for number in range(100)])
    assert len(set(given.values())) == 100


def test_tints_by_hand():
    assert tints("#804020", 3, 0.5, -0.5) == ["#c0a090", "#804020", "#402010"]


def test_a_look_is_that_of_the_spec_s_order_whatever_is_measured():
    study = "[networks]\na = [{ rounds = 1 }]\nb = [{ rounds = 1, criterion = 'random' }]\n[measures]\n"
    both, one = (plan_of(study + measures) for measures in ("accuracy = {}", "accuracy = { networks = ['b'] }"))
    assert looks_of_networks(both) == looks_of_networks(one)
