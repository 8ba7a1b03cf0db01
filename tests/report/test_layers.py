"""Masks layer by layer: shares read back from the axes, beside masks drawn at random and counted by hand."""

import json
import random
from statistics import fmean, stdev

import pytest
import torch
from drawn_for_tests import Recorded, draw, lines, recorded
from results_for_tests import Result, plan_of

from lmcspec.report.figures import layer_axis
from lmcspec.tasks import Part, read

TEXT = """
[networks]
imp = [{ rounds = 3 }]
twin = [{ rounds = 2, fraction = 0.4 }]
shuffled = { like = "imp", mask = "shuffled" }
[measures]
masks = { levels = "all" }
overlap = { levels = "all", against = "imp" }
"""
SIZES = {"classifier": 80, "layers.0": 512}
"""Of the made-up study's MLP, as the store has them: by name."""
ORDER = ["layers.0", "classifier"]
KEPT = {"imp": 0.5, "twin": 0.4, "shuffled": 0.5}


def mask_of(network: str, replicate: int, level: int, layer: str) -> list[bool]:
    """A random mask; a shuffled one has as many survivors as that of `imp`."""
    own = random.Random(f"{network} {replicate} {level} {layer}")
    size = SIZES[layer]
    kept = int(size * KEPT[network] ** level) + replicate + (5 if layer == "classifier" else 0)
    mask = [place < kept for place in range(size)]
    own.shuffle(mask)
    return mask


def counts(target) -> dict[str, dict[str, int]]:
    other = "imp" if target.kind == "overlap" else target.network
    found = {}
    for layer, size in SIZES.items():
        a, b = (mask_of(network, target.replicate, target.level, layer) for network in (target.network, other))
        both = sum(one and two for one, two in zip(a, b, strict=True))
        found[layer] = {"size": size, "a": sum(a), "b": sum(b), "both": both}
    return found


@pytest.fixture
def plan():
    return plan_of(TEXT)


@pytest.fixture
def store(plan):
    return recorded(plan, lambda one: Result({"metrics": {"sparsity": 0.5}, "layers": counts(one)}))


def marked(axes, label) -> list[list[float]]:
    """The y of the lines with a label that no legend has."""
    return [list(line.get_ydata()) for line in axes.lines if line.get_label() == label]


def names(axes) -> list[str]:
    return [tick.get_text() for tick in axes.get_xticklabels()]


def left(network, level, layer) -> list[float]:
    """In percent, by replicate."""
    masks = [mask_of(network, replicate, level, layer) for replicate in range(3)]
    return [100 * fmean(mask) for mask in masks]


def test_weights_left_of_each_layer_in_the_networks_order(plan, store):
    drawing = draw(plan, store, layers={})["layers"]
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert names(axes) == ORDER, "the classifier comes last, which the store has first"
    assert list(shown) == ["imp, shuffled, 48.8 % sparse", "twin, 64.0 % sparse"], "equal counts are one line"
    for label, network, level in (("imp, shuffled, 48.8 % sparse", "imp", 3), ("twin, 64.0 % sparse", "twin", 2)):
        x, y = shown[label]
        assert x == [0.0, 1.0]
        assert y == pytest.approx([fmean(left(network, level, layer)) for layer in ORDER])
    whole = [
        fmean(
            100 * sum(sum(mask_of(network, replicate, level, layer)) for layer in ORDER) / sum(SIZES.values())
            for replicate in range(3)
        )
        for network, level in (("imp", 3), ("twin", 2))
    ]
    assert [y for y, _ in marked(axes, "_whole")] == pytest.approx(whole)
    assert axes.get_ylabel() == "weights left (%)"
    assert drawing.notes == ()
    texts = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert texts[-1] == "whole network"
    assert drawing.figure.legends[0].get_title().get_text() == "mean ± std, n = 3"


def test_bars_are_sample_standard_deviations(plan, store):
    (axes,) = draw(plan, store, layers={"networks": ["twin"]})["layers"].figure.axes
    (bars,) = [one for one in axes.containers if one.get_label() == "_bars"]
    (segments,) = (one.get_segments() for one in bars[2])
    halves = [(high - low) / 2 for (_, low), (_, high) in segments]
    assert halves == pytest.approx([stdev(left("twin", 2, layer)) for layer in ORDER])


