"""Small studies of what the papers leave open: each compiles to what its header says."""

import pytest
from papers_for_tests import papers

SPECS = papers("sensitivity")
BASES = {"_digits", "_convnet"}
STUDIES = sorted(SPECS.names - BASES)


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)


def test_the_last_layer_is_among_them():
    assert {"last-layer", "last-layer-convnet", "norm", "pixels-and-weights", "steps-and-threshold"} <= set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_it_says_in_its_header_what_it_costs(name):
    assert SPECS.said(name) == SPECS.counts(name)
    assert f"lmcspec run specs/sensitivity/{name}.toml" in SPECS.header(name)


def test_a_spared_last_layer_leaves_as_many_weights_in_all():
    left = {name: SPECS.planned("last-layer").levels["", name][-1].density for name in ("pruned", "spared")}
    assert left == pytest.approx({"pruned": 0.035, "spared": 0.035}, abs=5e-4)


def test_every_case_of_what_is_unstated_is_another_training():
    assert SPECS.counts("unstated-training")["train"] == 8 * 3 * 2
