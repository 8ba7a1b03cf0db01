"""Layers level by level: shares read back from the axes, beside masks drawn at random and counted by hand."""

from statistics import fmean

import pytest
from drawn_for_tests import draw, lines, panels, recorded
from results_for_tests import Result, plan_of
from test_layers import ORDER, SIZES, TEXT, counts, left, mask_of

from lmcspec.report.figures import layers_by_level


@pytest.fixture
def plan():
    return plan_of(TEXT)


@pytest.fixture
def store(plan):
    return recorded(plan, lambda one: Result({"metrics": {"sparsity": 0.5}, "layers": counts(one)}))


def drawn(plan, store, **table):
    return draw(plan, store, **{"layers-vs-level": table})["layers-vs-level"]


def whole(network, level) -> float:
    """Of all layers together, in percent, as a mean over replicates."""
    survivors = [sum(sum(mask_of(network, replicate, level, layer)) for layer in ORDER) for replicate in range(3)]
    return 100 * fmean(survivors) / sum(SIZES.values())


def test_a_panel_for_each_network_and_a_line_for_each_layer(plan, store):
    drawing = drawn(plan, store)
    shown = panels(drawing)
    assert list(shown) == ["imp, shuffled", "twin"], "equal counts are one panel"
    for title, network, levels in (("imp, shuffled", "imp", [1, 2, 3]), ("twin", "twin", [1, 2])):
        of_layers = lines(shown[title])
        assert list(of_layers) == [*ORDER, "whole network"], "in the network's order"
        for layer in ORDER:
            x, y = of_layers[layer]
            assert x == levels
            assert y == pytest.approx([fmean(left(network, level, layer)) for level in levels])
        assert of_layers["whole network"][1] == pytest.approx([whole(network, level) for level in levels])
        assert shown[title].get_xlabel() == "level"
    assert shown["imp, shuffled"].get_ylabel() == "weights left (%)"
    assert {axes.get_ylim() for axes in shown.values()} == {shown["twin"].get_ylim()}
    (legend,) = drawing.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*ORDER, "whole network"]
    assert legend.get_title().get_text() == "mean ± std, n = 3"
    assert drawing.notes == ()


def test_against_the_sparsity_of_the_whole_network_and_what_is_pruned(plan, store):
    (axes,) = panels(drawn(plan, store, networks=["twin"], x="sparsity", metric="sparsity")).values()
    x, y = lines(axes)["classifier"]
    assert x == pytest.approx([100 * (1 - level.density) for level in plan.levels["", "twin"][1:]])
    assert y == pytest.approx([100 - fmean(left("twin", level, "classifier")) for level in (1, 2)])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("sparsity (%)", "weights pruned (%)")


def test_what_is_missing_is_said(plan, store):
    own = [one for one in plan.targets if (one.measure, one.network, one.level) == ("masks", "twin", 2)]
    del store.found[own[0].task]
    assert drawn(plan, store, networks=["twin"]).notes == (
        "twin, 64.0 % sparse: 2 of 3 replicates are there (open markers)",
    )
    for one in own[1:]:
        del store.found[one.task]
    found = drawn(plan, store, networks=["twin"])
    assert found.notes == ("twin, 64.0 % sparse: not in the store yet",)
    (axes,) = panels(found).values()
    assert str(lines(axes)["classifier"][1][1]) == "nan", "a gap"


def test_of_many_layers_some_are_named(plan, store, monkeypatch):
    monkeypatch.setattr(layers_by_level, "MOST_NAMED", 1)
    (legend,) = drawn(plan, store).figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [ORDER[0], "whole network"]