def test_what_both_keep_beside_chance(plan, store):
    drawing = draw(plan, store, layers={"metric": "overlap", "levels": [2]})["layers"]
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert list(shown) == ["twin, 64.0 % sparse", "shuffled, 36.0 % sparse"]
    by_chance = marked(axes, "_chance")
    for (label, (_, y)), chance in zip(shown.items(), by_chance, strict=True):
        network = label.partition(",")[0]
        for place, layer in enumerate(ORDER):
            shares, expected = [], []
            for replicate in range(3):
                a, b = (mask_of(one, replicate, 2, layer) for one in (network, "imp"))
                fewer = min(sum(a), sum(b))
                shares.append(100 * sum(one and two for one, two in zip(a, b, strict=True)) / fewer)
                # By chance each survivor of one survives in the other with that one's density.
                expected.append(100 * sum(a) * fmean(b) / fewer)
            assert y[place] == pytest.approx(fmean(shares))
            assert chance[place] == pytest.approx(fmean(expected))
    dashed = [line for line in axes.lines if line.get_label() == "_chance"]
    solid = [line for line in axes.lines if line.get_label() in shown]
    assert [line.get_color() for line in dashed] == [line.get_color() for line in solid]
    assert {line.get_linestyle() for line in dashed} == {"--"} and {line.get_linestyle() for line in solid} == {"-"}
    assert "compared with those of imp at the same level" in drawing.caption
    assert not marked(axes, "_whole")


def test_chance_is_that_of_many_random_masks(plan, store):
    (axes,) = draw(plan, store, layers={"metric": "overlap", "networks": ["twin"], "levels": [1]})["layers"].figure.axes
    (chance,) = marked(axes, "_chance")
    own = random.Random(1)
    drawn = []
    for replicate in range(3):
        a, b = (mask_of(one, replicate, 1, "classifier") for one in ("twin", "imp"))
        for _ in range(2000):
            own.shuffle(a)
            drawn.append(100 * sum(one and two for one, two in zip(a, b, strict=True)) / min(sum(a), sum(b)))
    assert chance[ORDER.index("classifier")] == pytest.approx(fmean(drawn), abs=4 * stdev(drawn) / len(drawn) ** 0.5)


def test_of_what_either_keeps(plan, store):
    wish = {"metric": "overlap-of-either", "networks": ["twin"], "levels": [1]}
    (axes,) = draw(plan, store, layers=wish)["layers"].figure.axes
    ((_, y),) = lines(axes).values()
    shares = []
    for replicate in range(3):
        a, b = (
            {place for place, keep in enumerate(mask_of(one, replicate, 1, "layers.0")) if keep}
            for one in ("twin", "imp")
        )
        shares.append(100 * len(a & b) / len(a | b))
    assert y[0] == pytest.approx(fmean(shares))
    assert axes.get_ylabel() == "kept by both (% of either)"


def test_sparsity_is_what_is_not_left(plan, store):
    (axes,) = draw(plan, store, layers={"metric": "sparsity", "networks": ["imp"]})["layers"].figure.axes
    ((_, y),) = lines(axes).values()
    assert y == pytest.approx([100 - fmean(left("imp", 3, layer)) for layer in ORDER])
    assert axes.get_ylabel() == "weights pruned (%)"


def test_levels_are_shades_of_a_networks_colour(plan, store):
    (axes,) = draw(plan, store, layers={"networks": ["imp"], "levels": [1, 3]})["layers"].figure.axes
    shown = [line for line in axes.lines if not line.get_label().startswith("_")]
    assert [line.get_label() for line in shown] == ["imp, 20.0 % sparse", "imp, 48.8 % sparse"]
    assert len({line.get_color() for line in shown}) == len({line.get_linestyle() for line in shown}) == 2


def test_the_measure_says_what_is_shown(plan, store):
    (masks,) = draw(plan, store, layers={"measure": "masks"})["layers"].figure.axes
    (shared,) = draw(plan, store, layers={"measure": "overlap"})["layers"].figure.axes
    assert masks.get_ylabel() == "weights left (%)"
    assert shared.get_ylabel() == "kept by both (% of the sparser)"
    drawing = draw(plan, store, layers={"measure": "masks", "metric": "overlap"})["layers"]
    assert drawing.figure is None
    assert drawing.notes == ("of the layers of masks there are density and sparsity, no 'overlap'",)


def test_shares_far_apart_stand_on_a_log_axis(plan, store):
    for one in plan.targets:
        if one.kind == "masks":
            made = {layer: {"size": 1000, "a": 20, "b": 20, "both": 20} for layer in SIZES}
            made["classifier"]["a"] = 900
            store.found[one.task] = Result({"layers": made})
    (axes,) = draw(plan, store, layers={})["layers"].figure.axes
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < 2.0 and high > 90
    (other,) = draw(plan, store, layers={"metric": "sparsity"})["layers"].figure.axes
    assert other.get_yscale() == "linear"


