"""What docs/measures.md says of measures, their settings and their numbers holds, and its example is computed as it says."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from lmcspec.catalog import built_in
from lmcspec.science import curves

PAGE = (Path(__file__).parents[1] / "docs" / "measures.md").read_text(encoding="utf-8")
SECTIONS = {
    title.lower().replace(" ", "-"): text
    for title, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
}
ROWS = {
    row[0]: row[1:]
    for row in re.findall(r"^\| `([\w-]+)` \| (.*?) \| (.*?) \|? ?\[[^|]*\]\(#([\w-]+)\) \|$", PAGE, re.M)
}
OF_PARTNERS = dict(
    re.findall(r"^\| `([\w-]+)` \| [^|]* \| ([^|]*) \| \[[^|]*\]\(permutations\.md#[\w-]+\) \|$", PAGE, re.M)
)
"""Their settings; formulas stand on the page of permutations."""
COMMON = {"kind", "networks", "levels", "evaluate"}
"""What the text says of all."""
NUMBERS = {
    "accuracy": ("accuracy", "loss"),
    "matching": ("mean(dense) - s(dense)",),
    "set-accuracy": ("accuracy",),
    "stability": ("instability", "barrier", "midpoint"),
    "distance": ("distance", "from-start", "angle"),
    "landscape": ("centre/train-loss", "residual"),
    "hessian": ("mean", "std", "mean-magnitude", "trace", "entry-error"),
    "masks": ("1 - survivors / weights",),
    "overlap": ("overlap", "overlap-by-chance", "overlap-of-either", "deviations"),
}
"""What each is called in results, or the formula where it has no name of its own."""


def test_what_it_lists_are_measures():
    """One that is new has a row when somebody writes of it."""
    assert NUMBERS.keys() <= ROWS.keys()
    assert ROWS.keys() | OF_PARTNERS.keys() <= built_in("measure").keys()


@pytest.mark.parametrize("kind", OF_PARTNERS)
def test_a_measure_of_partners_has_its_settings(kind):
    config = built_in("measure")[kind].config
    assert {*re.findall(r"`(\w+)`", OF_PARTNERS[kind])} == set(config.model_fields) - COMMON


@pytest.mark.parametrize("kind", ROWS)
def test_a_measure_has_its_settings_and_a_section_with_its_formula(kind):
    card = built_in("measure")[kind]
    _, settings, place = ROWS[kind]
    assert {*re.findall(r"`(\w+)`", settings)} == set(card.config.model_fields) - COMMON
    assert all(number in SECTIONS[place] for number in NUMBERS.get(kind, ()))
    if card.metrics.fixed:
        known_by = card.known_by(SimpleNamespace(split=("test",), bn=("average",)))
        said = known_by.name if known_by.quantity not in ("accuracy",) else "`accuracy`"  # of whichever split
        assert said in SECTIONS[place]


def test_every_number_of_a_path_by_hand():
    table = SECTIONS["instability-and-barriers"]
    positions, values = (
        [float(cell) for cell in re.search(rf"^\| {name} \|(.*)\|$", table, re.M).group(1).split("|")] for name in "αE"
    )
    said = dict(re.findall(r"(instability|barrier|midpoint) (-?[\d.]+) \(", table))
    assert curves.instability(values) == pytest.approx(float(said["instability"]))
    assert curves.barrier(values, positions) == pytest.approx(float(said["barrier"]))
    assert curves.midpoint_barrier(values, positions) == pytest.approx(float(said["midpoint"]), abs=1e-12)


def test_what_the_page_says_of_signs():
    falling = [0.3, 0.2, 0.1]
    assert curves.instability(falling) == pytest.approx(0.1), "half the difference of the ends"
    assert curves.barrier(falling, (0, 0.5, 1)) == 0
    assert curves.midpoint_barrier([0.3, 0.1, 0.1], (0, 0.5, 1)) < 0