def test_a_layer_of_which_nothing_is_left(plan, store):
    nothing = {"size": 80, "a": 0, "b": 0, "both": 0}
    for one in plan.targets:
        store.found[one.task].scalars["layers"]["classifier"] = nothing
    drawing = draw(plan, store, layers={"metric": "overlap", "networks": ["twin"]})["layers"]
    ((_, y),) = lines(drawing.figure.axes[0]).values()
    assert y[0] > 0 and y[1] != y[1], "a gap"
    assert drawing.notes == (
        "twin, 64.0 % sparse: no weight survives in classifier, and there is no share of none (a gap)",
    )
    (axes,) = draw(plan, store, layers={"networks": ["twin"]})["layers"].figure.axes
    ((_, y),) = lines(axes).values()
    assert y[1] == 0 and axes.get_yscale() == "linear"


def test_what_is_missing_is_said(plan, store):
    for one in plan.targets:
        if one.kind == "masks" and (one.network == "twin" or (one.network, one.replicate) == ("imp", 1)):
            del store.found[one.task]
    drawing = draw(plan, store, layers={"networks": ["imp", "twin"]})["layers"]
    (axes,) = drawing.figure.axes
    assert list(lines(axes)) == ["imp, 48.8 % sparse"]
    assert len(marked(axes, "_open")) == 1
    assert drawing.notes == (
        "twin, 64.0 % sparse: not in the store yet",
        "imp, 48.8 % sparse: 2 of 3 replicates are there (open markers)",
    )


def test_without_results_or_a_measure_it_says_so(plan):
    drawing = draw(plan, Recorded({}), layers={})["layers"]
    assert drawing.figure is None
    assert drawing.notes == ("no masks by layer are in the store yet",)
    other = plan_of("[networks]\nimp = [{ rounds = 1 }]\n[measures]\naccuracy = {}")
    (drawing,) = draw(other, Recorded({}), layers={}).values()
    assert drawing.notes == ("layers needs a measure of the kind masks or overlap, and none is there",)


def test_cases_are_compared_with_the_network_of_their_own(store):
    plan = plan_of(TEXT + '[[sweep.cases]]\ncase = "a"\n[[sweep.cases]]\ncase = "b"\n')
    made = {one.task: Result({"layers": counts(one)}) for one in plan.targets}
    drawing = draw(plan, Recorded(made), case="b", layers={"measure": "overlap"})["layers"]
    assert "compared with those of imp at the same level" in drawing.caption


RESNET = Part.of(
    {"config": {"name": "cifar-resnet", "depth": 20, "width": 8, "norm": "batch"}, "classes": 10, "shape": [3, 32, 32]}
)


def by_hand() -> list[str]:
    module = read.module(RESNET, "meta")
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    return [name for name, part in module.named_modules() if isinstance(part, kinds)]


def test_the_order_is_the_networks_and_not_that_of_names():
    layers = by_hand()
    assert layers != sorted(layers)
    assert layer_axis.in_order(sorted(layers), RESNET, Recorded({})) == layers


def test_facts_of_a_store_spare_the_building(tmp_path, monkeypatch):
    layers = by_hand()
    facts = {"parameters": 1, "macs": 1, "buffers": 1, "has_batch_norm": True}
    facts["prunable"] = [[f"{name}.weight", [1]] for name in reversed(layers)]
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / f"{RESNET.digest}.json").write_text(json.dumps(facts))
    store = Recorded({})
    store.root = tmp_path
    monkeypatch.setattr(read, "module", None)
    assert layer_axis.in_order(sorted(layers), RESNET, store) == layers[::-1]


def test_short_names():
    assert layer_axis.short(["stem.conv", "blocks.0.first.conv"]) == ["stem", "blocks.0.first"]
    assert layer_axis.short(["a", "a.conv"]) == ["a", "a.conv"]


def test_many_layers_stand_upright_and_not_all_are_named(plan, store):
    from matplotlib.figure import Figure

    layers = [f"blocks.{place}.conv" for place in range(250)]
    axes = Figure().subplots()
    layer_axis.finish(axes, layers)
    assert names(axes)[:3] == ["blocks.0", "blocks.3", "blocks.6"]
    assert axes.get_xlim() == (-0.5, 249.5)
    assert axes.get_xticklabels()[0].get_rotation() == 90
    assert layer_axis.below(layers) > 0 == layer_axis.below(ORDER)
